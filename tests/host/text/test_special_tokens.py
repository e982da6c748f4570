"""Special tokens in texts, and what is added around a text."""

import pytest

from host.errors import CelosiaError
from host.gguf.file import GGUFFile
from host.text import tokenizer

T = "tokenizer.ggml."
ALPHABET = [chr(byte) if chr(byte).isprintable() and byte != 0x20 else chr(0x100 + index)
            for index, byte in enumerate(range(256))]
"""Letters of all bytes; those of bytes that no test uses are not the usual ones."""

NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4


def byte_level(write_gguf, special=(), **changes):
    """All bytes, and then the tokens of `special`: (text, type)."""
    texts, types = zip(*special) if special else ((), ())
    keys = {"model": "gpt2", "pre": "gpt-2", "tokens": [*ALPHABET, *texts], "token_type": [1] * 256 + [*types],
            "merges": ["q u"], "scores": None, "bos_token_id": None, "eos_token_id": None} | changes
    other = {key: keys.pop(key) for key in [*keys] if key.startswith("general.")}
    return tokenizer.load(GGUFFile(write_gguf({T + key: value for key, value in keys.items()} | other)))


def test_control_tokens_are_text_unless_asked_for(write_gguf):
    tokens = byte_level(write_gguf, [("<sys>", CONTROL), ("<unk>", UNKNOWN), ("<ud>", USER_DEFINED)])
    text = "a<sys><ud><unk>b"
    assert tokens.encode(text) == [*b"a<sys>", 258, *b"<unk>b"]
    assert tokens.encode(text, special=True) == [*b"a", 256, 258, 257, *b"b"]
    assert tokens.decode([*b"a", 256, 258, *b"b"]) == "a<ud>b"
    assert tokens.decode([*b"a", 256, 258, *b"b"], special=True) == "a<sys><ud>b"
    assert [tokens.is_special(id) for id in (97, 256, 257, 258)] == [False, True, True, True]


def test_longer_tokens_come_first(write_gguf):
    tokens = byte_level(write_gguf, [("<a>", CONTROL), ("x<a>y", CONTROL)])
    assert tokens.encode("x<a>yx<a>", special=True) == [257, *b"x", 256]


def test_ends_that_are_ordinary_words_count_as_special(write_gguf):
    """Their spelling makes them control tokens, whatever their type."""
    tokens = byte_level(write_gguf, [("<|im_end|>", NORMAL), ("<|fim_prefix|>", NORMAL),
                                     ("<|fim_suffix|>", USER_DEFINED), ("<x>", NORMAL)])
    text = "<|im_end|><|fim_prefix|><|fim_suffix|><x>"
    assert tokens.encode(text, special=True) == [256, 257, 258, *b"<x>"]
    assert tokens.encode(text) == [*text.encode()]
    assert tokens.stop == {256}


def test_parts_of_an_answer_are_always_tokens(write_gguf):
    tokens = byte_level(write_gguf, [("<|channel|>", CONTROL), ("<|end|>", CONTROL), ("<|return|>", CONTROL),
                                     ("<|call|>", CONTROL)])
    assert tokens.encode("<|channel|><|end|><|call|>") == [256, 257, *b"<|call|>"]
    assert tokens.stop == {258, 259}
    assert tokens.decode([256, 97, 257, 258]) == "<|channel|>a<|end|>"


@pytest.mark.parametrize("name, ids", [
    ("Phi-3 mini", [256, *b"a  ", 257, *b" b"]),
    ("other", [256, *b" \n a  ", 257, *b" b"]),
])
def test_space_behind_tokens_of_phi3(write_gguf, name, ids):
    tokens = byte_level(write_gguf, [("<|user|>", CONTROL), ("<|endoftext|>", CONTROL)], **{"general.name": name})
    assert tokens.encode("<|user|> \n a  <|endoftext|> b", special=True) == ids


@pytest.mark.parametrize("changes, ids", [
    ({"pre": "jina-v2-de"}, [*b"a", 256, *b" b"]),
    ({"pre": "gpt-2"}, [*b"a ", 256, *b" b"]),
])
def test_space_in_front_of_a_mask(write_gguf, changes, ids):
    tokens = byte_level(write_gguf, [("<mask>", CONTROL)], **changes)
    assert tokens.encode("a <mask> b", special=True) == ids


def test_mask_of_modern_bert(write_gguf):
    tokens = byte_level(write_gguf, [("[MASK]", CONTROL)], **{"general.name": "ModernBERT modern-bert base"})
    assert tokens.encode("a [MASK]b", special=True) == [*b"a", 256, *b"b"]


@pytest.mark.parametrize("changes, ids", [
    ({}, [*b"a"]),
    ({"add_bos_token": True}, [257, *b"a"]),
    ({"add_eos_token": True}, [*b"a", 256]),
    ({"add_bos_token": True, "add_eos_token": True}, [257, *b"a", 256]),
    ({"pre": "tekken"}, [257, *b"a"]),
    ({"pre": "tekken", "add_bos_token": False}, [*b"a"]),
], ids=str)
def test_what_is_added(write_gguf, changes, ids):
    tokens = byte_level(write_gguf, [("</s>", CONTROL), ("<s>", CONTROL)],
                        **{"eos_token_id": 256, "bos_token_id": 257} | changes)
    assert tokens.encode("a", end=True) == ids
    assert tokens.encode("a") == [id for id in ids if id != 256]


def test_part_of_a_text_has_no_space_before_it(write_gguf):
    """A space belongs to the beginning, and to what follows a special token."""
    tokens = tokenizer.load(GGUFFile(write_gguf()))
    assert tokens.encode("a</s>a", bos=False, special=True, begins=False) == [260, 2, 269]
    assert tokens.encode("a</s>a", bos=False, special=True) == [269, 2, 269]


def test_another_pre_tokenizer(write_gguf):
    path = write_gguf({T + "model": "gpt2", T + "pre": "new", T + "tokens": [*ALPHABET, "11"], T + "token_type": None,
                       T + "merges": ["1 1"], T + "scores": None})
    with pytest.raises(CelosiaError, match=r"metadata key 'tokenizer\.ggml\.pre' must be one of default, gpt-2, .*, "
                                           "whitespace, not 'new'$"):
        tokenizer.load(GGUFFile(path))
    assert tokenizer.load(GGUFFile(path), pre="gpt-2").encode("11", bos=False) == [256]
    assert tokenizer.load(GGUFFile(path), pre="qwen2").encode("11", bos=False) == [*b"11"]
    with pytest.raises(CelosiaError, match="^pre must be one of default, gpt-2, .*, whitespace, not 'old'$"):
        tokenizer.load(GGUFFile(path), pre="old")


def test_no_pre_tokenizer_is_worth_a_note(write_gguf):
    path = write_gguf({T + "model": "gpt2", T + "tokens": ALPHABET, T + "token_type": None, T + "merges": ["1 1"],
                       T + "scores": None})
    assert tokenizer.load(GGUFFile(path)).note == (
        f"{path}: no key 'tokenizer.ggml.pre' says how words are cut: 'default' is a guess, --pre NAME is another")
    assert tokenizer.load(GGUFFile(path), pre="default").note is None
