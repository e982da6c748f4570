"""Prompts in groups, drafts and tokens one by one: the same bits; and what a generation counts."""

from dataclasses import replace

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.text import tokenizer
from host.compiler.compiled import compile_model
from host.engine.model_engine import ModelEngine
from host.engine.rows import Rows
from host.engine.engines import open_engine
from host.text.generation import Generation, StopReason
from host.gguf.model import load
from host.image.image import build_image
from host.text.sampler import Sampler
from host.text.step_cost import StepCost, costs_of
from host.engine.rtl_engine import RtlEngine

MICRO = CONFIGS["micro"]
SHAPES = [
    MICRO,
    MICRO.changed(dot={"columns": 3, "slots": 1}, vector={"scratchpad": 2048}),
    MICRO.changed(dot={"lanes": 16, "columns": 2, "slots": 2}, vector={"lanes": 8, "scratchpad": 2048},
                  memory={"bus_bits": 128}),
    MICRO.changed(dot={"lanes": 32, "columns": 1, "slots": 8}, vector={"lanes": 4, "scratchpad": 4096},
                  memory={"bus_bits": 256}),
]
TWO_OF_TWO = MICRO.changed(dot={"columns": 2, "slots": 2}, vector={"scratchpad": 2048})
IDS = [int(token) for token in np.arange(37) * 11 % 272]


def speculated(engine, ids, seed):
    """Logits of a text of which groups are drafted, right up to a random place; rejected drafts are set back."""
    random, rows = np.random.default_rng(seed), []
    while len(rows) < len(ids):
        known = ids[len(rows):len(rows) + engine.group]
        right = int(random.integers(1, len(known) + 1))
        fed = known[:right] + [(token + 1) % 272 for token in known[right:]]
        logits = engine.extend(fed)
        rows.extend(logits[:right])
        engine.position = len(rows)
    return np.stack(rows)


def image_of(path, config, kv_bits=16):
    return build_image(compile_model(load(path), config, 40, kv_bits=kv_bits))


@pytest.mark.parametrize("kv_bits", [16, 8, 4])
def test_logits_are_the_same_bits_on_the_golden_model(write_gguf, kv_bits):
    """One by one, in groups, after a prompt, and verified speculatively, with any lanes and columns."""
    path = write_gguf(metadata={"llama.context_length": 40})
    one_by_one = ModelEngine(image_of(path, MICRO, kv_bits))
    expected = np.stack([one_by_one.step(token) for token in IDS])
    for config in SHAPES if kv_bits == 16 else SHAPES[1::2]:
        engine = ModelEngine(image_of(path, config, kv_bits))
        assert engine.group == config.dot.logical_columns
        assert engine.extend(IDS).tobytes() == expected.tobytes()
        for count in (1, 2, 5, len(IDS)):
            engine.reset()
            assert engine.extend(IDS[:count], rows=Rows.LAST).tobytes() == expected[count - 1:count].tobytes()
        for seed in range(3):
            engine.reset()
            assert speculated(engine, IDS, seed).tobytes() == expected.tobytes()


@pytest.mark.parametrize("kv_bits, config", [
    (16, MICRO), (4, MICRO), (16, TWO_OF_TWO), (8, TWO_OF_TWO), (4, TWO_OF_TWO)],
    ids=lambda value: value if isinstance(value, int) else f"{value.dot.columns}x{value.dot.slots}")
def test_logits_are_the_same_bits_on_the_gateware(write_gguf, kv_bits, config):
    path = write_gguf(metadata={"llama.context_length": 40})
    one_by_one = ModelEngine(image_of(path, MICRO, kv_bits))
    expected = np.stack([one_by_one.step(token) for token in IDS])
    engine = RtlEngine(image_of(path, config, kv_bits))
    assert engine.simulation.single_pass
    assert engine.extend(IDS[:9], rows=Rows.LAST).tobytes() == expected[8].tobytes()
    engine.reset()
    assert speculated(engine, IDS, 4).tobytes() == expected.tobytes()
    engine.reset()
    assert np.stack([engine.step(token) for token in IDS[:5]]).tobytes() == expected[:5].tobytes()


