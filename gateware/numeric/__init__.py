"""Arithmetic: fp32 units, block floating point and sums, each with its bit-exact NumPy function.

Every unit is a free-running pipeline: one result per cycle, ``LATENCY`` cycles later, no flow
control. Users delay by `delay` what has to stay beside it.

Figures in the units' docstrings are estimates of ``synth_ecp5; stat`` (Yosys 0.70) and the slowest of
``nextpnr-ecp5 --85k --speed 6 --seed 1..3``, the unit alone with registers around it.
"""

from .block_float import BLOCK, MANTISSA_BITS, BlockFloatRound
from .block_float import block_exponent, block_float_round, quantise_block
from .delay import delay
from .fp32_add import Fp32Add, fp32_add
from .fp32_multiply import Fp32Multiply, fp32_multiply
from .fp32_round import Fp32Round
from .function import Fp32Function, Function, fp32_exp2, fp32_function, fp32_reciprocal, fp32_rsqrt
from .integer_to_fp32 import IntegerToFp32, integer_to_fp32
from .multiplier import Multiplier
from .sums import PARTIAL_SUMS, interleaved_sum
from .total_order import fp32_total_order_key, total_order_key


__all__ = [
    "BLOCK", "MANTISSA_BITS", "PARTIAL_SUMS",
    "BlockFloatRound", "Fp32Add", "Fp32Function", "Fp32Multiply", "Fp32Round", "Function", "IntegerToFp32",
    "Multiplier",
    "block_exponent", "block_float_round", "delay", "fp32_add", "fp32_exp2", "fp32_function", "fp32_multiply",
    "fp32_reciprocal", "fp32_rsqrt", "fp32_total_order_key", "integer_to_fp32", "interleaved_sum",
    "quantise_block", "total_order_key",
]
