"""Tokenizers rebuilt from the metadata of a GGUF file."""

from host.errors import CelosiaError, quoted
from host.gguf.metadata import Metadata
from host.text.tokenizer.byte_level_bpe import ByteLevelTokenizer
from host.text.tokenizer.decode_stream import DecodeStream
from host.text.tokenizer.plamo2 import Plamo2Tokenizer
from host.text.tokenizer.pre_tokenizers import PRE_TOKENIZERS
from host.text.tokenizer.rwkv import RwkvTokenizer
from host.text.tokenizer.sentencepiece_bpe import SentencePieceTokenizer
from host.text.tokenizer.tokenizer import Tokenizer
from host.text.tokenizer.unigram import UnigramTokenizer
from host.text.tokenizer.word_piece import WordPieceTokenizer

__all__ = ["DecodeStream", "Tokenizer", "load"]

_PRE = "tokenizer.ggml.pre"
_DEFAULT_PRE = "default"
_NONE = ("no_vocab", "none")


def load(model, *, pre=None):
    """The tokenizer of a model.

    Parameters
    ----------
    model : host.gguf.model.Model or host.gguf.file.GGUFFile
        Anything with ``path`` and ``metadata``.
    pre : str, optional
        Name of a pre-tokenizer in place of the one that the file names. Kinds that have none do not look at it.

    Returns
    -------
    Tokenizer

    Raises
    ------
    CelosiaError
        If ``tokenizer.ggml.model`` is of no supported kind, the pre-tokenizer is none of
        `host.text.tokenizer.pre_tokenizers.PRE_TOKENIZERS`, or the vocabulary is incomplete or inconsistent.
    """
    if pre is not None and pre not in PRE_TOKENIZERS:
        raise CelosiaError(f"pre must be one of {', '.join(PRE_TOKENIZERS)}, not {quoted(pre)}")
    metadata = Metadata(model.path, model.metadata)
    kind = metadata.text("tokenizer.ggml.model")
    if kind in _NONE:
        raise CelosiaError(f"{model.path}: this model has no tokenizer ('tokenizer.ggml.model' is {kind!r}): it takes "
                           f"token ids alone")
    if kind not in _KINDS:
        metadata.fail("tokenizer.ggml.model", f"one of {', '.join(_KINDS)}", kind)
    return _KINDS[kind](metadata, pre)


def _byte_pairs(metadata, pre):
    if pre is not None or _PRE in metadata:
        return ByteLevelTokenizer(metadata, pre or _pre_of(metadata))
    tokenizer = ByteLevelTokenizer(metadata, _DEFAULT_PRE)
    tokenizer.note = (f"{metadata.path}: no key {_PRE!r} says how words are cut: {_DEFAULT_PRE!r} is a guess, "
                      f"--pre NAME is another")
    return tokenizer


def _pre_of(metadata):
    name = metadata.text(_PRE)
    if name not in PRE_TOKENIZERS:
        metadata.fail(_PRE, f"one of {', '.join(PRE_TOKENIZERS)}", name)
    return name


_KINDS = {
    "llama": lambda metadata, _pre: SentencePieceTokenizer(metadata),
    "gpt2": _byte_pairs,
    "bert": lambda metadata, _pre: WordPieceTokenizer(metadata),
    "t5": lambda metadata, _pre: UnigramTokenizer(metadata),
    "rwkv": lambda metadata, _pre: RwkvTokenizer(metadata),
    "plamo2": lambda metadata, _pre: Plamo2Tokenizer(metadata),
    "gemma4": lambda metadata, _pre: ByteLevelTokenizer(metadata, "gemma4"),
    "whitespace": lambda metadata, _pre: ByteLevelTokenizer(
        metadata, "whitespace", lowercase=metadata.flag("tokenizer.ggml.normalizer.lowercase", False)),
}
