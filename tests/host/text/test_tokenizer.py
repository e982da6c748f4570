"""Tokenizers against llama.cpp's vectors."""

import numpy as np
import pytest

from host.text import tokenizer
from host.errors import CelosiaError
from host.gguf.file import GGUFFile
from host.gguf.model import load
from host.text.tokenizer.pre_tokenizers import PRE_TOKENIZERS

SEPARATOR = "\n__ggml_vocab_test__\n"


VOCABULARIES = {
    "llama-spm", "phi-3", "bert-bge",
    "gpt-2", "llama-bpe", "qwen2", "starcoder", "mpt", "falcon", "deepseek-coder", "deepseek-llm",
}


def read_vectors(data_dir, name):
    """A tokenizer and llama.cpp's (text, ids) pairs, which have no BOS."""
    path = data_dir / "vocab" / f"ggml-vocab-{name}.gguf"
    texts = path.with_name(path.name + ".inp").read_bytes().decode().split(SEPARATOR)
    ids = path.with_name(path.name + ".out").read_text().splitlines()
    assert texts.pop() == ""  # the file ends with a separator
    assert len(texts) == len(ids) == 46
    pairs = [(text, [int(id) for id in line.split()]) for text, line in zip(texts, ids)]
    return tokenizer.load(GGUFFile(path)), pairs


@pytest.fixture(scope="module", params=["llama-spm", "gpt-2"])
def vectors(request, data_dir):
    return read_vectors(data_dir, request.param)


@pytest.mark.parametrize("name", sorted(VOCABULARIES))
def test_vectors(data_dir, name):
    tokens, pairs = read_vectors(data_dir, name)
    for text, ids in pairs:
        assert tokens.encode(text, bos=False) == ids, repr(text)
        if name != "bert-bge":
            assert tokens.decode(ids) == text
        elif tokens.unknown not in ids:  # in lower case and with other spaces, and otherwise the same
            assert tokens.encode(tokens.decode(ids), bos=False) == ids
    assert tokens.encode(pairs[0][0], bos=False) == pairs[0][1]  # no word is remembered wrongly


def test_all_vocabularies_are_tested(data_dir):
    files = {path.stem.removeprefix("ggml-vocab-") for path in (data_dir / "vocab").glob("*.gguf")}
    assert files == VOCABULARIES


def test_stream_is_the_same_text_in_pieces(vectors):
    tokens, pairs = vectors
    text, ids = pairs[-1]
    stream = tokens.decode_stream()
    pieces = [stream.push(id) for id in ids]
    assert "".join(pieces) + stream.flush() == text
    assert "" in pieces  # inside an emoji of four byte tokens
    assert "\ufffd" not in "".join(pieces)


def test_any_text_survives(vectors):
    tokens, _ = vectors
    random = np.random.default_rng(5)
    for _ in range(50):
        points = random.choice([random.integers(1, 0x80), random.integers(0x80, 0xD800),
                                random.integers(0xE000, 0x110000)], 20)
        text = "".join(map(chr, points))
        assert tokens.decode(tokens.encode(text)) == text


def test_control_tokens_are_not_spelled(vectors):
    tokens, _ = vectors
    for text in ("<s>", "</s>", "<|endoftext|>"):
        ids = tokens.encode(text, bos=False)
        assert len(ids) > 1 and tokens.decode(ids) == text
    assert tokens.decode([tokens.bos, *tokens.encode("x", bos=False), tokens.eos]) == "x"


def test_bos(vectors):
    tokens, _ = vectors
    plain = tokens.encode("a", bos=False)
    assert tokens.encode("a", bos=True) == [tokens.bos, *plain]
    expects_bos = tokens.bos == 1
    assert tokens.encode("a") == ([1, *plain] if expects_bos else plain)


def test_id_outside_the_vocabulary(vectors):
    tokens, _ = vectors
    with pytest.raises(ValueError, match=f"^Token id must be 0..{len(tokens) - 1}, not {len(tokens)}$"):
        tokens.decode([len(tokens)])
    with pytest.raises(ValueError, match=f"^Token id must be 0..{len(tokens) - 1}, not -1$"):
        tokens.decode([-1])


def test_half_a_surrogate_pair(vectors):
    tokens, _ = vectors
    with pytest.raises(CelosiaError, match=r"^Text must be valid Unicode, which '\\udcff' at 2 is not$"):
        tokens.encode("ab\udcff")


def test_stories260k(data_dir):
    tokens = tokenizer.load(load(data_dir / "stories260K" / "stories260K.gguf"))
    text = (data_dir / "text" / "tinystories_sample.txt").read_text()
    ids = tokens.encode(text)
    assert ids[0] == tokens.bos == 1 and tokens.stop == {2}
    assert len(ids) < len(text) / 2  # merges happen
    assert tokens.decode(ids) == text
    assert tokens.encode("Once upon a time") == [1, 403, 407, 261, 378]


def test_space_at_the_start_and_in_the_middle(write_gguf):
    tokens = tokenizer.load(load(write_gguf()))
    ids = tokens.encode("a lost", bos=False)
    assert tokens.decode(ids) == "a lost"
    first = tokens.decode_stream().push(ids[0])
    later = tokens.decode_stream(start=False).push(ids[0])
    assert (first, later) == ("a", " a")


def test_no_space_prefix(write_gguf):
    plain = tokenizer.load(load(write_gguf({"tokenizer.ggml.add_space_prefix": False})))
    assert plain.decode(plain.encode(" a")) == " a"
    assert plain.encode(" a", bos=False) == tokenizer.load(load(write_gguf())).encode("a", bos=False)


