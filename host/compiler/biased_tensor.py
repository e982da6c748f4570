"""A matrix with a bias, which is two more columns of it."""

from functools import cache

import numpy as np

from gateware.isa import VECTOR_CODES
from host.errors import CelosiaError
from host.gguf.codecs import dequantise
from host.gguf.tensor import FLOAT_TYPES, SCALE_FIELDS, Tensor

__all__ = ["BiasedTensor"]

_TERMS = 2


class BiasedTensor(Tensor):
    """Rows of a matrix followed by numbers whose sum is the row's bias.

    The dot engine finds the largest result of its rows as they come out, so a bias must be in the rows themselves. Two
    blocks of the matrix's own format are appended to each. The first element of the first one is the bias as near as
    its scale can have it, that of the second one is what remains; both are multiplied with 1, all others with 0. This
    keeps 20 bits of a bias, 15 in BF16.

    Parameters
    ----------
    path : str or os.PathLike
        For messages.
    matrix : Tensor
        In a format with one fp16 scale to a block, or one of floats; its rows are whole blocks.
    bias : float32 array (rows,)

    Attributes
    ----------
    ones : float32 array (n,)
        What vectors must have behind their elements.

    Raises
    ------
    CelosiaError
        If the format is another one.
    """

    def __init__(self, path, matrix, bias):
        kind = matrix.ggml_type
        self._floats = kind in FLOAT_TYPES
        if not self._floats and (not SCALE_FIELDS[kind] or kind.startswith("TQ")):
            raise CelosiaError(f"{path}: tensor {matrix.name!r} has a bias and type {kind}, which has no program")
        self._matrix, self._bias = matrix, bias
        size = VECTOR_CODES if self._floats else matrix.block
        self._gap = -matrix.shape[1] % size
        self.ones = np.zeros(self._gap + _TERMS * size, np.float32)
        self.ones[self._gap::size] = 1
        columns = matrix.shape[1] + len(self.ones)
        raw = np.broadcast_to(np.zeros(1, np.uint8), (matrix.shape[0], columns // matrix.block * matrix.block_bytes))
        super().__init__(matrix.name, (matrix.shape[0], columns), kind, raw, matrix.factor)

    def raw_rows(self, rows):
        """Bytes of some rows (slice or integer array): uint8, a copy."""
        raw, rest = self._matrix.raw_rows(rows), self._bias[rows].astype(np.float64)
        parts = [raw, np.zeros((len(raw), self._gap * self.block_bytes), np.uint8)]
        for term in range(_TERMS):
            block, values = self._float_term(rest, term) if self._floats else self._scaled_term(rest)
            parts.append(block)
            rest = rest - values
        return np.concatenate(parts, axis=1)

    def release(self):
        """See `Tensor.release`."""
        self._matrix.release()

    def _float_term(self, rest, term):
        """Bytes of a vector whose first element is near some numbers, and what it is. The first term has few enough
        bits for none to be rounded away, as those of F32 are to 16."""
        values = rest.astype(np.float16 if self.ggml_type == "F16" else np.float32)
        if self.ggml_type == "BF16" or self.ggml_type == "F32" and term == 0:
            values = (values.view(np.uint32) & 0xFFFF0000).view(np.float32)
        found = values.astype(np.float64)
        if self.ggml_type == "BF16":
            values = (values.view(np.uint32) >> 16).astype(np.uint16)
        block = np.zeros((len(values), VECTOR_CODES * self.block_bytes), np.uint8)
        block[:, :self.block_bytes] = values.view(np.uint8).reshape(len(values), -1)
        return block, found

    def _scaled_term(self, rest):
        """Bytes of a block whose first element is near some numbers, and what it is."""
        fill, unit = _unit_block(self.ggml_type, self.block_bytes)
        scales = (rest / unit).astype(np.float16)
        block = np.full((len(rest), self.block_bytes), fill, np.uint8)
        _set_scales(self.ggml_type, block, scales)
        return block, scales.astype(np.float64) * unit


def _set_scales(kind, block, scales):
    """Put fp16 scales into blocks, and zero into their minimums."""
    at, *minimum = SCALE_FIELDS[kind]
    block[:, at:at + 2] = scales.reshape(-1, 1).view(np.uint8)
    for other in minimum:
        block[:, other:other + 2] = 0


@cache
def _unit_block(kind, size):
    """The byte to fill a block with so that its first element is the scale times a number near 1, and this number."""
    blocks = np.repeat(np.arange(256, dtype=np.uint8)[:, None], size, axis=1)
    _set_scales(kind, blocks, np.ones(256, np.float16))
    units = dequantise(blocks, kind)[:, 0].astype(np.float64)
    with np.errstate(divide="ignore"):
        fill = int(np.abs(np.log2(np.abs(units))).argmin())
    return fill, float(units[fill])
