"""The trained model as a GGUF file, and back."""

import struct

import gguf
import numpy as np
import sentencepiece
import torch

from .llama import Llama, Shape
from .tokens import BOS, EOS


__all__ = ["write_gguf", "read_gguf"]


def write_gguf(path, model, tokenizer, *, name):
    """Writes the model with Q8_0 matrices and F32 norms.

    The rotary embedding already turns neighbouring pairs, so no row needs to move.

    Parameters
    ----------
    path : path-like
    model : Llama
    tokenizer : sentencepiece.SentencePieceProcessor
    name : str
        ``general.name``.

    Returns
    -------
    int
        Number of parameters written.
    """
    shape = model.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_license("BSD-2-Clause")
    writer.add_languages(["en"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.dim)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(shape.eps)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(shape.theta)
    writer.add_vocab_size(shape.vocab)

    ids = range(tokenizer.vocab_size())
    writer.add_tokenizer_model("llama")
    writer.add_token_list([tokenizer.id_to_piece(i) for i in ids])
    writer.add_token_scores([tokenizer.get_score(i) for i in ids])
    writer.add_token_types([token_type(tokenizer, i) for i in ids])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(tokenizer.unk_id())
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)

    parameters = 0
    for tensor, value in model.state_dict().items():
        array = value.numpy().astype(np.float32)
        parameters += array.size
        if array.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor, gguf.quants.quantize(array, kind), raw_dtype=kind)
        else:
            writer.add_tensor(tensor, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return parameters


def token_type(tokenizer, i):
    """GGUF's type number of one vocabulary entry."""
    if tokenizer.is_unknown(i):
        return gguf.TokenType.UNKNOWN
    if tokenizer.is_control(i):
        return gguf.TokenType.CONTROL
    return gguf.TokenType.BYTE if tokenizer.is_byte(i) else gguf.TokenType.NORMAL


def read_gguf(path):
    """Reads a file of ``write_gguf`` back, weights as quantised.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    model : Llama
    tokenizer : sentencepiece.SentencePieceProcessor
        Rebuilt from the metadata alone.
    """
    reader = gguf.GGUFReader(path)

    def value(key):
        return reader.fields[key].contents()

    shape = Shape(
        dim=value("llama.embedding_length"), layers=value("llama.block_count"),
        heads=value("llama.attention.head_count"), kv_heads=value("llama.attention.head_count_kv"),
        ffn=value("llama.feed_forward_length"), vocab=value("llama.vocab_size"),
        context=value("llama.context_length"), theta=value("llama.rope.freq_base"),
        eps=value("llama.attention.layer_norm_rms_epsilon"))
    model = Llama(shape)
    model.load_state_dict({
        tensor.name: torch.tensor(gguf.quants.dequantize(tensor.data, tensor.tensor_type))
        for tensor in reader.tensors})
    return model, rebuild_tokenizer(value)


def rebuild_tokenizer(value):
    """A SentencePiece processor from GGUF metadata.

    Writes the few fields of SentencePiece's ``ModelProto`` that matter, so that protobuf is not needed.

    Parameters
    ----------
    value : callable
        Metadata by key.
    """
    model = b""
    for piece, score, kind in zip(value("tokenizer.ggml.tokens"), value("tokenizer.ggml.scores"),
                                  value("tokenizer.ggml.token_type"), strict=True):
        model += chunk(1, chunk(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + number(3, kind))
    model += chunk(2, number(3, 2) + number(35, 1))    # trainer: model_type BPE, byte_fallback
    model += chunk(3, chunk(1, b"identity")            # normalizer: add_dummy_prefix, keep all spaces
                   + number(3, int(value("tokenizer.ggml.add_space_prefix"))) + number(4, 0))
    return sentencepiece.SentencePieceProcessor(model_proto=model)


def varint(value):
    """Protobuf's variable-length integer."""
    low = bytearray()
    while value > 0x7F:
        low.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(low) + bytes([value])


def number(field, value):
    """A protobuf integer field."""
    return varint(field << 3) + varint(value)


def chunk(field, data):
    """A protobuf field of bytes, a string or a message."""
    return varint(field << 3 | 2) + varint(len(data)) + data
