"""Packing of tensors and the memory image."""

import zlib

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.dot.exact import unpack_fp16, unpack_power
from gateware.isa import Scale, decode
from host.compiler.compiled import compile_model
from host.errors import CelosiaError
from host.gguf_model import load
from host.image.header import HEADER_BYTES, Header
from host.image.image import build_image, rope_table
from host.image.packed_format import FORMATS
from host.image.planes import from_planes, to_planes
from host.image.row_geometry import RowGeometry
from host.tensor import Tensor


@pytest.mark.parametrize("code_bits", range(2, 17))
def test_planes_are_reversible(code_bits):
    limit = 1 << code_bits - 1
    codes = np.random.default_rng(code_bits).integers(-limit, limit, (3, 5, 32)).astype(np.int16)
    planes = to_planes(codes, code_bits)
    assert planes.shape == (3, 5, 4 * code_bits)
    assert (from_planes(planes, code_bits) == codes).all()


def test_the_first_word_holds_the_least_significant_bits_of_all_lanes():
    codes = np.zeros(32, np.int16)
    codes[0], codes[9] = 1, -2
    assert to_planes(codes, 2).view("<u4").tolist() == [1 << 0, 1 << 9]


@pytest.mark.parametrize("name", ["Q8_0", "Q4_0", "Q6_K"])
def test_block_formats_keep_their_values(name):
    """Codes times scales are what the gguf package dequantises."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    block, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    rng = np.random.default_rng(3)
    raw = rng.integers(0, 256, (4, 2, size), dtype=np.uint8)
    at = 208 if name == "Q6_K" else 0
    raw[:, :, at:at + 2] = rng.uniform(-1, 1, (4, 2, 1)).astype("<f2").view(np.uint8)
    raw[0, 0, at:at + 2] = 1, 0  # the smallest subnormal
    tensor = Tensor("t", (4, 2 * block), name, raw.reshape(4, -1))
    codes, scales = FORMATS[name].split(tensor, slice(None))
    vectors = codes.shape[1]
    if name == "Q6_K":
        mantissa, exponent = unpack_fp16(np.ascontiguousarray(scales[:, :4]).view("<u2"))
        subs = scales[:, 4:].view(np.int8).reshape(4, vectors, 2)
        factor = np.repeat(np.ldexp(mantissa.astype(float), exponent), 8, axis=1)[:, :, None] * subs
        values = codes.reshape(4, vectors, 2, 16) * factor[:, :, :, None]
    else:
        mantissa, exponent = unpack_fp16(np.ascontiguousarray(scales).view("<u2"))
        values = codes * np.ldexp(mantissa.astype(float), exponent)[:, :, None]
    assert (values.reshape(4, -1) == tensor.dequantise(dtype=np.float64)).all()


def test_floats_become_int16_codes_with_a_power_of_two_per_vector():
    values = np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32)
    values[1] = 0
    values[2, :32] *= np.float32(1e-30)
    tensor = Tensor("t", values.shape, "F32", values.view(np.uint8))
    codes, scales = FORMATS["F32"].split(tensor, slice(None))
    assert codes.shape == (3, 2, 32) and (codes[:, 1, 8:] == 0).all()
    mantissa, exponent = unpack_power(scales.view(np.int8))
    restored = (codes * np.ldexp(mantissa.astype(float), exponent)[:, :, None]).reshape(3, -1)[:, :40]
    step = np.ldexp(1024.0, exponent).repeat(32, axis=1)[:, :40]
    assert (np.abs(restored - values) <= step / 2 + (np.abs(codes).reshape(3, -1)[:, :40] == 32767) * step).all()


@pytest.mark.parametrize(("name", "bus_bytes"), [(name, bus) for name in FORMATS for bus in (4, 8, 16, 32)])
def test_packed_rows_of_2048_are_within_two_percent_of_the_file(name, bus_bytes):
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    block, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    packed = FORMATS[name]
    row = RowGeometry(columns=2048, code_bits=packed.code_bits, scale=packed.scale, bus_bytes=bus_bytes)
    # W16 adds an exponent byte to 32 codes of 16 bits.
    bound = 1.02 if packed.scale != Scale.POWER else (2 + 1 / 32) * 1.02 / (size / block)
    assert row.row_bytes <= bound * (2048 // block * size)


def test_the_header_survives_the_trip_and_damage_is_refused():
    header = Header(config_hash=1 << 60, content_bytes=2, image_bytes=3, program=4, logits=5, instructions=6, vocab=7,
                    context=8, group=2, bus_bits=64, crc=9)
    data = header.pack()
    assert len(data) == HEADER_BYTES and Header.unpack(data) == header
    with pytest.raises(CelosiaError, match="^Image header must have 128 bytes, not 127$"):
        Header.unpack(data[:-1])
    with pytest.raises(CelosiaError, match=r"^Image magic must be b'CELOSIA\\x00', not b'XELOSIA\\x00'$"):
        Header.unpack(b"X" + data[1:])
    with pytest.raises(CelosiaError, match="^Image version must be 2, not 7$"):
        Header.unpack(data[:8] + b"\x07" + data[9:])


@pytest.fixture
def compiled(write_gguf):
    return compile_model(load(write_gguf()), CONFIGS["micro"], 16)


def test_an_image_holds_its_program_and_its_checksum(compiled):
    image = build_image(compiled)
    header = Header.unpack(image.memory.tobytes())
    assert header == image.header
    assert header.crc == zlib.crc32(image.memory[HEADER_BYTES:header.content_bytes])
    for index, instruction in enumerate(compiled.program):
        start = header.program + 64 * index
        assert decode(image.memory[start:start + 64].tobytes()) == type(instruction)(
            **{**vars(instruction), "label": ""})
    assert not image.memory[header.content_bytes:].any()


def test_regions_neither_overlap_nor_leave_the_image(compiled):
    regions = sorted(compiled.placement.map.regions.values(), key=lambda region: region.start)
    assert regions[0].start >= HEADER_BYTES and regions[-1].stop <= compiled.placement.image_bytes
    assert all(first.stop <= second.start for first, second in zip(regions, regions[1:]))
    assert all(region.start % 128 == 0 for region in regions)
    assert compiled.placement.map.region_at(regions[1].start) == next(
        name for name, region in compiled.placement.map.regions.items() if region == regions[1])


def test_the_rope_table_turns_by_the_angle(compiled):
    hp = compiled.model.hyperparameters
    table = rope_table(hp, 16, compiled.placement.rope_bytes(hp)).reshape(16, 2, -1)
    pair = np.array([0.6, -0.8])
    for position in (0, 3, 15):
        angle = position * hp.rope_frequencies()[0]
        cosine, sine = table[position, 0, :2], table[position, 1, :2]
        turned = pair * cosine + pair[::-1] * sine
        expected = (pair[0] + 1j * pair[1]) * np.exp(1j * angle)
        assert np.allclose(turned, [expected.real, expected.imag], atol=1e-6)
