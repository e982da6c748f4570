"""Parts of a transformer, each a function that appends instructions to a `host.compiler.layer_builder.LayerBuilder`.

What a part reads and leaves is said in terms of the columns of the x-buffer (token t is column t) and of vectors in the
scratchpad.
"""

from host.compiler.parts.attention import attention, rotate_pairs
from host.compiler.parts.block import block
from host.compiler.parts.ends import embedding, last_norm, output, position_vectors
from host.compiler.parts.feed_forward import feed_forward
from host.compiler.parts.norm import norm
from host.compiler.parts.residual import residual

__all__ = ["attention", "block", "embedding", "feed_forward", "last_norm", "norm", "output", "position_vectors",
           "residual", "rotate_pairs"]
