"""The tensor formats of GGUF as codes and scales."""

from dataclasses import dataclass
from typing import Callable

import numpy as np

from gateware.isa import Scale, VECTOR_CODES
from gateware.numeric.block_float import block_exponent, block_float_round

__all__ = ["FORMATS", "PackedFormat"]

_SMALLEST_POWER = -128


@dataclass(frozen=True)
class PackedFormat:
    """How one ggml format streams.

    Attributes
    ----------
    code_bits : int
        Bit-planes per code.
    scale : Scale
    split : callable
        ``split(tensor, rows)`` gives ``codes``, int16 (rows, vectors, 32), and ``scales``, the little-endian bytes
        of the scales, super-scales first, uint8 (rows, bytes). The last vector of a row is filled up with zero codes.
    """

    code_bits: int
    scale: Scale
    split: Callable


def _split_q8_0(tensor, rows):
    """Blocks of 32: fp16 scale, 32 signed bytes."""
    blocks = tensor.raw[rows].reshape(-1, tensor.shape[1] // 32, 34)
    return blocks[:, :, 2:].view(np.int8).astype(np.int16), blocks[:, :, :2].reshape(len(blocks), -1)


def _split_q4_0(tensor, rows):
    """Blocks of 32: fp16 scale, 16 bytes; element i is the low, 16 + i the high nibble of byte i, minus 8."""
    blocks = tensor.raw[rows].reshape(-1, tensor.shape[1] // 32, 18)
    nibbles = blocks[:, :, 2:]
    codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=2).astype(np.int16) - 8
    return codes, blocks[:, :, :2].reshape(len(blocks), -1)


def _split_q6_k(tensor, rows):
    """Super-blocks of 256: 128 bytes of low nibbles, 64 bytes of high bit pairs, 16 signed sub-scales, fp16 scale.

    Each half of a super-block holds four runs of 32 codes: run r takes nibble r // 2 of byte 32 * (r % 2) + i
    and bit pair r of byte i. Codes are the 6-bit numbers minus 32.
    """
    blocks = tensor.raw[rows].reshape(-1, tensor.shape[1] // 256, 210)
    low = blocks[:, :, :128].reshape(*blocks.shape[:2], 2, 1, 2, 32) >> np.array([0, 4], np.uint8)[:, None, None] & 15
    pairs = blocks[:, :, 128:192].reshape(*blocks.shape[:2], 2, 1, 32) >> np.array([0, 2, 4, 6], np.uint8)[:, None] & 3
    codes = low.reshape(*blocks.shape[:2], 2, 4, 32) | pairs << 4
    scales = np.concatenate([blocks[:, :, 208:].reshape(len(blocks), -1),
                             blocks[:, :, 192:208].reshape(len(blocks), -1)], axis=1)
    return codes.reshape(len(blocks), -1, VECTOR_CODES).astype(np.int16) - 32, scales


def _split_float(tensor, rows):
    """W16: int16 codes that share a power of two per 32 elements, rounded to nearest even."""
    values = tensor.dequantise(rows)
    padding = -values.shape[1] % VECTOR_CODES
    vectors = np.pad(values, ((0, 0), (0, padding))).reshape(len(values), -1, VECTOR_CODES)
    exponents = np.maximum(block_exponent(vectors, 16, axis=2), _SMALLEST_POWER)
    codes = block_float_round(vectors, exponents[:, :, None], 16).astype(np.int16)
    return codes, exponents.astype(np.int8).view(np.uint8)


FORMATS = {
    "F32": PackedFormat(16, Scale.POWER, _split_float),
    "F16": PackedFormat(16, Scale.POWER, _split_float),
    "BF16": PackedFormat(16, Scale.POWER, _split_float),
    "Q8_0": PackedFormat(8, Scale.FP16, _split_q8_0),
    "Q4_0": PackedFormat(4, Scale.FP16, _split_q4_0),
    "Q6_K": PackedFormat(6, Scale.SUB8, _split_q6_k),
}
"""Format of each ggml type that the accelerator reads."""
