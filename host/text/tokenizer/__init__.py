"""Tokenizers rebuilt from the metadata of a GGUF file."""

from host.gguf.metadata import Metadata
from host.text.tokenizer.byte_level_bpe import ByteLevelTokenizer
from host.text.tokenizer.decode_stream import DecodeStream
from host.text.tokenizer.sentencepiece_bpe import SentencePieceTokenizer
from host.text.tokenizer.tokenizer import Tokenizer

__all__ = ["DecodeStream", "Tokenizer", "load"]

_KINDS = {"llama": SentencePieceTokenizer, "gpt2": ByteLevelTokenizer}


def load(model):
    """The tokenizer of a model.

    Parameters
    ----------
    model : host.gguf.model.Model or host.gguf.file.GGUFFile
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
    return _KINDS[kind](metadata)
