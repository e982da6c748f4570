"""Packing of tensors and the memory image."""

import zlib

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.exact.dot import exact_expand
from gateware.isa import decode, encode
from host.compiler.builder import ProgramBuilder, Stream
from host.compiler.compiled import compile_model
from host.engine.matrix_reader import MatrixReader
from host.errors import CelosiaError
from host.gguf.codecs import QUANTISABLE, quantise
from host.gguf.model import load
from host.gguf.tensor import SCALE_FIELDS, Tensor
from host.gguf.tensor_type import TENSOR_TYPES
from host.image.formats import FORMATS
from host.image.header import HEADER_BYTES, Header
from host.image.image import build_image, put_matrix
from host.image.planes import from_planes, to_planes
from host.image.row_geometry import RowGeometry


@pytest.mark.parametrize("code_bits", range(1, 17))
def test_planes_are_reversible(code_bits):
    limit = 1 << code_bits - 1
    codes = np.random.default_rng(code_bits).integers(-limit, limit, (3, 5, 32)).astype(np.int16)
    if code_bits == 1:
        codes = 2 * codes + np.int16(1)  # -1 and 1
    planes = to_planes(codes, code_bits)
    assert planes.shape == (3, 5, 4 * code_bits)
    assert (from_planes(planes, code_bits) == codes).all()


def test_the_first_word_holds_the_least_significant_bits_of_all_lanes():
    codes = np.zeros(32, np.int16)
    codes[0], codes[9] = 1, -2
    assert to_planes(codes, 2).view("<u4").tolist() == [1 << 0, 1 << 9]


@pytest.mark.parametrize(("name", "bus_bytes"), [(name, bus) for name in FORMATS for bus in (4, 8, 16, 32)])
def test_packed_rows_of_2048_are_within_two_percent_of_the_file(name, bus_bytes):
    block, size = TENSOR_TYPES[name].block, TENSOR_TYPES[name].block_bytes
    row = RowGeometry(columns=2048, format=FORMATS[name], bus_bytes=bus_bytes)
    size = 2048 // block * size
    if name in ("TQ1_0", "TQ2_0", "IQ4_XS") and bus_bytes == 32:
        # The 16 bytes of scales of so short a row fill half a word of the widest bus, as do those of its sub-scales.
        assert row.row_bytes == size + (32 if name == "IQ4_XS" else 16)
    else:
        assert row.row_bytes <= 1.02 * size


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith(("F", "BF"))])
@pytest.mark.parametrize("bus_bytes", [4, 32])
def test_packed_blocks_read_back_as_the_gguf_package_dequantises_them(name, bus_bytes):
    """Through the image's bytes and the instruction's fields, every code of two rows, expanded."""
    tensor = random_tensor(name, rows=2, columns=512)
    row = RowGeometry(columns=512, format=FORMATS[name], bus_bytes=bus_bytes)
    memory = np.zeros(2 * row.row_bytes + 64, np.uint8)
    put_matrix(memory, 64, tensor, row)
    builder = ProgramBuilder()
    builder.dot("w", Stream(0), row, rows=1, expand=True)
    instruction = decode(encode(builder.program[-1]))
    reader = MatrixReader(memory, instruction, FORMATS[name].table, bus_bytes)
    parts = [reader.read((64 + index * row.row_bytes) // bus_bytes, 1) for index in range(2)]
    values = np.stack([exact_expand(**part, headroom=instruction.headroom) for part in parts])
    expected = tensor.dequantise(dtype=np.float64)
    assert np.abs(values - expected).max() <= 2.0**-22 * np.abs(expected).max()
    assert values.any()


def random_tensor(name, *, rows, columns):
    """Random blocks with moderate scales."""
    rng = np.random.default_rng(5)
    if name in QUANTISABLE:
        raw = quantise(rng.normal(size=(rows, columns)).astype(np.float32), name)
    else:
        block, size = TENSOR_TYPES[name].block, TENSOR_TYPES[name].block_bytes
        raw = rng.integers(0, 256, (rows, columns // block, size), dtype=np.uint8)
        for at in SCALE_FIELDS[name]:
            raw[:, :, at:at + 2] = rng.uniform(0.1, 1, (rows, columns // block, 1)).astype("<f2").view(np.uint8)
        raw = raw.reshape(rows, -1)
    return Tensor("w", (rows, columns), name, raw)


def test_the_header_survives_the_trip_and_damage_is_refused():
    header = Header(image_key=1 << 60, content_bytes=2, image_bytes=3, program=4, table=10, results=5, programs=6,
                    vocab=7, width=11, row_bytes=12, context=8, group=2, bus_bits=64, kv_bits=4, crc=9)
    data = header.pack()
    assert len(data) == HEADER_BYTES and Header.unpack(data) == header
    with pytest.raises(CelosiaError, match="^Image header must have 128 bytes, not 127$"):
        Header.unpack(data[:-1])
    with pytest.raises(CelosiaError, match=r"^Image magic must be b'CELOSIA\\x00', not b'XELOSIA\\x00'$"):
        Header.unpack(b"X" + data[1:])
    # Version 4 had no table of the programs, version 5 no windows.
    for version in (4, 5, 7):
        with pytest.raises(CelosiaError, match=f"^Image version must be 6, not {version}$"):
            Header.unpack(data[:8] + bytes([version]) + data[9:])


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
            **{**vars(instruction), "label": "", "kind": "", "layer": None})
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
    table = compiled.placement.tables["rope"].content(16, 8).reshape(16, 2, -1)
    pair = np.array([0.6, -0.8])
    for position in (0, 3, 15):
        angle = position * hp.ropes["rope"].frequencies(16)[0]
        cosine, sine = table[position, 0, :2], table[position, 1, :2]
        turned = pair * cosine + pair[::-1] * sine
        expected = (pair[0] + 1j * pair[1]) * np.exp(1j * angle)
        assert np.allclose(turned, [expected.real, expected.imag], atol=1e-6)
