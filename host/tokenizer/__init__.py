"""Tokenizers rebuilt from the metadata of a GGUF file."""

from host.metadata import Metadata
from host.tokenizer.byte_level_bpe import ByteLevelTokenizer
from host.tokenizer.decode_stream import DecodeStream
from host.tokenizer.sentencepiece_bpe import SentencePieceTokenizer
from host.tokenizer.tokenizer import Tokenizer
from host.tokenizer.vocabulary import Vocabulary

__all__ = ["DecodeStream", "Tokenizer", "load"]

_KINDS = {"llama": SentencePieceTokenizer, "gpt2": ByteLevelTokenizer}


def load(model):
    """The tokenizer of a model.

    Parameters
    ----------
    model : host.gguf_model.Model or host.gguf_file.GGUFFile
        Anything with ``path`` and ``metadata``.

    Returns
    -------
    Tokenizer

    Raises
    ------
    CelosiaError
        If ``tokenizer.ggml.model`` is of no supported kind, or the vocabulary is incomplete or inconsistent.
    """
    metadata = Metadata(model.path, model.metadata)
    kind = metadata.text("tokenizer.ggml.model")
    if kind not in _KINDS:
        metadata.fail("tokenizer.ggml.model", f"one of {', '.join(_KINDS)}", kind)
    return _KINDS[kind](Vocabulary(metadata))
