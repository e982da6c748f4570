"""Vocabularies as they are found, and what ends a text."""

import pytest

from host.errors import CelosiaError
from host.gguf.file import GGUFFile
from host.gguf.model import load
from host.text import tokenizer

T = "tokenizer.ggml."
TOKENS = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)),
          *"\u2581abcdelost", "\u2581a", "lo", "st"]
TYPES = [2, 3, 3] + [6] * 256 + [1] * 13


def vocabulary(write_gguf, *, tokens=None, types=None, **changes):
    """The micro model's with changes: by id, and to its keys."""
    words, kinds = list(TOKENS), list(TYPES)
    for id, token in (tokens or {}).items():
        words[id] = token
    for id, kind in (types or {}).items():
        kinds[id] = kind
    keys = {T + "tokens": words, T + "token_type": kinds} | {T + key: value for key, value in changes.items()}
    return tokenizer.load(load(write_gguf(keys)))


@pytest.mark.parametrize("text", ["a lost code", " a", "a\u20ac\n", "\x00"])
@pytest.mark.parametrize("changes", [
    {"token_type": None},
    {"scores": None},
    {"types": {0: 3}},
    {"types": {0: 1}},
    {"types": {0: 2, 1: 2, 270: 2}},
    {"types": dict.fromkeys(range(3, 259), 5)},
    {"types": dict.fromkeys(range(3, 259), 1)},
    {"types": {268: 0}},
    {"tokens": {260: "", 261: ""}},
    {"tokens": {268: "\0"}},
], ids=str)
def test_texts_survive(write_gguf, changes, text):
    """Whatever the unknown token and the bytes are said to be."""
    tokens = vocabulary(write_gguf, **changes)
    assert tokens.decode(tokens.encode(text)) == text
    assert tokens.encode("\u20ac", bos=False)[-3:] == [3 + 0xE2, 3 + 0x82, 3 + 0xAC]


def test_token_that_is_no_utf8(write_gguf):
    """It can be generated, as part of a character or not."""
    path = write_gguf({T + "tokens": [*TOKENS[:-2], "xyz", "st"]})
    path.write_bytes(path.read_bytes().replace(b"xyz", b"\xe2\x82\xac"[:2] + b"z"))
    tokens = tokenizer.load(load(path))
    assert tokens.decode([len(TOKENS) - 2, 3 + 0xAC]) == "\ufffdz\ufffd"
    assert tokens.decode(tokens.encode("a lost z")) == "a lost z"


NO_BYTES = {id: f"w{id}" for id in range(3, 259)}


@pytest.mark.parametrize("changes, unknown", [
    ({"types": dict.fromkeys(NO_BYTES, 1)}, 0),
    ({"types": dict.fromkeys(NO_BYTES, 1) | {0: 3, 5: 2}}, 5),
    ({"types": dict.fromkeys(NO_BYTES, 1) | {0: 3}}, 0),
    ({"types": dict.fromkeys(NO_BYTES, 1), "unknown_token_id": 7}, 7),
], ids=str)
def test_unknown_token(write_gguf, changes, unknown):
    """Of the key, or the first of the type, or spelled so; one for all characters in a row."""
    tokens = vocabulary(write_gguf, tokens=NO_BYTES, **changes)
    assert tokens.encode("xyz", bos=False) == [259, unknown]
    assert tokens.encode("xyaz\n", bos=False) == [259, unknown, 260, unknown]


def test_no_token_for_a_character(write_gguf):
    path = write_gguf({T + "tokens": ["w", "<s>", "</s>"] + TOKENS[3:269] + ["lo", "st", "x"],
                       T + "token_type": [1, 3, 3, 1] + TYPES[4:]})
    path.write_bytes(path.read_bytes().replace(b"<0xE2>", b"<0xe2>"))
    tokens = tokenizer.load(load(path))
    with pytest.raises(CelosiaError) as caught:
        tokens.encode("a\u20ac")
    assert str(caught.value) == f"{path}: text must be of what the vocabulary has tokens for, which '\u20ac' is not"


