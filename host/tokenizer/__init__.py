"""Tokenizers rebuilt from the metadata of a GGUF file."""

from host.errors import CelosiaError
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
    kind = model.metadata.get("tokenizer.ggml.model")
    if kind is None:
        raise CelosiaError(f"{model.path}: metadata key 'tokenizer.ggml.model' is missing")
    if kind not in _KINDS:
        raise CelosiaError(f"{model.path}: tokenizer must be one of {', '.join(_KINDS)}, not {kind!r}")
    return _KINDS[kind](Vocabulary(model.path, model.metadata))
