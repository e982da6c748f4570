"""Every ggml block format as codes and scales.

A tensor's rows become `Blocks`: integer codes, integer sub-scales, and one scale per 16 to 256 codes. Nothing is
rounded but F32, F16 and BF16. `sub_vectors` and `trit_bytes` put the parts into the order in which the gateware takes
them.
"""

from host.image.formats.block_format import BlockFormat
from host.image.formats.blocks import Blocks
from host.image.formats.dequantised import dequantised
from host.image.formats.floats import BF16, F16, F32
from host.image.formats.k_quants import IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K
from host.image.formats.low_bits import Q1_0, Q2_0
from host.image.formats.small_blocks import IQ4_NL, MXFP4, NVFP4, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0
from host.image.formats.sub_vectors import from_sub_vectors, sub_vectors
from host.image.formats.ternary import TQ1_0, TQ2_0
from host.image.formats.trit_bytes import from_trit_bytes, trit_bytes

__all__ = ["FORMATS", "BlockFormat", "Blocks", "dequantised", "from_sub_vectors",
           "from_trit_bytes", "sub_vectors", "trit_bytes"]

FORMATS = {item.name: item for item in (
    F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, TQ1_0, TQ2_0, IQ4_NL, IQ4_XS, MXFP4,
    NVFP4, Q2_0, Q1_0)}
"""Format of each ggml type, by ggml's name."""
