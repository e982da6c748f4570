"""Formats that store every weight by itself, as W16: F32, F16, BF16."""

import numpy as np

from gateware.exact.block_float import block_exponent, block_float_round
from gateware.isa import CodeKind, Scale, VECTOR_CODES
from host.gguf.codecs import dequantise
from host.image.formats.block_format import BlockFormat
from host.image.formats.blocks import Blocks

__all__ = ["BF16", "F16", "F32"]

_CODE_BITS = 16
_SMALLEST_POWER = -128


def _split_float(tensor, rows):
    """int16 codes that share a power of two per 32 elements, rounded to nearest even.

    The last vector of a row is filled up with zeros. The only formats that are not kept exactly.
    """
    # As the blocks have them: a scale of the whole tensor multiplies the results.
    values = dequantise(np.ascontiguousarray(tensor.raw_rows(rows)), tensor.ggml_type)
    padding = -values.shape[1] % VECTOR_CODES
    if padding:
        values = np.pad(values, ((0, 0), (0, padding)))
    vectors = values.reshape(len(values), -1, VECTOR_CODES)
    exponents = np.maximum(block_exponent(vectors, _CODE_BITS, axis=2), _SMALLEST_POWER)
    codes = block_float_round(vectors, exponents[:, :, None], _CODE_BITS).astype(np.int16)
    return Blocks(codes=codes, scale=exponents.astype(np.int8))


F32, F16, BF16 = (
    BlockFormat(name=name, code_bits=_CODE_BITS, code_kind=CodeKind.SIGNED, scale_kind=Scale.POWER,
                split=_split_float)
    for name in ("F32", "F16", "BF16"))
