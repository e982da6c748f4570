"""Weights of a tensor from its blocks, and blocks from weights.

The gguf package has the codecs of most types. Here are those that it lacks: both ways of Q1_0 and Q2_0, and the way to
NVFP4. They give ggml's values and ggml's bytes, bit for bit.
"""

from gguf import GGMLQuantizationType
from gguf.quants import NVFP4, dequantize, quantize
import numpy as np

__all__ = ["QUANTISABLE", "dequantise", "quantise"]

QUANTISABLE = ("F32", "F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "MXFP4", "NVFP4", "TQ2_0", "TQ1_0", "Q2_0",
               "Q1_0")
"""Types that `quantise` writes."""

_SCALE_BYTES = 2
_PAIRS = np.arange(0, 8, 2, dtype=np.uint8)
_LARGEST_E2M1 = np.float32(6)


def dequantise(raw, kind):
    """Weights of some rows as ggml computes them.

    Parameters
    ----------
    raw : numpy.ndarray
        uint8 (rows, bytes of a row), whole blocks.
    kind : str
        Name of the type.

    Returns
    -------
    numpy.ndarray
        float32 (rows, columns).
    """
    if kind in _DECODERS:
        return _DECODERS[kind](raw.reshape(len(raw), -1, 18)).reshape(len(raw), -1)
    return dequantize(raw, GGMLQuantizationType[kind])


def quantise(values, kind):
    """Blocks of some rows of weights.

    Parameters
    ----------
    values : numpy.ndarray
        float32 (rows, columns), whole blocks.
    kind : str
        One of `QUANTISABLE`.

    Returns
    -------
    numpy.ndarray
        (rows, bytes of a row) of uint8; of float types (rows, columns) in as many bytes.
    """
    if kind in _ENCODERS:
        block, encode = _ENCODERS[kind]
        return encode(values.reshape(len(values), -1, block)).reshape(len(values), -1)
    return quantize(values, GGMLQuantizationType[kind])


def _scales(blocks):
    """The fp16 at the start of each block: float32 (rows, blocks, 1)."""
    return np.ascontiguousarray(blocks[:, :, :_SCALE_BYTES]).view("<f2").astype(np.float32)


def _with_scales(scales, codes):
    """Blocks of fp16 scales, float32 (rows, blocks, 1), and bytes of codes."""
    return np.concatenate((scales.astype("<f2").view(np.uint8), codes), axis=2)


def _decode_q1_0(blocks):
    """fp16 scale, 128 bits, lowest first: 1 is the scale, 0 its negative."""
    scales = _scales(blocks)
    return np.where(np.unpackbits(blocks[:, :, _SCALE_BYTES:], axis=2, bitorder="little"), scales, -scales)


def _encode_q1_0(values):
    # ggml adds the magnitudes up one after another, in float32.
    total = np.add.accumulate(np.abs(values), axis=2, dtype=np.float32)[:, :, -1:]
    return _with_scales(total / np.float32(values.shape[2]), np.packbits(values >= 0, axis=2, bitorder="little"))


def _decode_q2_0(blocks):
    """fp16 scale, 64 pairs of bits, four to a byte, lowest first: the pair less 1, times the scale."""
    codes = blocks[:, :, _SCALE_BYTES:, None] >> _PAIRS & np.uint8(3)
    with np.errstate(invalid="ignore"):  # 0 times an infinite scale
        return (codes.astype(np.float32) - 1).reshape(*blocks.shape[:2], -1) * _scales(blocks)


def _encode_q2_0(values):
    largest = np.abs(values).max(axis=2, keepdims=True)
    # The reciprocal of a subnormal may be infinite, and 0 times that is a NaN: x86 makes the least integer of both.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        products = values * np.where(largest > 0, np.float32(1) / largest, np.float32(0))
    # C's roundf: halves go away from zero.
    rounded = np.copysign(np.floor(np.abs(products) + np.float32(0.5)), products)
    codes = (np.clip(np.where(np.isfinite(rounded), rounded, -1), -1, 2) + 1).astype(np.uint8)
    codes = codes.reshape(*values.shape[:2], -1, 4)
    return _with_scales(largest, np.bitwise_or.reduce(codes << _PAIRS, axis=3))


def _encode_nvfp4(values):
    """Four scales of UE4M3, each of 16 weights, 32 bytes of indices: a byte has weights j and j + 8 of these."""
    subs = values.reshape(*values.shape[:2], 4, 16)
    scales = NVFP4.fp32_to_ue4m3(np.abs(subs).max(axis=3) / _LARGEST_E2M1)
    levels = NVFP4.ue4m3_to_fp32(scales).astype(np.float32)[..., None, None] * np.array(NVFP4.kvalues, np.float32)
    indices = np.abs(levels - subs[..., None]).argmin(axis=4).astype(np.uint8)
    pairs = indices[..., :8] | indices[..., 8:] << 4
    return np.concatenate((scales, pairs.reshape(*values.shape[:2], -1)), axis=2)


_DECODERS = {"Q1_0": _decode_q1_0, "Q2_0": _decode_q2_0}
_ENCODERS = {"Q1_0": (128, _encode_q1_0), "Q2_0": (64, _encode_q2_0), "NVFP4": (64, _encode_nvfp4)}
