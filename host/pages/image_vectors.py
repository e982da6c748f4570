"""The examples of docs/image.md: small inputs, and what the packer makes of them."""

import numpy as np

from host.gguf.tensor import SCALE_FIELDS, Tensor
from host.gguf.tensor_type import TENSOR_TYPES
from host.image.cache_codes import to_elements
from host.image.formats import FORMATS
from host.image.header import Header
from host.image.image import put_matrix
from host.image.row_geometry import RowGeometry

__all__ = ["block_bytes", "examples", "packed_row"]

# Type, elements of a row, bytes of a bus word.
_ROWS = (("Q8_0", 32, 16), ("Q4_1", 64, 8), ("Q4_K", 256, 8), ("Q3_K", 256, 16), ("TQ1_0", 256, 8), ("TQ2_0", 256, 8),
         ("IQ4_XS", 256, 8), ("MXFP4", 32, 4), ("NVFP4", 64, 8), ("Q2_0", 64, 8), ("Q1_0", 128, 8), ("F32", 40, 8))
# Bits of fp16 numbers, no two of which share a byte.
_SCALES = (0x3400, 0xB066, 0x2C01, 0x3803)


def block_bytes(name, columns):
    """A row of a tensor of type ``name`` with ``columns`` elements: uint8, the same in every run."""
    block, size = TENSOR_TYPES[name].block, TENSOR_TYPES[name].block_bytes
    if name == "F32":
        values = (np.arange(columns) - 9) * (0.75 ** np.arange(columns)) * 1.1
        return values.astype("<f4").view(np.uint8)
    raw = (np.arange(columns // block * size) * 37 + 11).astype(np.uint8).reshape(-1, size)
    for place, at in enumerate(SCALE_FIELDS[name]):
        for index, one in enumerate(raw):
            one[at:at + 2] = np.array([_SCALES[(2 * index + place) % len(_SCALES)]], "<u2").view(np.uint8)
    if name == "MXFP4":
        raw[:, 0] = 125
    if name == "NVFP4":
        raw[:, :4] %= 127
    if name == "TQ2_0":
        # Pairs of bits are never 3.
        raw[:, :64] &= ~((raw[:, :64] & raw[:, :64] >> 1 & 0x55) * 2)
    return raw.reshape(-1)


def packed_row(name, raw, bus_bytes):
    """Bytes of the row ``raw``, uint8, and whether such rows are packed."""
    columns = len(raw) // TENSOR_TYPES[name].block_bytes * TENSOR_TYPES[name].block
    geometry = RowGeometry.shortest(columns=columns, format=FORMATS[name], bus_bytes=bus_bytes)
    memory = np.zeros(geometry.row_bytes, np.uint8)
    put_matrix(memory, 0, Tensor("row", (1, columns), name, raw.reshape(1, -1)), geometry)
    return memory, geometry.packed


def _hex(data):
    """32 bytes to a line."""
    data = bytes(data)
    return "".join(f"    {data[start:start + 32].hex(' ', -4)}\n" for start in range(0, len(data), 32))


def examples():
    """Pairs of a title (Markdown) and lines of text, in the order of the page."""
    for name, columns, bus_bytes in _ROWS:
        raw = block_bytes(name, columns)
        row, packed = packed_row(name, raw, bus_bytes)
        yield (f"A row of {columns} elements of {name}, bus words of {bus_bytes} bytes, "
               f"{'packed' if packed else 'not packed'}:",
               f"in the file\n{_hex(raw)}in the image\n{_hex(row)}")
    codes = (np.arange(32) * 7 % 15 - 7).astype(np.int16)
    listed = ", ".join(map(str, codes.tolist()))
    yield (f"K of a position, dimensions 0 to 31, whose codes are {listed}:", "".join(
        f"{bits} bits\n{_hex(to_elements(codes, bits).tobytes())}" for bits in (16, 8, 4)))
    yield ("V of 4 bits, dimensions 0 and 1, of positions 0 to 31: dimension 0 has these codes, dimension 1 their "
           "negatives:", f"4 bits\n{_hex(to_elements(np.stack([codes, -codes], axis=1).ravel(), 4))}")
    header = Header(**{name: value for name, value in zip(Header.__annotations__, range(0x11, 0x20))})
    yield ("A header whose fields are 0x11, 0x12, ... in this order, not what an image would have:",
           _hex(header.pack()))
