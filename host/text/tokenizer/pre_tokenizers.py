"""How byte-level vocabularies cut a text before they merge: ``tokenizer.ggml.pre``."""

from dataclasses import dataclass

__all__ = ["PRE_TOKENIZERS", "PreTokenizer"]

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# What came after GPT-2 differs in how many digits stay together.
_LATER = (r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}DIGITS"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
_LLAMA3 = _LATER.replace("DIGITS", "{1,3}")
_QWEN2 = _LATER.replace("DIGITS", "")
_DIGIT = r"\p{N}"
_CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
# Letters with case but for the mathematical alphabets.
_CASED = r"\s?[[\p{Lu}\p{Ll}\p{Lt}]&&[^\x{1D400}-\x{1D7FF}]]+"
_ASCII_AND_WIDE_MARKS = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"


@dataclass(frozen=True)
class PreTokenizer:
    """A way to cut.

    Attributes
    ----------
    patterns : tuple of str
        Regular expressions, each applied to the cuts of the one before; what it does not match stays whole.
    whole_words : bool
        Models that look a whole cut up in the vocabulary before they merge.
    add_bos : bool
        Whether such models expect BOS where the file does not say.
    """

    patterns: tuple[str, ...]
    whole_words: bool = False
    add_bos: bool = False


_KINDS = {
    ("default",): PreTokenizer((r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", r"[0-9][0-9][0-9]")),
    ("gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "trillion", "exaone4", "gigachat"): PreTokenizer((_GPT2,)),
    ("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"): PreTokenizer(
        (_LLAMA3,), whole_words=True, add_bos=True),
    ("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"): PreTokenizer((_LLAMA3,)),
    ("qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez"): PreTokenizer((_QWEN2,)),
    ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"): PreTokenizer((_DIGIT, _GPT2)),
    ("falcon",): PreTokenizer((r"[\p{P}\$\+<=>\^~\|`]+", _GPT2, r"[0-9][0-9][0-9]")),
    ("deepseek-llm",): PreTokenizer((r"[\r\n]", _CASED, _ASCII_AND_WIDE_MARKS, r"\s+$", _CJK, r"\p{N}+")),
    ("deepseek-coder",): PreTokenizer((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK, _DIGIT)),
}

PRE_TOKENIZERS = {name: kind for names, kind in _KINDS.items() for name in names}
"""`PreTokenizer` by name; several names stand for one."""
