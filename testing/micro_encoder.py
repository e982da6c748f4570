"""Encoders of two layers, small enough to be made by each test."""

from dataclasses import replace

import gguf

from host.arch.bert import Bert
from host.arch.choices import Activation, NormKind, Pooling
from host.arch.hyperparameters import Hyperparameters
from host.arch.layer_kind import LayerKind
from host.arch.modern_bert import ModernBert
from host.arch.rope import Rope
from testing.random_model import random_model

__all__ = ["TOKENS", "encoder", "write_encoder"]

TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"\u2581{word}" for word in ("a", "ball", "cat", "red", "the", "sat")),
          *(f"\u2581{letter}" for letter in "bcdefghij"), *"klmnopqrstuvwxyz"]
"""The vocabulary, a WordPiece one."""

_BERT = Hyperparameters(
    layers=2, dim=32, heads=4, kv_heads=4, head_dim=8, ffn=48, vocab=len(TOKENS), context=32, norm_eps=1e-12,
    norm=NormKind.LAYER, activation=Activation.GELU_ERF, gated=False, causal=False, pooling=Pooling.MEAN, token_types=2,
    tied=True)
_ROPE = Rope(dim=8, halves=True)
_MODERN = replace(
    _BERT, layers=3, gated=True, fused_qkv=True, token_types=0, norm_eps=1e-5, pooling=Pooling.FIRST,
    kinds=(LayerKind(rope=_ROPE), *[LayerKind(rope=replace(_ROPE, theta=100.0, table="rope_window"), window=6)] * 2))


def encoder(name, **changes):
    """A model with random weights that the accelerator keeps exactly.

    Parameters
    ----------
    name : str
        ``bert``, or ``modern-bert``: with a window of 6 in layers 1 and 2.
    changes
        Hyperparameters.

    Returns
    -------
    host.gguf.model.Model
    """
    architecture, hp = {"bert": (Bert(), _BERT), "modern-bert": (ModernBert(), _MODERN)}[name]
    return random_model(architecture, replace(hp, **changes), seed=3)


def write_encoder(path, *, pooling=1):
    """Write the BERT as a file.

    Parameters
    ----------
    path : Path
    pooling : int
        ``pooling_type``.
    """
    model, writer = encoder("bert"), gguf.GGUFWriter(path, "bert")
    hp = model.hyperparameters
    writer.add_block_count(hp.layers)
    writer.add_context_length(hp.context)
    writer.add_embedding_length(hp.dim)
    writer.add_feed_forward_length(hp.ffn)
    writer.add_head_count(hp.heads)
    writer.add_layer_norm_eps(hp.norm_eps)
    writer.add_causal_attention(False)
    writer.add_uint32("bert.pooling_type", pooling)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 2, 3, 3] + [1] * (len(TOKENS) - 4))
    writer.add_token_type_count(hp.token_types)
    for name, id in (("unknown", 1), ("cls", 2), ("seperator", 3)):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", id)
    for name, tensor in model.tensors.items():
        values = tensor.dequantise()
        writer.add_tensor(name, values if model.specs[name].rows > 1 else values[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