def test_incomplete_character(write_gguf):
    tokens = tokenizer.load(load(write_gguf()))
    euro = [3 + byte for byte in "\u20ac".encode()]
    stream = tokens.decode_stream()
    assert [stream.push(id) for id in euro] == ["", "", "\u20ac"]
    assert [stream.push(id) for id in euro[:2]] == ["", ""]
    assert stream.flush() == "\ufffd"
    assert tokens.decode([euro[1], *euro]) == "\ufffd\u20ac"


def byte_level(write_gguf, pre, merges=("q u",), more=(), types=()):
    """A vocabulary of all bytes, the results of `merges` and `more`, for byte-level BPE."""
    others = iter(range(0x100, 0x200))
    alphabet = [chr(byte) if chr(byte).isprintable() and byte != 0x20 else chr(next(others))
                for byte in range(256)]
    words = [*alphabet, *(merge.replace(" ", "") for merge in merges), *more]
    return tokenizer.load(GGUFFile(write_gguf({
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": None,
        "tokenizer.ggml.token_type": [1] * (len(words) - len(types)) + list(types),
        "tokenizer.ggml.merges": list(merges),
        "tokenizer.ggml.bos_token_id": None,
        "tokenizer.ggml.eos_token_id": None,
    })))


@pytest.mark.parametrize("pre, text, cuts", [
    ("gpt-2", "1111", ["1111"]),
    ("llama-bpe", "1111", ["11", "1", "1"]),
    ("default", "1111", ["11", "1", "1"]),
    ("smollm", "1111", ["1", "1", "1", "1"]),
    ("gpt-2", "11\n\n11", ["11", "\n", "\n", "11"]),
])
def test_pre_tokenizers_cut_numbers(write_gguf, pre, text, cuts):
    tokens = byte_level(write_gguf, pre, ("1 1", "11 11"))
    assert [tokens.decode([id]) for id in tokens.encode(text)] == cuts


@pytest.mark.parametrize("pre, text, cuts", [
    ("gpt-2", "a'RE", ["a", "'", "RE"]),
    ("llama-bpe", "a'RE", ["a", "'RE"]),
    ("gpt-2", "RE.\n\n", ["RE", ".", "\n\n"]),
    ("llama-bpe", "RE.\n\n", ["RE", ".\n\n"]),
])
def test_pre_tokenizers_cut_words(write_gguf, pre, text, cuts):
    tokens = byte_level(write_gguf, pre, ("R E", "' RE", "\u010a \u010a", ". \u010a\u010a"))
    assert [tokens.decode([id]) for id in tokens.encode(text)] == cuts


def test_whole_words_of_llama_bpe(write_gguf):
    """A word of the vocabulary that no merges lead to is found by llama 3 and not by GPT-2."""
    assert byte_level(write_gguf, "llama-bpe", more=["word"]).encode("word") == [257]
    assert byte_level(write_gguf, "gpt-2", more=["word"]).encode("word") == [*b"word"]


def test_user_defined_token_is_found_in_text(write_gguf):
    tokens = byte_level(write_gguf, "smollm", more=["<think>", "<end>"], types=[4, 3])
    assert tokens.encode("a<think>b<end>") == [*b"a", 257, *b"b<end>"]
    assert tokens.decode([*b"a", 257, 258, *b"b"]) == "a<think>b"


def test_no_bos_to_ask_for(write_gguf):
    with pytest.raises(ValueError, match="^BOS must be left out: this vocabulary has none$"):
        byte_level(write_gguf, "gpt-2").encode("a", bos=True)


@pytest.mark.parametrize("changes, message", [
    ({"tokenizer.ggml.model": "word2vec"},
     "metadata key 'tokenizer.ggml.model' must be one of llama, gpt2, bert, t5, rwkv, plamo2, gemma4, whitespace, not "
     "'word2vec'"),
    ({"tokenizer.ggml.model": "no_vocab"},
     "this model has no tokenizer ('tokenizer.ggml.model' is 'no_vocab'): it takes token ids alone"),
    ({"tokenizer.ggml.model": None}, "metadata key 'tokenizer.ggml.model' is missing"),
    ({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "norse"},
     f"metadata key 'tokenizer.ggml.pre' must be one of {', '.join(PRE_TOKENIZERS)}, not 'norse'"),
    ({"tokenizer.ggml.model": "gpt2"}, "metadata key 'tokenizer.ggml.merges' is missing"),
    ({"tokenizer.ggml.tokens": None}, "metadata key 'tokenizer.ggml.tokens' is missing"),
    ({"tokenizer.ggml.scores": [0.0]},
     "metadata key 'tokenizer.ggml.scores' must be a list of 272 finite numbers, not a list of 1"),
    ({"tokenizer.ggml.scores": [float("nan")] * 272},
     "metadata key 'tokenizer.ggml.scores' must be a list of 272 finite numbers, not a list of 272"),
    ({"tokenizer.ggml.tokens": ["a", "b", "", "", "b", "c"]},
     "metadata key 'tokenizer.ggml.tokens' must be a list of different tokens; 1 and 4 are both 'b'"),
    ({"tokenizer.ggml.token_type": [9] * 272},
     "metadata key 'tokenizer.ggml.token_type' must be a list of numbers from 0 to 6, not 9"),
    ({"tokenizer.ggml.add_bos_token": 1},
     "metadata key 'tokenizer.ggml.add_bos_token' must be true or false, not 1"),
])
def test_unusable_metadata(write_gguf, changes, message):
    path = write_gguf(changes)
    with pytest.raises(CelosiaError) as caught:
        tokenizer.load(GGUFFile(path))
    assert str(caught.value) == f"{path}: {message}"
