"""The firmware's tokenizers against the host's, on every kind of vocabulary that they know."""

from functools import cache
from pathlib import Path
import random

from hypothesis import given, settings, strategies as st
import pytest

from host.errors import CelosiaError
from host.gguf.file import GGUFFile
from host.paths import data_dir, demo_model
from host.text import tokenizer
from testing.native_tokenizer import NativeTokenizer

DATA = data_dir()
VOCABULARIES = {"demo": demo_model(), "stories260K": DATA / "stories260K" / "stories260K.gguf"} | {
    name: DATA / "vocab" / f"ggml-vocab-{name}.gguf"
    for name in ("llama-spm", "phi-3", "gpt-2", "mpt", "starcoder", "qwen2", "llama-bpe")}
PRES = {"qwen2": ("dbrx",), "gpt-2": ("smollm", "qwen2")}
"""Other pre-tokenizers to be tried with a vocabulary."""

WORDS = (
    "Once upon a time. It's BIG! they'll aren't we'd 'RE 'S ''t 1 12 123 1234 4567890 \u0661\u0662\u0663 \u00be \u00b2 "
    "caf\u00e9 nai\u0308ve \u4f60\u597d \U0001f600\U0001f3fd \u2581 \ufffd \u1e9e \u01c5 \u0301 \ua7cb \U000e0001 <s> "
    "</s> <unk> <|im_end|> <|endoftext|> <|end|> <|assistant|> <|eot_id|> x() {} -> // ... \u2014 \u20ac").split(" ")
BLANKS = (" ", "  ", "   ", "\n", "\r\n", "\n\n \n", "\t", " \t ", "\u00a0", "\u3000", "\u2028", "\x85", "\x0b", "\x1c",
          "")
TEXTS = st.one_of(
    st.lists(st.tuples(st.sampled_from(BLANKS), st.sampled_from(WORDS)), max_size=12).map(
        lambda pairs: "".join(blank + word for blank, word in pairs)),
    st.lists(st.sampled_from("aRE'  .,\n\r019\u00e9\u4f60\u2581\u00a0"), max_size=30).map("".join),
    st.text(max_size=30))


def pair(name, pre=None):
    """A host's tokenizer and the firmware's."""
    return _pair(name, pre)


@cache
def _pair(name, pre):
    path = VOCABULARIES[name]
    if not path.exists():
        pytest.skip(f"{path} is not there")
    host = tokenizer.load(GGUFFile(path), pre=pre)
    return host, NativeTokenizer(host, Path(path))


def encoded(host, text, **options):
    """Ids, or None where the host refuses a text."""
    try:
        return host.encode(text, bos=False, **options)
    except CelosiaError:
        return None


@pytest.mark.parametrize("name, pre", [(name, None) for name in VOCABULARIES] + [
    (name, pre) for name, pres in PRES.items() for pre in pres])
@settings(max_examples=80)
@given(text=TEXTS, special=st.booleans(), begins=st.booleans())
def test_ids(name, pre, text, special, begins):
    host, firmware = pair(name, pre)
    expected = encoded(host, text, special=special, begins=begins)
    assert firmware.encode(text.encode(), special=special, begins=begins) == expected
    if expected is not None:
        stream = host.decode_stream()
        shown = [stream.push(id) for id in expected] + [stream.flush()]
        assert firmware.decode(expected, strips=host.adds_space) == [piece.encode() for piece in shown]


@pytest.mark.parametrize("name", [name for name in VOCABULARIES if name not in ("demo", "stories260K")])
def test_vectors(name):
    """What llama.cpp makes of some texts."""
    _host, firmware = pair(name)
    *texts, rest = Path(f"{VOCABULARIES[name]}.inp").read_bytes().split(b"\n__ggml_vocab_test__\n")
    answers = Path(f"{VOCABULARIES[name]}.out").read_text().splitlines()
    assert len(texts) == len(answers) > 40 and not rest
    for text, answer in zip(texts, answers):
        assert firmware.encode(text) == list(map(int, answer.split()))


@pytest.mark.parametrize("name", ["demo", "gpt-2", "llama-bpe"])
@settings(max_examples=150)
@given(data=st.data())
def test_any_tokens(name, data):
    """Also where they are no character, or half of one: then Python may wait longer until it says so."""
    host, firmware = pair(name)
    ids = data.draw(st.lists(st.integers(0, len(host) - 1) | st.integers(0, 400), max_size=20))
    ids = ids[ids[:1] == [host.bos]:]  # where it is the first, a reply ends
    stream = host.decode_stream(start=True)
    shown, expected = b"", b""
    for piece, text in zip(firmware.decode(ids, strips=host.adds_space), [stream.push(id) for id in ids] + [""]):
        shown, expected = shown + piece, expected + text.encode()
        assert shown.startswith(expected)
    assert shown == expected + stream.flush().encode()


@settings(max_examples=200)
@given(text=st.binary(max_size=24))
def test_bytes_that_are_no_text(text):
    """They are encoded as they are, and shown as Python shows them."""
    host, firmware = pair("demo")
    ids = firmware.encode(text, begins=False)
    assert b"".join(firmware.decode(ids, strips=False)) == text.decode(errors="replace").replace("\u2581", " ").encode()


def test_long_texts():
    """As long as a turn can be."""
    random.seed(1)
    for name in ("demo", "llama-bpe"):
        host, firmware = pair(name)
        for text in ("a" * 4096, "\u2581" * 1365, "".join(random.choices("ab 1'\n", k=4096)), "</s>" * 1024):
            assert firmware.encode(text.encode(), special=True) == host.encode(text, bos=False, special=True)


@pytest.mark.parametrize("name, message", [
    ("falcon", "{}: the pre-tokenizer must be one that a board has: gpt-2, gpt2, "),
    ("deepseek-llm", "{}: the pre-tokenizer must be one that a board has: gpt-2, gpt2, "),
    ("bert-bge", "{}: the vocabulary must be one of merges for a board: its tokens do not come of merging bytes or "
                 "characters"),
])
def test_vocabularies_of_other_kinds_are_refused(data_dir, name, message):
    path = data_dir / "vocab" / f"ggml-vocab-{name}.gguf"
    with pytest.raises(CelosiaError) as caught:
        NativeTokenizer(tokenizer.load(GGUFFile(path)), path)
    assert str(caught.value).startswith(message.format(path))
    assert ", not " in str(caught.value) or name == "bert-bge"
