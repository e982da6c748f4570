"""Block formats against the gguf package's dequantisation, their packed order and size, what is refused."""

from dataclasses import replace

import gguf
import hypothesis
from hypothesis import strategies as st
import numpy as np
import pytest

from host.errors import CelosiaError
from host.gguf.model import load
from host.gguf.opening import SUPPORTED_TYPES
from gateware.isa import CodeKind, Scale
from host.image.formats import (FORMATS, dequantised, from_sub_vectors, from_trit_bytes,
                                sub_vectors, trit_bytes)
from host.image.planes import from_planes, to_planes
from host.gguf.tensor import FLOAT_TYPES, SCALE_FIELDS, Tensor
from host.gguf.tensor_type import TENSOR_TYPES

EXACT = [name for name in FORMATS if name not in FLOAT_TYPES]
SUB_FORMATS = [name for name in FORMATS if FORMATS[name].sub_bits]

# Zero, least and greatest subnormal, least and greatest normal, one; both signs.
CORNER_SCALES = [sign | bits for bits in (0, 1, 0x3FF, 0x400, 0x7BFF, 0x3C00) for sign in (0, 0x8000)]
BUS_BYTES = 16


def make_tensor(name, raw):
    """Tensor over uint8 (rows, bytes of a row)."""
    block, size = TENSOR_TYPES[name].block, TENSOR_TYPES[name].block_bytes
    return Tensor("w", (len(raw), raw.shape[1] // size * block), name, raw)


def set_scales(name, raw, draw):
    """Make random bytes legal: finite scales, each from ``draw(shape)``, and no reserved code."""
    blocks = raw.reshape(len(raw), -1, TENSOR_TYPES[name].block_bytes)
    for at in SCALE_FIELDS[name]:
        blocks[:, :, at:at + 2] = draw(blocks.shape[:2]).astype("<u2")[:, :, None].view(np.uint8)
    if name == "MXFP4":
        blocks[:, :, 0] = np.minimum(blocks[:, :, 0], 254)
    if name == "NVFP4":
        blocks[:, :, :4] %= 127
    if name == "TQ2_0":
        codes = blocks[:, :, :64]
        codes &= ~((codes & codes >> 1 & 0x55) << 1)
    return raw


def random_tensor(name, rows, columns, seed=0):
    random = np.random.default_rng(seed)
    kind = TENSOR_TYPES[name]
    raw = random.integers(0, 256, (rows, columns // kind.block * kind.block_bytes), np.uint8)

    def scales(shape):
        bits = random.integers(0, 0x7C00, shape) | random.integers(0, 2, shape) << 15
        return np.where(random.integers(0, 4, shape) == 0, random.choice(CORNER_SCALES, shape), bits)

    return make_tensor(name, set_scales(name, raw, scales))


def assert_as_package(tensor):
    """The package's values are ours, rounded to float32 once; without a minimum nothing needs rounding."""
    form = FORMATS[tensor.ggml_type]
    blocks = form.split(tensor, slice(None))
    values = dequantised(blocks, form)
    with np.errstate(over="ignore"):
        expected = tensor.dequantise()
        rounded = values.astype(np.float32)
    assert values.dtype == np.float64 and values.shape == expected.shape
    assert np.array_equal(rounded, expected)
    if not form.minimum:
        finite = np.isfinite(expected)
        assert np.array_equal(values[finite], expected[finite])
    return blocks


@pytest.mark.parametrize("name", EXACT)
def test_random_blocks(name):
    form = FORMATS[name]
    blocks = assert_as_package(random_tensor(name, 64, 1024))
    supers = 32 // form.super_vectors * (2 if name == "NVFP4" else 1)
    assert blocks.codes.shape == (64, 32, 32) and blocks.codes.dtype == np.int16
    assert blocks.scale.shape == (64, supers)
    assert blocks.scale.dtype == {Scale.FP16: np.uint16, Scale.POWER: np.int8, Scale.UE4M3: np.uint8}[form.scale_kind]
    assert (blocks.minimum is not None) == form.minimum
    if form.minimum:
        assert blocks.minimum.shape == (64, supers) and blocks.minimum.dtype == np.uint16
    assert (blocks.sub_scales is not None) == bool(form.sub_bits)
    assert (blocks.sub_minimums is not None) == (form.minimum and bool(form.sub_bits))
    for subs in (blocks.sub_scales, blocks.sub_minimums):
        if subs is not None:
            assert subs.shape == (64, 32, 32 // form.sub_codes) and subs.dtype == np.int16
            # So many random ones reach both ends.
            assert (subs.min(), subs.max()) == form.sub_range
    numbers = blocks.codes if form.table is None else np.array(form.table)[blocks.codes]
    lowest, highest = form.code_range
    # The bit pairs of TQ2_0 leave out -2.
    assert (numbers.min(), numbers.max()) == (-1 if name == "TQ2_0" else lowest, highest)


@st.composite
def tensors(draw, name):
    """One block of any bytes or of one byte throughout, with corner scales or any."""
    size = TENSOR_TYPES[name].block_bytes
    content = draw(st.binary(min_size=size, max_size=size)
                   | st.integers(0, 255).map(lambda byte: bytes([byte]) * size))
    bits = st.sampled_from(CORNER_SCALES) | st.integers(0, 0x7BFF) | st.integers(0x8000, 0xFBFF)
    raw = np.frombuffer(content, np.uint8).reshape(1, size).copy()
    return make_tensor(name, set_scales(name, raw, lambda shape: np.full(shape, draw(bits))))


@pytest.mark.parametrize("name", EXACT)
@hypothesis.settings(max_examples=60)
@hypothesis.given(data=st.data())
def test_corner_blocks(name, data):
    tensor = data.draw(tensors(name))
    tensor.check_values("file")
    assert_as_package(tensor)


@pytest.mark.parametrize("name", EXACT)
def test_zero_blocks(name):
    size = TENSOR_TYPES[name].block_bytes
    blocks = assert_as_package(make_tensor(name, np.zeros((2, 3 * size), np.uint8)))
    # Byte 0 of MXFP4 is the least power of two; the scale of Q2_0 is the negative of the block's.
    scales = blocks.scale & 0x7FFF if name == "Q2_0" else blocks.scale
    assert name == "MXFP4" or not scales.any()


def test_every_byte_of_tq1_0():
    raw = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 54, axis=1)
    raw[:, 52:] = np.frombuffer(np.float16(1).tobytes(), np.uint8)
    codes = assert_as_package(make_tensor("TQ1_0", raw)).codes
    # What a quantiser writes for five trits: the number that they make, as a fraction of 256 rounded up.
    numbers = np.arange(243)
    digits = numbers[:, None] // 3 ** np.arange(4, -1, -1) % 3 - 1
    assert np.array_equal(codes[-(-numbers * 256 // 243)][:, :5, 0], digits)


def test_every_exponent_of_mxfp4():
    raw = np.zeros((255, 17), np.uint8)
    raw[:, 0] = np.arange(255)
    raw[:, 1:] = np.arange(16) * 17
    blocks = assert_as_package(make_tensor("MXFP4", raw))
    assert np.array_equal(blocks.scale[:, 0], np.arange(-128, 127))
    # e2m1 has 0.5 as its least number and 6 as its greatest: the table holds them doubled.
    values = dequantised(blocks, FORMATS["MXFP4"])[127]
    assert (values[1], values[7], values[9], values[15]) == (0.5, 6, -0.5, -6)


@pytest.mark.parametrize("name", ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "MXFP4"])
def test_as_the_package_quantises(name):
    values = np.random.default_rng(3).standard_normal((8, 512)).astype(np.float32)
    assert_as_package(make_tensor(name, gguf.quants.quantize(values, gguf.GGMLQuantizationType[name])))


@pytest.mark.parametrize("name", FORMATS)
def test_rows(name):
    tensor = random_tensor(name, 7, 512) if name in EXACT else float_tensor(name, seed=4)
    form = FORMATS[name]
    whole = dequantised(form.split(tensor, slice(None)), form)
    assert np.array_equal(dequantised(form.split(tensor, slice(2, 5)), form), whole[2:5])
    assert np.array_equal(dequantised(form.split(tensor, np.array([6, 0, 6])), form), whole[[6, 0, 6]])


def float_tensor(name, seed, columns=100):
    """Numbers of all sizes, a vector of zeros and one of subnormals among them; rows may end in a part."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((40, columns)) * 2.0 ** random.integers(-20, 15, (40, 1))
    values[7, :32] = 0
    values[8, 32:64] = 2.0 ** -140 if name != "F16" else 2.0 ** -24
    kind = gguf.GGMLQuantizationType[name]
    raw = gguf.quants.quantize(np.clip(values, -65000, 65000).astype(np.float32), kind).view(np.uint8)
    return make_tensor(name, raw)


def assert_rounded(tensor):
    """W16: within half a step of the largest element's 2**-14, or clamped to the largest code."""
    form = FORMATS[tensor.ggml_type]
    blocks = form.split(tensor, slice(None))
    values = tensor.dequantise(dtype=np.float64)
    columns = values.shape[1]
    step = np.repeat(np.ldexp(1.0, blocks.scale), 32, axis=1)[:, :columns]
    found = dequantised(blocks, form)
    assert not found[:, columns:].any()
    error = np.abs(found[:, :columns] - values)
    largest = np.abs(blocks.codes.reshape(len(values), -1)[:, :columns]) == 2**15 - 1
    subnormal = np.abs(values) < 2.0 ** -126
    assert np.all((error <= step / 2) | largest & (error < step) | subnormal)
    peaks = np.abs(blocks.codes.astype(int)).max(axis=2)
    assert np.all((peaks >= 2**14) | (blocks.scale == -128))


@pytest.mark.parametrize("name", FLOAT_TYPES)
def test_floats(name):
    assert_rounded(float_tensor(name, seed=5))


@pytest.mark.parametrize("name", FLOAT_TYPES)
def test_floats_that_fit_are_kept(name):
    values = np.random.default_rng(6).integers(-127, 128, (4, 96)).astype(np.float32) / 64
    tensor = make_tensor(name, gguf.quants.quantize(values, gguf.GGMLQuantizationType[name]).view(np.uint8))
    assert np.array_equal(dequantised(FORMATS[name].split(tensor, slice(None)), FORMATS[name]), values)


@pytest.mark.parametrize("name, kinds", [
    ("BF16", "BF16"), ("F16", "F16"), ("IQ4_NL", "IQ4_NL"), ("MXFP4_MOE", "Q8_0"), ("Q2_K", "Q2_K Q3_K"),
    ("Q3_K_M", "Q3_K Q4_K Q5_K"), ("Q4_0", "Q4_0"), ("Q4_1", "Q4_1"), ("Q4_K_M", "Q4_K Q6_K"),
    ("Q5_0", "Q5_0"), ("Q5_1", "Q5_1"), ("Q5_K_M", "Q5_K Q6_K"), ("Q6_K", "Q6_K"), ("Q8_0", "Q8_0"),
    ("TQ1_0", "TQ1_0"), ("TQ2_0", "TQ2_0"),
])
def test_files(data_dir, name, kinds):
    model = load(data_dir / "formats" / f"tiny-{name}.gguf")
    assert {tensor.ggml_type for tensor in model.tensors.values()} >= set(kinds.split())
    for tensor in model.tensors.values():
        (assert_rounded if tensor.ggml_type in FLOAT_TYPES else assert_as_package)(tensor)


@pytest.mark.parametrize("name", EXACT)
def test_stream_and_back(name):
    form = FORMATS[name]
    blocks = form.split(random_tensor(name, 5, 2048, seed=7), slice(None))
    if form.code_kind is CodeKind.TRITS:
        codes = from_trit_bytes(trit_bytes(blocks.codes), 64)
    else:
        codes = from_planes(to_planes(blocks.codes, form.code_bits), form.code_bits)
        if form.code_kind is not CodeKind.SIGNED:
            codes &= (1 << form.code_bits) - 1
    assert np.array_equal(codes, blocks.codes)
    if form.sub_bits:
        stream = from_planes(to_planes(sub_vectors(blocks, form), form.sub_bits), form.sub_bits)
        sub_scales, sub_minimums = from_sub_vectors(stream, form, 64)
        assert np.array_equal(sub_scales, blocks.sub_scales)
        assert (sub_minimums is None) == (blocks.sub_minimums is None)
        assert sub_minimums is None or np.array_equal(sub_minimums, blocks.sub_minimums)


@pytest.mark.parametrize("name", SUB_FORMATS)
def test_order_of_sub_scales(name):
    form = FORMATS[name]
    blocks = form.split(random_tensor(name, 2, 768, seed=8), slice(None))
    for row, stream in enumerate(sub_vectors(blocks, form)):
        expected = []
        for start in range(0, 24, 8):
            for subs in (blocks.sub_scales, blocks.sub_minimums):
                if subs is not None:
                    expected += [sub for vector in subs[row, start:start + 8] for sub in vector]
        stream = stream.reshape(-1)
        assert len(stream) % 32 == 0 and len(stream) - len(expected) < 32
        assert list(stream) == expected + [0] * (len(stream) - len(expected))


def test_no_sub_scales():
    form = FORMATS["Q4_1"]
    assert sub_vectors(form.split(random_tensor("Q4_1", 3, 64), slice(None)), form).shape == (3, 0, 32)


@pytest.mark.parametrize("name", FORMATS)
def test_packed_size(name):
    form = FORMATS[name]
    tensor = random_tensor(name, 2, 2048) if name in EXACT else float_tensor(name, seed=9, columns=2048)
    blocks = form.split(tensor, slice(None))
    scales = blocks.scale.nbytes + (blocks.minimum.nbytes if form.minimum else 0)
    subs = to_planes(sub_vectors(blocks, form), form.sub_bits).nbytes if form.sub_bits else 0
    trits = form.code_kind is CodeKind.TRITS
    codes = trit_bytes(blocks.codes) if trits else to_planes(blocks.codes, form.code_bits)
    # The worst case: each part padded to a bus word by itself.
    parts = (part // len(tensor.raw) for part in (scales, subs, codes.nbytes))
    packed = sum(-(-part // BUS_BYTES) * BUS_BYTES for part in parts)
    assert packed <= 1.02 * tensor.raw.shape[1]


@pytest.mark.parametrize("vectors", [1, 4, 5, 13, 64])
def test_trit_bytes(vectors):
    codes = np.random.default_rng(vectors).integers(-1, 2, (3, vectors, 32)).astype(np.int16)
    groups = -(-vectors // 5)
    data = trit_bytes(codes)
    assert data.shape == (3, 32 * groups) and data.dtype == np.uint8
    padded = np.zeros((3, 5 * groups, 32), int)
    padded[:, :vectors] = codes
    for row in range(3):
        for group in range(groups):
            five = padded[row, 5 * group:5 * group + 5] + 1
            for run in range(4):
                for j in range(8):
                    digits = [*five[run, 4 * j:4 * j + 4], five[4, 8 * run + j]]
                    assert data[row, 32 * group + 8 * run + j] == sum(
                        digit * 3**k for k, digit in enumerate(digits))
    assert np.array_equal(from_trit_bytes(data, vectors), codes)


@pytest.mark.parametrize("code, byte", [(-1, 0), (0, 121), (1, 242)])
def test_equal_trits(code, byte):
    assert np.all(trit_bytes(np.full((1, 5, 32), code, np.int16)) == byte)


def message(tensor):
    with pytest.raises(CelosiaError) as caught:
        tensor.check_values("model.gguf")
    return str(caught.value)


@pytest.mark.parametrize("name, what, at", [
    (name, what, at)
    for name, fields in SCALE_FIELDS.items() for what, at in zip(("scale", "minimum"), fields)])
@pytest.mark.parametrize("value, word", [(np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf")])
def test_bad_scale(name, what, at, value, word):
    tensor = random_tensor(name, 9, 1024)
    tensor.check_values("model.gguf")
    start = 3 * tensor.block_bytes + at
    tensor.raw[6, start:start + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)
    assert message(tensor) == f"model.gguf: tensor 'w': {what} of row 6, block 3 is {word}"
    found = getattr(FORMATS[name].split(tensor, slice(None)), what)[6, 3].view(np.float16)
    assert np.array_equal(abs(found), abs(np.float16(value)), equal_nan=True)


def test_every_scale_is_checked():
    assert set(SUPPORTED_TYPES) == set(FORMATS) and set(SCALE_FIELDS) == set(EXACT)
    for name, fields in SCALE_FIELDS.items():
        form = FORMATS[name]
        assert len(fields) == (form.scale_kind is Scale.FP16) + form.minimum


@pytest.mark.parametrize("byte", [127, 128, 255])
@pytest.mark.parametrize("at", range(4))
def test_bad_ue4m3(byte, at):
    """NaN, and what has a sign."""
    tensor = random_tensor("NVFP4", 9, 1024)
    tensor.raw[6, 3 * 36 + at] = byte
    assert message(tensor) == "model.gguf: tensor 'w': scale of row 6, block 3 is nan"


def test_every_scale_of_nvfp4():
    """Powers of two over eight steps, and subnormals: half of 2**-9 is the least, half of 448 the largest."""
    raw = np.zeros((127, 36), np.uint8)
    raw[:, :4] = np.arange(127)[:, None]
    raw[:, 4:] = 0x72  # 1 and 6
    values = dequantised(assert_as_package(make_tensor("NVFP4", raw)), FORMATS["NVFP4"])
    assert values[:, 0].tolist()[:10] == [step * 2.0**-9 for step in range(10)]
    assert (values[56, 0], values[126, 0], values[126, 8]) == (1, 448, 6 * 448)


def test_bad_exponent(write_gguf):
    tensor = random_tensor("MXFP4", 9, 1024)
    tensor.raw[6, 3 * 17] = 255
    assert message(tensor) == "model.gguf: tensor 'w': scale of row 6, block 3 is nan"
    path = write_gguf(ggml_type="MXFP4")
    for matrix in load(path).tensors.values():
        if matrix.ggml_type == "MXFP4":
            assert_as_package(matrix)
    path = write_gguf(tensors={"blk.0.ffn_down.weight": (np.full((32, 34), 255, np.uint8), "MXFP4")})
    with pytest.raises(CelosiaError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: tensor 'blk.0.ffn_down.weight': scale of row 0, block 0 is nan"


@pytest.mark.parametrize("byte", [0, 40, 63])
@pytest.mark.parametrize("shift", [0, 2, 4, 6])
def test_reserved_code(byte, shift):
    tensor = random_tensor("TQ2_0", 9, 1024)
    tensor.raw[6, 2 * 66 + byte] |= 3 << shift
    assert message(tensor) == "model.gguf: tensor 'w': a code of row 6, block 2 is 3, which is reserved"
    with pytest.raises(ValueError) as caught:
        FORMATS["TQ2_0"].split(tensor, slice(5, 7))
    assert str(caught.value) == "Codes of TQ2_0 tensor 'w' must be 0..2, not 3"


def test_bad_block_far_down():
    raw = np.zeros((10000, 8 * 66), np.uint8)  # more than is read at once
    raw[9876, 5 * 66] = 0xC0
    assert message(make_tensor("TQ2_0", raw)) == (
        "model.gguf: tensor 'w': a code of row 9876, block 5 is 3, which is reserved")


@pytest.mark.parametrize("name, changes, text", [
    ("Q4_0", {"code_bits": 0}, "Code width of Q4_0 must be 1..16, not 0"),
    ("Q4_0", {"code_bits": 17}, "Code width of Q4_0 must be 1..16, not 17"),
    ("Q4_1", {"code_bits": 1}, "Codes of one bit in Q4_1 must be of kind SIGNED, not UNSIGNED"),
    ("NVFP4", {"super_vectors": 2}, "Vectors that share a scale in NVFP4 must be 1, not 2"),
    ("Q4_0", {"code_kind": CodeKind.TABLE},
     "Table of Q4_0 must be given for codes of kind TABLE and for no others, not None for TABLE"),
    ("Q4_0", {"table": (0,)},
     "Table of Q4_0 must be given for codes of kind TABLE and for no others, not (0,) for SIGNED"),
    ("MXFP4", {"table": (0, 1)},
     "Table of MXFP4 must be 16 numbers -128..127 for codes of 4 bits, not (0, 1) for 4"),
    ("MXFP4", {"table": (128,) * 16},
     f"Table of MXFP4 must be 16 numbers -128..127 for codes of 4 bits, not {(128,) * 16} for 4"),
    ("TQ1_0", {"code_bits": 3}, "Code width of trits must be 2, not 3"),
    ("Q4_K", {"super_vectors": 3}, "Vectors that share a scale in Q4_K must be 1, 2, 4 or 8, not 3"),
    ("Q4_K", {"sub_bits": 5}, "Sub-scale width of Q4_K must be 0, 4, 6 or 8, not 5"),
    ("Q4_K", {"sub_codes": 8}, "Codes that share a sub-scale in Q4_K must be 16 or 32, not 8"),
])
def test_contradictions(name, changes, text):
    with pytest.raises(ValueError) as caught:
        replace(FORMATS[name], **changes)
    assert str(caught.value) == text