@pytest.mark.parametrize("config", ["sim-wide", "sim-columns"])
def test_stories260k_in_groups_and_with_drafts(data_dir, config):
    model = load(data_dir / "stories260K" / "stories260K.gguf")
    ids = tokenizer.load(model).encode("Once upon a time, there was a little girl")
    one_by_one = open_engine("model", model, config=CONFIGS["sim"], context=64)
    expected = np.concatenate([one_by_one.extend([token], rows=Rows.ALL) for token in ids])
    engine = open_engine("model", model, config=CONFIGS[config], context=64)
    assert engine.extend(ids, rows=Rows.ALL).tobytes() == expected.tobytes()
    assert np.stack(list(engine.read(ids))).tobytes() == expected.tobytes()
    rows = list(engine.read(ids, start=5))
    assert rows[:5] == [None] * 5 and np.stack(rows[5:]).tobytes() == expected[5:].tobytes()
    engine.reset()
    assert speculated(engine, ids, 1).tobytes() == expected.tobytes()


@pytest.fixture
def generation(write_gguf):
    """Function (prompt, **options) -> a finished `Generation` of the micro model; eight logical columns."""
    model = load(write_gguf())
    words = tokenizer.load(model)

    def run(prompt, *, engine="model", sampler=None, **options):
        opened = open_engine(engine, model, config=SHAPES[3])
        result = Generation(opened, words, sampler or Sampler(), prompt=prompt, **options)
        assert "".join(result) == result.text
        return result
    return run


def test_a_prompt_goes_through_in_groups(generation):
    steps = generation("x" * 17, tokens=3).steps  # BOS and the space make it 19 tokens
    assert [(step.fed, step.prefill, step.generated) for step in steps] == [
        (8, True, 0), (8, True, 0), (3, True, 1), (1, False, 1), (1, False, 1)]


@pytest.mark.parametrize("options", [
    {"tokens": 12}, {}, {"tokens": 12, "sampler": lambda: Sampler(0.05, 3)},
    {"tokens": 12, "sampler": lambda: Sampler(0, repeat_penalty=1.1)}], ids=["tokens", "context", "sampled", "penalty"])
@pytest.mark.parametrize("engine", ["model", "float"])
def test_drafts_do_not_change_the_text(generation, options, engine):
    """The same tokens and the same reason to stop; a draft is never longer than what is wanted or has room."""
    def run(speculate):
        sampler = options["sampler"]() if "sampler" in options else None
        return generation("a lost a lost a lost a", engine=engine, speculate=speculate,
                          **options | {"sampler": sampler})

    plain, drafted = run(0), run(7)
    assert (drafted.ids, drafted.text) == (plain.ids, plain.text)
    assert drafted.stop_reason == plain.stop_reason
    assert sum(step.drafted for step in drafted.steps) > 0 == sum(step.drafted for step in plain.steps)
    assert sum(step.generated for step in drafted.steps) == len(drafted.ids)
    assert len(drafted.steps) <= len(plain.steps)


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_a_stop_text_within_accepted_drafts(generation, stop_after):
    """Tokens that came of the same pass, but after the stop text, are not counted."""
    plain = generation("a lost", tokens=14)
    words = plain.text[len("a lost"):]
    stops = [words[-stop_after:]]
    expected, found = (generation("a lost", tokens=30, stops=stops, speculate=speculate) for speculate in (0, 7))
    assert found.stop_reason == expected.stop_reason == StopReason.STOP
    assert (found.ids, found.text) == (expected.ids, expected.text)


def test_more_drafts_than_columns_are_clipped(generation):
    assert generation("a", tokens=1, speculate=100).speculate == 7
    assert generation("a", tokens=1, speculate=3).speculate == 3


def test_costs():
    """A prompt of six tokens in two groups, then two steps with drafts, of which two are accepted."""
    steps = [StepCost(1.0, 400, 100, fed=4, prefill=True), StepCost(1.0, 320, 80, fed=2, prefill=True, generated=1),
             StepCost(1.0, 500, 200, fed=4, generated=3, drafted=3),
             StepCost(2.0, 300, 200, fed=3, generated=1, drafted=2)]
    assert costs_of(steps, 8) == {
        "prefill_cycles_per_token": 120, "cycles_per_token": 200, "bus_bytes_per_token": 800,
        "bus_bytes_per_cycle": 8, "bus_utilisation": 0.5, "simulated_cycles_per_second": 304,
        "drafted": 5, "accepted": 2, "seconds": 5}
    assert costs_of(steps[:2], 8)["cycles_per_token"] is None
    silent = costs_of([replace(step, cycles=None, bus_beats=None) for step in steps], None)
    assert {name for name, value in silent.items() if value is not None} == {"drafted", "accepted", "seconds"}
