"""How byte-pair vocabularies cut a text before they merge: ``tokenizer.ggml.pre``."""

from dataclasses import dataclass

__all__ = ["PRE_TOKENIZERS", "PreTokenizer", "Thousands"]


@dataclass(frozen=True)
class Thousands:
    """Cuts what a regular expression matches into threes, counted from its end, as one writes thousands.

    A step of its own because the regular expressions that say so look at all the digits that follow, for every three
    of them.
    """

    pattern: str


@dataclass(frozen=True)
class PreTokenizer:
    """A way to cut.

    Attributes
    ----------
    steps : tuple of (str or Thousands)
        Regular expressions of Oniguruma, each applied to the cuts of the one before; what it does not match stays
        whole.
    whole_words : bool
        Models that look a whole cut up in the vocabulary before they merge.
    add_bos : bool
        Whether such models expect BOS where the file does not say.
    always_bos : bool
        They expect it even where the file says no.
    byte_level : bool
        Tokens are spelled in an alphabet of 256 characters, one for each byte of UTF-8. Otherwise they are spelled as
        they are, with U+2581 for a space, and bytes that no token covers are tokens like ``<0x0A>``.
    only_words : bool
        White space separates words and is no part of them.
    whole_newlines : bool
        Line ends in a row are looked up before they are merged.
    """

    steps: tuple[str | Thousands, ...]
    whole_words: bool = False
    add_bos: bool = False
    always_bos: bool = False
    byte_level: bool = True
    only_words: bool = False
    whole_newlines: bool = False


_SPACES = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_ENGLISH = r"'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
"""Ends of "it's", "don't" and so on. In ASCII alone: there is a small s that is not, and models do not count it."""

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_DIGIT = r"\p{N}"


def _llama3(digits, *, english=_ENGLISH + "|", letters=r"\p{L}", marks=r" ?[^\s\p{L}\p{N}]+[\r\n]*", spaces=_SPACES):
    """What came after GPT-2 differs in how many digits stay together, and in details."""
    return rf"{english}[^\r\n\p{{L}}\p{{N}}]?{letters}+|\p{{N}}{digits}|{marks}{spaces}"


def _cased(digits, *, english=f"(?:{_ENGLISH})?", letters="", slash="/", first=""):
    """A capital letter within a word begins another one; scripts without case belong to both sides."""
    upper = rf"[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}{letters}]"
    lower = rf"[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}{letters}]"
    before = r"[^\r\n\p{L}\p{N}]?"
    return (rf"{first}{before}{upper}*{lower}+{english}|{before}{upper}+{lower}*{english}|\p{{N}}{digits}"
            rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n{slash}]*{_SPACES}")


def _deepseek3(marks_end=r"[\r\n]*", spaces=_SPACES):
    return (r"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+" + marks_end + spaces)


_HAN_AND_KANA = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
_CJK = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
# Letters with case but for the mathematical alphabets.
_CASED = r"\s?[[\p{Lu}\p{Ll}\p{Lt}]&&[^\x{1D400}-\x{1D7FF}]]+"
_ASCII_AND_WIDE_MARKS = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"
_NO_SENTENCE_MARKS = " ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+"
_EAST_ASIAN = (
    "[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f"
    "\ufe30-\ufe4f]+|[\u3105-\u312f]+|" + _HAN_AND_KANA)
_ASIAN = (
    "[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0e7f"
    "\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+")
_LINES = r"[^\n]+|\n+"
# Runs of spaces in powers of two.
_HALVED_SPACES = "".join(rf"|\s{{{count}}}(?!\S)" for count in (512, 256, 128, 64, 32, 16, 8, 4, "1,2")) + r"|\s"

