"""Parts of a transformer, each a function that appends instructions to a `host.compiler.layer_builder.LayerBuilder`.

What a part reads and leaves is said in terms of the columns of the x-buffer (token t is column t) and of vectors in the
scratchpad.
"""

from host.compiler.parts.attention import attention, attention_to_text, keys_and_values, rotate_pairs
from host.compiler.parts.block import block, see, settle
from host.compiler.parts.ends import embedding, last_norm, output, position_vectors, token_type
from host.compiler.parts.feed_forward import feed_forward
from host.compiler.parts.norm import norm
from host.compiler.parts.residual import residual
from host.compiler.parts.states import keep_states, load_states

__all__ = ["attention", "attention_to_text", "block", "embedding", "feed_forward", "keep_states", "keys_and_values",
           "last_norm", "load_states", "norm", "output", "position_vectors", "residual", "rotate_pairs", "see",
           "settle", "token_type"]
