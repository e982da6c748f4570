"""Arithmetic: fp32 units, block floating point and sums, each with its bit-exact NumPy function."""

from .block_float import BLOCK, MANTISSA_BITS, block_exponent, block_float_round, quantise_block
from .fp32_add import fp32_add
from .delay import delay
from .fp32_multiply import Fp32Multiply, fp32_multiply
from .function import Function, fp32_exp2, fp32_function, fp32_reciprocal, fp32_rsqrt
from .integer_to_fp32 import integer_to_fp32
from .multiplier import Multiplier
from .sums import PARTIAL_SUMS, interleaved_sum
from .total_order import fp32_total_order_key


__all__ = [
    "BLOCK", "MANTISSA_BITS", "PARTIAL_SUMS", "Function",
    "block_exponent", "block_float_round", "fp32_add", "fp32_exp2", "fp32_function", "fp32_multiply",
    "fp32_reciprocal", "fp32_rsqrt", "fp32_total_order_key", "integer_to_fp32", "interleaved_sum",
    "quantise_block",
]