_NAMES = {
    ("default",): PreTokenizer((r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", r"[0-9][0-9][0-9]")),
    ("gpt-2", "gpt2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "exaone4", "gigachat", "a.x-4.0",
     "mellum", "modern-bert", "roberta-bpe", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
     "jina-v2-code"): PreTokenizer((_GPT2,)),
    ("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"): PreTokenizer(
        (_DIGIT, _GPT2)),
    ("falcon",): PreTokenizer((r"[\p{P}\$\+<=>\^~\|`]+", _GPT2, r"[0-9][0-9][0-9]")),
    ("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"):
        PreTokenizer((_llama3("{1,3}"),), whole_words=True, add_bos=True),
    ("dbrx", "smaug-bpe", "glm4", "chatglm-bpe"): PreTokenizer((_llama3("{1,3}"),)),
    ("jais-2",): PreTokenizer((_llama3("{1,3}", spaces=r"|\s*[\r\n]+" + _HALVED_SPACES),)),
    ("minicpm5",): PreTokenizer((r"\p{N}{1,3}", _llama3("+")), whole_words=True),
    ("qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan", "megrez", "kormo", "f2llmv2", "solar-open", "grok-2"):
        PreTokenizer((_llama3(""),)),
    ("qwen35",): PreTokenizer((_llama3("", letters=r"[\p{L}\p{M}]", marks=r" ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"),)),
    ("ufakzeka",): PreTokenizer((_llama3("", english=""),)),
    ("laguna",): PreTokenizer((_LINES, _llama3(""))),
    ("seed-coder",): PreTokenizer((_llama3("", marks=r" ?[^\s\p{L}\p{N}\r\n]+"),)),
    ("bailingmoe", "bailingmoe2", "llada-moe"): PreTokenizer((_llama3("", spaces=r"|\s*[\r\n]|\s+(?!\S)|\s+"),)),
    ("exaone-moe",): PreTokenizer((_llama3(
        "", letters=r"(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)", marks=r" ?[^\s\p{L}\p{N}]+[\r\n/]?",
        spaces=r"|\s*[\r\n]|\s+(?!\S)|\s+"),)),
    ("tekken",): PreTokenizer((_cased("", english=""),), whole_words=True, add_bos=True),
    ("gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"): PreTokenizer((_cased("{1,3}"),)),
    ("granite-embed-multi-97m",): PreTokenizer((_cased("{1,3}"),), whole_words=True),
    ("tiny_aya", "cohere2moe"): PreTokenizer((Thousands(r"(?<!\d)\d++\b"), _cased("{1,3}"))),
    ("youtu",): PreTokenizer((_EAST_ASIAN, _cased("")), whole_words=True),
    ("kimi-k2",): PreTokenizer((_cased("{1,3}", letters=r"&&[^\p{Han}]", slash="", first=r"\p{Han}+|"),)),
    ("superbpe",): PreTokenizer((r"\p{N}+", Thousands(r"\d+"))),
    ("deepseek-llm",): PreTokenizer((r"[\r\n]", _CASED, _ASCII_AND_WIDE_MARKS, r"\s+$", _CJK, r"\p{N}+")),
    ("deepseek-coder",): PreTokenizer((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK, _DIGIT)),
    ("deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"): PreTokenizer(
        (r"\p{N}{1,3}", _HAN_AND_KANA, _deepseek3())),
    ("spark2_5",): PreTokenizer(
        (r"\p{N}{1,3}", _HAN_AND_KANA, _deepseek3("", r"|[\r\n]|\s+(?!\S)|\s+"), _DIGIT)),
    ("afmoe",): PreTokenizer((Thousands(r"\p{N}+"), _ASIAN, _deepseek3())),
    ("poro-chat", "bloom", "gpt3-finnish"): PreTokenizer((_NO_SENTENCE_MARKS,)),
    ("viking",): PreTokenizer((_NO_SENTENCE_MARKS, _DIGIT)),
    ("chameleon",): PreTokenizer(
        (r"<sentinel:[0-9]+>", r"IMGIMG[A-I]{1,4}Z", r"[\t\n]|    |  ", _DIGIT, r"[\p{P}!-/:-@\[-`{-~]", _GPT2),
        add_bos=True),
    ("gemma4", "granite-embed-multi-311m"): PreTokenizer(
        (_LINES,), always_bos=True, byte_level=False, whole_newlines=True),
    ("sarvam-moe",): PreTokenizer((_LINES,), byte_level=False),
    ("whitespace",): PreTokenizer((r"\S+",), byte_level=False, only_words=True),
}

PRE_TOKENIZERS = {name: kind for names, kind in _NAMES.items() for name in names}
"""`PreTokenizer` by name; several names stand for one. Where llama.cpp approximates a model's expression because its
own engine knows fewer classes (capital and combining letters of tekken, gpt-4o, youtu, tiny_aya and kimi-k2), this is
the model's."""
