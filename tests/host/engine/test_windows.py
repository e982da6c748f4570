"""Attention within a window, with and without sinks: near to float64, and the same bits however tokens go in groups."""

from dataclasses import replace

import numpy as np
import pytest

from gateware.activity import Counter
from gateware.config import CONFIGS
from gateware.window import Window
from host.compiler.compiled import compile_model
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.engine.rows import Rows
from host.engine.rtl_engine import MemoryTiming, RtlEngine
from host.evaluation.comparison import Comparison
from host.evaluation.verification import verify_engines, verify_groups
from host.gguf.model import load
from host.image.image import build_image

MICRO = CONFIGS["micro"].changed(vector={"scratchpad": 2048})
GROUPS = [
    MICRO.changed(dot={"columns": 3, "slots": 1}, vector={"scratchpad": 4096}),
    MICRO.changed(dot={"lanes": 16, "columns": 2, "slots": 2}, vector={"lanes": 8, "scratchpad": 4096},
                  memory={"bus_bits": 128}),
    MICRO.changed(dot={"lanes": 32, "columns": 1, "slots": 8}, vector={"lanes": 4, "scratchpad": 8192},
                  memory={"bus_bits": 256})]
CONTEXT = 112
IDS = [int(token) for token in np.arange(CONTEXT) * 11 % 272]
SEEN = [(1, 0, 16), (16, 0, 16), (33, 0, 4), (16, 4, 16), (20, 33, 8)]


@pytest.fixture
def windowed(write_gguf):
    """Function (window, sinks) -> a micro model of which every layer has them."""
    def make(window, sinks=0, context=CONTEXT):
        model = load(write_gguf(metadata={"llama.context_length": context, "llama.attention.sliding_window": window}))
        kinds = tuple(replace(kind, sinks=sinks) for kind in model.hyperparameters.kinds)
        return replace(model, hyperparameters=replace(model.hyperparameters, kinds=kinds))
    return make


def image_of(model, config, kv_bits=16, context=CONTEXT):
    return build_image(compile_model(model, config, context, kv_bits=kv_bits))


def one_by_one(model, kv_bits=16):
    engine = ModelEngine(image_of(model, MICRO, kv_bits))
    return np.stack([engine.step(token) for token in IDS])


def drafted(engine, seed):
    """Logits of the text, fed in random groups of which the first tokens are right; others are set back."""
    rng, rows = np.random.default_rng(seed), []
    while len(rows) < len(IDS):
        known = IDS[len(rows):len(rows) + int(rng.integers(1, engine.group + 1))]
        right = int(rng.integers(1, len(known) + 1))
        logits = engine.extend(known[:right] + [(token + 1) % 272 for token in known[right:]])
        rows.extend(logits[:right])
        engine.position = len(rows)
    return np.stack(rows)


@pytest.mark.parametrize("window,sinks,kv_bits", SEEN)
def test_the_same_bits_in_groups_and_with_drafts(windowed, window, sinks, kv_bits):
    model = windowed(window, sinks)
    expected = one_by_one(model, kv_bits)
    ideal = FloatEngine(model).logits(IDS)
    errors = np.sqrt(np.square(expected - ideal).sum(axis=1) / np.square(ideal).sum(axis=1))
    assert errors.max() < {16: 3e-4, 8: 2e-2, 4: 0.4}[kv_bits]
    for seed, config in enumerate(GROUPS):
        engine = ModelEngine(image_of(model, config, kv_bits))
        assert engine.group == config.dot.logical_columns
        assert engine.extend(IDS).tobytes() == expected.tobytes()
        engine.reset()
        assert drafted(engine, seed).tobytes() == expected.tobytes()


def test_a_window_changes_nothing_before_it_is_full(windowed):
    """Bit for bit what a model without one computes, with the same context; then not any more."""
    expected, found = (one_by_one(windowed(window)) for window in (CONTEXT, 40))
    assert expected[:40].tobytes() == found[:40].tobytes()
    assert not (expected[40:] == found[40:]).all(axis=1).any()


def test_no_program_changes_if_no_position_leaves(windowed):
    plain = compile_model(windowed(CONTEXT), MICRO, CONTEXT)
    compiled = compile_model(windowed(64, 3), MICRO, 64)
    assert compiled.windows == set() and compiled.programs == compile_model(windowed(CONTEXT), MICRO, 64).programs
    assert plain.windows == set() and compile_model(windowed(63), MICRO, 64).windows == {Window(63)}