def test_begin_and_end_without_keys(write_gguf):
    """1 and 2 in vocabularies of this kind, as llama.cpp has them."""
    tokens = vocabulary(write_gguf, bos_token_id=None, eos_token_id=None, tokens={2: "end"})
    assert (tokens.bos, tokens.eos, tokens.stop) == (1, 2, {2})


def test_user_defined_tokens(write_gguf):
    """Cut out first, the longest before the others; what follows begins with a space of its own, as in llama.cpp."""
    tokens = vocabulary(write_gguf, tokens={268: "ab", 267: "bcd", 266: "<ud>"}, types={268: 4, 267: 4, 266: 4})
    space, space_a = 259, 269
    assert tokens.encode("abcd", bos=False) == [space_a, 267]
    assert tokens.encode("abc", bos=False) == [268, space, 262]
    assert tokens.encode("<ud>", bos=False) == [266]
    assert tokens.encode("b<ud>c", bos=False) == [space, 261, 266, space, 262]


@pytest.mark.parametrize("spelling", [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<|eom_id|>", "<EOT>",
    "_<EOT>", "[EOT]", "<eos>", "<\uff5cend\u2581of\u2581sentence\uff5c>", "<|file_sep|>", "<PAD>",
])
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_ends_by_spelling(write_gguf, spelling, kind):
    tokens = vocabulary(write_gguf, tokens={268: spelling}, types={268: kind})
    assert tokens.stop == {2, 268}
    assert 268 not in tokens.encode(spelling)


@pytest.mark.parametrize("spellings, ends", [
    (("<|end|>", "<|return|>", "<|call|>"), (1, 2)),
    (("<|end|>", "<|flush|>", "<|calls|>"), (1, 2)),
    (("<|end|>", "<|return|>", "<|flush|>"), (0, 1, 2)),
    (("<|end|>", "<|call|>", "x"), (0, 1)),
])
def test_ends_of_a_part(write_gguf, spellings, ends):
    ids = 266, 267, 268
    tokens = vocabulary(write_gguf, tokens=dict(zip(ids, spellings)))
    assert tokens.stop == {2, *(ids[index] for index in ends)}


def test_end_that_is_an_ordinary_word(write_gguf):
    tokens = vocabulary(write_gguf, tokens={268: "<|tool_response>"}, eos_token_id=1)
    assert tokens.stop == {1, 268}


def test_ends_that_keys_name(write_gguf):
    tokens = vocabulary(write_gguf, eot_token_id=260, eom_token_id=261, fim_pad_token_id=262, fim_rep_token_id=263,
                        fim_sep_token_id=264)
    assert tokens.stop == {2, 260, 261, 262, 263, 264}


def alphabet():
    others = iter(range(0x100, 0x200))
    return [chr(byte) if chr(byte).isprintable() and byte != 0x20 else chr(next(others)) for byte in range(256)]


def byte_level(write_gguf, tokens, merges):
    return tokenizer.load(GGUFFile(write_gguf({
        T + "model": "gpt2", T + "tokens": tokens, T + "token_type": None, T + "scores": None, T + "merges": merges,
        T + "bos_token_id": None, T + "eos_token_id": None, T + "pre": "gpt-2"})))


def test_merges_that_do_not_fit_the_tokens(write_gguf):
    """Their result is merged further, and where it remains it falls apart."""
    tokens = byte_level(write_gguf, [*alphabet(), "abc"], ["a b", "ab c", "x yz", "nonsense", "", "a b"])
    assert tokens.encode("abc") == [256]
    assert tokens.encode("ab") == [*b"ab"]
    assert tokens.encode(" xyz") == [*b" xyz"]


def test_byte_without_a_token(write_gguf):
    letters = alphabet()
    letters[0x7A] = "word"
    with pytest.raises(CelosiaError, match=r"/micro\.gguf: text must be of what the vocabulary has tokens for, which "
                                           r"the byte 0x7a is not$"):
        byte_level(write_gguf, letters, ["a b"]).encode("az")
