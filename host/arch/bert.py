"""BERT: an encoder with a norm behind each sum, learned positions and biases everywhere."""

from host.arch.choices import Activation, NormKind
from host.arch.encoder import Encoder
from host.arch.layer_kind import LayerKind
from host.arch.published import Published
from host.engine import float_parts

__all__ = ["Bert"]


class Bert(Encoder):
    """BERT, MiniLM, BGE and E5 as far as they are BERT. A position and a type have a vector each that is added to the
    embedding; all tokens of a text are of the first type. The pooler of the original is not in the file."""

    name = "bert"
    norm = NormKind.LAYER
    norm_bias = True
    block_norms = ("attn_output_norm", "layer_output_norm")
    end_norms = ("token_embd_norm",)
    activation = Activation.GELU_ERF
    gated = False
    learned_positions = True
    biases = frozenset({"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down"})
    checked = ("F32", "Q8_0")
    published = {
        "all-minilm-l6": Published(keys={
            "block_count": 6, "context_length": 512, "embedding_length": 384, "feed_forward_length": 1536,
            "attention.head_count": 12, "attention.layer_norm_epsilon": 1e-12, "pooling_type": 1,
            "tokenizer.ggml.token_type_count": 2, "vocab_size": 30522}),
        "bge-small": Published(keys={
            "block_count": 12, "context_length": 512, "embedding_length": 384, "feed_forward_length": 1536,
            "attention.head_count": 12, "attention.layer_norm_epsilon": 1e-12, "pooling_type": 2,
            "tokenizer.ggml.token_type_count": 2, "vocab_size": 30522}),
    }

    def kinds(self, keys, tensors, hp):
        return (LayerKind(),)

    def more(self, keys, tensors, hp):
        return super().more(keys, tensors, hp) | {"token_types": keys.integer("tokenizer.ggml.token_type_count")}

    def reference(self, ideal, ids):
        x = float_parts.embedding(ideal, ids)
        for layer in range(ideal.hyperparameters.layers):
            where = f"blk.{layer}"
            x = float_parts.norm(ideal, f"{where}.attn_output_norm", x + float_parts.attention(ideal, layer, x))
            x = float_parts.norm(ideal, f"{where}.layer_output_norm", x + float_parts.feed_forward(ideal, where, x))
        return x