def test_the_cache_is_as_long_as_the_window_and_a_group(windowed):
    """A ring of 64 positions for 16, whatever the context: K of 64 bytes, 8 rows of V, and 8 bytes of scales."""
    for context, positions in ((CONTEXT, 64), (60, 60)):
        place = compile_model(windowed(16), MICRO, context).placement
        sizes = {name.split(".")[-1]: len(region) for name, region in place.map.regions.items() if ".kv." in name}
        assert sizes == {"key": positions * 64, "value": 8 * 128, "key_scale": positions * 4,
                         "value_scale": positions * 4}
    place = compile_model(windowed(16, 4), MICRO, CONTEXT).placement
    assert len(place.map.regions["blk.0.kv.0.key"]) == 96 * 64


def test_a_position_may_be_set_back_as_far_as_a_group_goes(windowed):
    engine = ModelEngine(image_of(windowed(16), MICRO))
    engine.extend(IDS[:100], rows=Rows.NONE)
    message = r"^Position must be 0 or at least 51 after 100 tokens, not 50: what it sees has been overwritten$"
    with pytest.raises(ValueError, match=message):
        engine.position = 50
    engine.position = 51
    with pytest.raises(ValueError, match="at least 51"):
        engine.position = 1
    engine.position = 0
    engine.position = 1
    engine.reset()
    engine.extend(IDS[:64], rows=Rows.NONE)
    engine.position = 1


@pytest.mark.parametrize("window,sinks", [(16, 0), (20, 33)])
def test_comparison_with_the_program_in_float64(windowed, window, sinks):
    """Every instruction: what it adds to the distance is small, and the float64 run of the program is the ideal."""
    comparison = Comparison(image_of(windowed(window, sinks), MICRO))
    ideal = FloatEngine(windowed(window, sinks)).logits(IDS)
    for token, expected in zip(IDS, ideal):
        _model, found = comparison.step(token)
        assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("window,sinks,kv_bits", [(16, 4, 4), (16, 0, 16), (20, 33, 8)])
def test_the_gateware_writes_what_the_model_writes(windowed, window, sinks, kv_bits):
    """Every value of every instruction, token by token, with stalls of the memory."""
    model, config = windowed(window, sinks), CONFIGS["micro"]
    engines = [ModelEngine(image_of(model, config, kv_bits)),
               RtlEngine(image_of(model, config, kv_bits), memory=MemoryTiming(stall_probability=0.2, seed=window))]
    for result in verify_engines(*engines, IDS[0], 100):
        assert result.difference is None, result.label
    assert len(result.ids) == 100


@pytest.mark.parametrize("name", ["micro", "sim-narrow"])
def test_groups_on_the_gateware(windowed, name):
    """All values, and the logits are those of tokens one by one on another configuration; with drafts as well."""
    model, config = windowed(16, 4), CONFIGS[name]
    expected = one_by_one(model)
    engines = [ModelEngine(image_of(model, config)), RtlEngine(image_of(model, config), memory=MemoryTiming(latency=9))]
    assert engines[1].group > 1
    for result in verify_groups(*engines, IDS):
        assert result.difference is None, result.label
    engines[1].reset()
    assert drafted(engines[1], 3).tobytes() == expected.tobytes()


def test_words_that_are_read(windowed):
    """Those of the window and no others: as many as `Compiled.read_bytes` says and the gateware counts. Positions 47,
    79 and 111 read as much as position 15 does: what they see begins or ends with a vector of V. Fetch reads four
    instructions beyond END, which the program does not count."""
    config = CONFIGS["micro"]
    image = image_of(windowed(16), config)
    engine, counts = RtlEngine(image), {}
    for position in range(CONTEXT):
        before = engine.counters()[Counter.READ_BEATS]
        engine.step(0)
        counts[position] = engine.counters()[Counter.READ_BEATS] - before
        assert counts[position] == (image.compiled.read_bytes(position) + 4 * 64) // config.memory.bus_bytes
    assert counts[47] == counts[79] == counts[111] == counts[15]
    # At most a vector more of V, in 8 rows of two heads, and 31 more scales of K and of V for each of four heads of
    # queries; their lines may begin and end within a word.
    most = (2 * 8 * 64 + 4 * 2 * 31 * 4) // config.memory.bus_bytes + 4 * 2
    assert 0 < max(counts.values()) - counts[15] <= most
