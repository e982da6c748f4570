"""Codes of the KV cache: what the instructions that store a vector make of it, and its bytes in memory."""

from hypothesis import HealthCheck, given, settings, strategies
from hypothesis.extra import numpy as arrays
import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.exact.vector_pass import reduce_largest, reduce_max, reduce_sum, stored_integers, vector_pass
from gateware.isa import Reduce, Sink, Source
from host.compiler.compiled import compile_model
from host.engine.model_engine import ModelEngine
from host.gguf.model import load
from host.image.cache_codes import from_elements, to_elements
from host.image.header import Header
from host.image.image import build_image

REDUCTIONS = {Reduce.SUM: reduce_sum, Reduce.MAX: reduce_max, Reduce.LARGEST: reduce_largest}
LARGEST = np.finfo(np.float32).max


@pytest.fixture
def micro(write_gguf):
    """Function of the bits of a code to the compiled micro model."""
    model = load(write_gguf())
    return lambda kv_bits, config="micro": compile_model(model, CONFIGS[config], 16, kv_bits=kv_bits)


@pytest.fixture
def encode(micro):
    """Function (vector, bits of a code) to codes and scale, by the instructions of the compiled program."""
    programs = {bits: [i for i in micro(bits).program if i.label.startswith("blk.0.kv.1.key.")] for bits in (8, 4)}

    def run(x, kv_bits):
        scalars = {}
        for i in programs[kv_bits]:
            a = scalars[i.a] if i.a_source == Source.SCALAR else x
            b, c = (scalars[getattr(i, name)] if getattr(i, f"{name}_source") == Source.SCALAR
                    else np.uint32(getattr(i, name)).view(np.float32) for name in "bc")
            result = np.atleast_1d(vector_pass(a, b, c, i.function))
            if i.reduce != Reduce.NONE:
                scalars[i.reduce_destination] = REDUCTIONS[i.reduce](result)
        assert i.sink == Sink.STORE and i.code_bits == kv_bits
        return stored_integers(result, kv_bits), scalars[i.reduce_destination]
    return run


@pytest.mark.parametrize("kv_bits", [8, 4])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it keeps no state
@given(x=arrays.arrays(np.float32, 8, elements=strategies.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_codes_are_the_nearest(encode, kv_bits, x):
    """Of subnormals and zeros, of numbers up to the largest, and of ties."""
    limit = 2**(kv_bits - 1) - 1
    with np.errstate(all="ignore"):
        codes, scale = encode(x, kv_bits)
    flushed = np.where(np.abs(x) < 2.0**-126, 0, x).astype(np.float64)
    largest = np.abs(flushed).max()
    assert np.isfinite(scale) and scale >= 2.0**-126
    assert scale == pytest.approx(largest / limit + 2.0**-126, rel=2.0**-22)
    assert np.abs(codes).max() <= limit
    if largest > 2.0**-100:
        assert np.abs(codes).max() == limit
    assert (np.abs(codes * np.float64(scale) - flushed) <= (0.5 + limit * 2.0**-21) * scale).all()


@pytest.mark.parametrize("kv_bits", [8, 4])
def test_corner_values(encode, kv_bits):
    limit = 2**(kv_bits - 1) - 1

    def codes(*values):
        with np.errstate(all="ignore"):
            return encode(np.array(values, np.float32), kv_bits)[0].tolist()

    assert codes(0, -0.0, 1e-40, -1e-45) == [0, 0, 0, 0]
    assert codes(LARGEST, -LARGEST, 0, 1) == [limit, -limit, 0, 0]
    assert codes(limit, 0.5, 1.5, -2.5) == [limit, 0, 2, -2]  # ties go to even
    assert codes(2.0**-126, 0, 0, 0)[0] in (0, 1)
    assert codes(np.inf, 1, -1, 0)[0] == limit
    assert np.array_equal(stored_integers(np.float32([np.inf, -np.inf, 1e9, -200]), kv_bits),
                          [limit, -limit, limit, -min(limit, 200)])


@pytest.mark.parametrize("code_bits", [16, 8, 4])
def test_elements_are_reversible(code_bits):
    limit = (1 << code_bits - 1) - 1
    codes = np.random.default_rng(code_bits).integers(-limit, limit + 1, (3, 64))
    data = np.stack([to_elements(row, code_bits).view(np.uint8) for row in codes])
    assert data.shape == (3, 8 * code_bits)
    assert np.array_equal(from_elements(data, code_bits), codes)


def test_the_first_code_of_a_pair_is_in_the_lower_half():
    assert to_elements(np.array([1, -2, 7, 0]), 4).tolist() == [0xE1, 0x07]


@pytest.mark.parametrize("config", ["sim-narrow", "sim-wide"])
def test_the_image_says_its_bits_and_its_cache_shrinks_with_them(micro, config):
    for kv_bits in (16, 8, 4):
        image = build_image(micro(kv_bits, config))
        assert Header.unpack(image.memory.tobytes()).kv_bits == kv_bits
        regions = image.compiled.placement.map.regions
        # Rows of K are filled up to 32 codes and a bus word, those of V to 32 positions.
        assert len(regions["blk.0.kv.0.key"]) == 16 * max(4 * kv_bits, CONFIGS[config].memory.bus_bytes)
        assert len(regions["blk.0.kv.0.value"]) == 8 * 32 * kv_bits // 8
    assert len({build_image(micro(kv_bits, config)).header.crc for kv_bits in (16, 8, 4)}) == 3


@pytest.mark.parametrize("kv_bits", [8, 4])
def test_a_vector_of_zeros(micro, kv_bits):
    """Weights that make K and V zero leave zeros in the cache, a scale that is a number, and finite logits."""
    compiled = micro(kv_bits)
    image = build_image(compiled)
    place = compiled.placement
    for name in ("attn_k", "attn_v"):
        region = place.map.regions[f"blk.0.{name}.weight"]
        image.memory[region.start:region.stop] = 0
    engine = ModelEngine(image)
    assert np.isfinite(engine.extend([1, 5, 9])).all()
    for what in ("key", "value"):
        region = place.map.regions[f"blk.0.kv.0.{what}"]
        assert not image.memory[region.start:region.stop].any()
        region = place.map.regions[f"blk.0.kv.0.{what}_scale"]
        assert (image.memory[region.start:region.start + 12].view("<f4") == 2.0**-126).all()


def test_other_widths_are_refused(micro):
    with pytest.raises(ValueError, match="^Bits of a code in the KV cache must be 16, 8 or 4, not 6$"):
        micro(6)
