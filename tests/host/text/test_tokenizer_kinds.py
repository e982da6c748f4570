"""WordPiece, unigram, RWKV, PLaMo 2 and byte pairs without an alphabet of bytes, on small vocabularies of our own."""

import io

import numpy as np
import pytest
import sentencepiece

from host.errors import CelosiaError
from host.gguf.file import GGUFFile
from host.text import tokenizer

T = "tokenizer.ggml."
NONE = dict.fromkeys((T + "scores", T + "bos_token_id", T + "eos_token_id", T + "unknown_token_id"))


def load(write_gguf, kind, tokens, types=None, **changes):
    keys = {T + "model": kind, T + "tokens": tokens, T + "token_type": types} | {
        T + key: value for key, value in changes.items()}
    return tokenizer.load(GGUFFile(write_gguf(NONE | keys)))


BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u2581hello", "\u2581hell", "o", "\u2581world", "\u2581,",
        "\u2581!", "\u2581\u4f60", "\u2581un", "aff", "able", "\u2581it", "\u2581'", "\u2581s", "\u2581\u1100",
        "\u1161", "\u2581Hello"]
BERT_TYPES = [3, 3, 3, 3, 3] + [1] * 16


def bert(write_gguf, **changes):
    return load(write_gguf, "bert", BERT, BERT_TYPES, **{
        "bos_token_id": 2, "seperator_token_id": 3, "unknown_token_id": 1} | changes)


@pytest.mark.parametrize("text, ids", [
    ("hello world", [5, 8]),
    ("  HELLO,\tWorld!\n", [5, 9, 8, 10]),
    ("h\u00e9ll\u00f6", [5]),
    ("hel\u200dlo\x00\ufffd", [5]),
    ("unaffable", [12, 13, 14]),
    ("unaffablex hello", [1, 5]),
    ("hello\u4f60world", [5, 11, 8]),
    ("it's", [15, 16, 17]),
    ("\uac00", [18, 19]),
    ("[CLS]", [1, 1, 1]),
    ("", []),
])
def test_word_piece(write_gguf, text, ids):
    assert bert(write_gguf).encode(text, bos=False) == ids


def test_word_piece_between_cls_and_sep(write_gguf):
    tokens = bert(write_gguf)
    assert tokens.encode("hello", end=True) == [2, 5, 3]
    assert tokens.encode("hello") == [2, 5]
    assert tokens.encode("hello [MASK]", bos=False, special=True) == [5, 4]
    assert tokens.encode("hello [MASK]", bos=False) == [5, 1, 1, 1]


def test_word_piece_as_the_file_says(write_gguf):
    keeps_case = bert(write_gguf, **{"normalizer.lowercase": False})
    assert keeps_case.encode("Hello hello", bos=False) == [20, 5]
    keeps_accents = bert(write_gguf, **{"normalizer.strip_accents": False})
    assert keeps_accents.encode("HELLO h\u00e9llo", bos=False) == [5, 1]


def test_word_piece_back_to_text(write_gguf):
    tokens = bert(write_gguf)
    assert tokens.decode([2, 5, 9, 8, 10, 3]) == "hello, world!"
    assert tokens.decode([15, 16, 17, 12, 13, 14, 1]) == "it's unaffable [UNK]"
    assert tokens.decode([2, 5, 3], special=True) == "[CLS] hello[SEP]"


def test_word_piece_without_keys(write_gguf):
    """Ids of BERT itself, as llama.cpp has them."""
    tokens = load(write_gguf, "bert", [f"\u2581w{id}" for id in range(110)])
    assert (tokens.bos, tokens.unknown) == (101, 100)
    assert tokens.encode("w5 x", end=True) == [101, 5, 100, 102]


SENTENCES = 20 * [
    "the cat sat on the mat", "a cat and a dog", "the dog ran to the cat", "caf\u00e9 na\u00efve \u6f22\u5b57"]


@pytest.fixture(scope="module", params=[(True, True), (False, True), (False, False)], ids=str)
def unigram(request):
    """(sentencepiece's processor, keys of a GGUF file) of a model with normalisation."""
    merge, prefix = request.param
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=model, vocab_size=60, model_type="unigram",
        normalization_rule_name="nmt_nfkc", add_dummy_prefix=prefix, remove_extra_whitespaces=merge,
        hard_vocab_limit=False, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, minloglevel=2, user_defined_symbols=["<x>"])
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    count = processor.vocab_size()
    kinds = [3 if processor.is_control(id) else 2 if processor.is_unknown(id) else
             4 if processor.id_to_piece(id) == "<x>" else 1 for id in range(count)]
    return processor, {
        T + "model": "t5", T + "tokens": [processor.id_to_piece(id) for id in range(count)], T + "token_type": kinds,
        T + "scores": [processor.get_score(id) for id in range(count)], T + "add_space_prefix": prefix,
        T + "remove_extra_whitespaces": merge, T + "precompiled_charsmap": charsmap(model.getvalue())}


def charsmap(proto):
    """``normalizer_spec.precompiled_charsmap`` of a sentencepiece model, in protobuf's encoding."""
    return dict(fields(dict(fields(proto))[3]))[2]


def fields(message):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            value |= (message[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if message[at - 1] < 0x80:
                return value

    while at < len(message):
        key = number()
        if key & 7 == 2:
            size = number()
            yield key >> 3, message[at:at + size]
            at += size
        elif key & 7 == 5:
            at += 4
        else:
            yield key >> 3, number()


TEXTS = ["the cat", "  the   cat  ", "the\tdog\n", "\uff34\uff48\uff45 \ufb01sh \u2460", "\u4e00\u4e8c cat \u4e09",
         "cafe\u0301", "x", "\u00a0cat", "zzz qqq", "cat cat cat", "\U0001f600"]


def test_unigram(write_gguf, unigram):
    """As sentencepiece itself, normalisation included."""
    processor, keys = unigram
    tokens = tokenizer.load(GGUFFile(write_gguf(NONE | keys)))
    random = np.random.default_rng(3)
    texts = TEXTS + ["".join(random.choice(list("thecatdogsn \u00e9\uff41\u3000\u6f22"), 15)) for _ in range(60)]
    for text in texts:
        assert tokens.encode(text) == processor.encode(text), repr(text)
    assert tokens.encode("the cat", end=True) == processor.encode("the cat") + [1]
    assert tokens.decode(tokens.encode("the cat")) == "the cat"


def test_unigram_parts(write_gguf, unigram):
    """A text is cut at user-defined tokens first, and each piece is a text of its own, as in llama.cpp."""
    processor, keys = unigram
    tokens = tokenizer.load(GGUFFile(write_gguf(NONE | keys)))
    symbol = processor.piece_to_id("<x>")
    assert tokens.encode("cat<x>dog") == processor.encode("cat") + [symbol] + processor.encode("dog")


@pytest.mark.parametrize("table", [bytes(3), bytes([8, 0, 0, 0]) + bytes(8), bytes([255, 0, 0, 0, 1, 0]), "x"], ids=str)
def test_unigram_with_a_bad_table(write_gguf, table):
    path = write_gguf(NONE | {T + "model": "t5", T + "tokens": ["<pad>", "</s>", "<unk>", "a"],
                              T + "token_type": [3, 3, 2, 1], T + "precompiled_charsmap": table})
    with pytest.raises(CelosiaError) as caught:
        tokenizer.load(GGUFFile(path))
    assert str(caught.value) == (
        f"{path}: metadata key 'tokenizer.ggml.precompiled_charsmap' must be a table of replacements as sentencepiece "
        f"compiles it, not {f'a list of {len(table)}' if isinstance(table, bytes) else repr(table)}")


def test_unigram_with_a_table_that_leads_nowhere(write_gguf):
    path = write_gguf(NONE | {T + "model": "t5", T + "tokens": ["<pad>", "</s>", "<unk>", "a"],
                              T + "token_type": [3, 3, 2, 1],
                              T + "precompiled_charsmap": bytes([4, 0, 0, 0, 0, 0xFF, 0, 0, 0])})
    tokens = tokenizer.load(GGUFFile(path))
    with pytest.raises(CelosiaError, match="precompiled_charsmap' must be a table of replacements as sentencepiece "
                                           "compiles it, not a list of 9$"):
        tokens.encode("a")


def rwkv(write_gguf, **changes):
    return load(write_gguf, "rwkv", ["<s>", "a", "ab", "abc", "\\n", "\\xe4\\xbd", "\\xa0", "\\\\", " "],
                [3] + [1] * 8, **changes)


def test_rwkv(write_gguf):
    tokens = rwkv(write_gguf)
    assert tokens.encode("abab abca\n\u4f60\\") == [2, 2, 8, 3, 1, 4, 5, 6, 7]
    assert tokens.decode([2, 2, 8, 3, 1, 4, 5, 6, 7]) == "abab abca\n\u4f60\\"
    with pytest.raises(CelosiaError, match="text must be of what the vocabulary has tokens for, which the byte 0x7a is "
                                           "not$"):
        tokens.encode("az")
    assert rwkv(write_gguf, unknown_token_id=0).encode("az") == [1, 0]


PLAMO = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "a", "b", "ab", "abc", "c"]


def plamo2(write_gguf, tokens=PLAMO):
    return load(write_gguf, "plamo2", tokens, [2, 3, 3] + [6] * 256 + [1] * 5,
                scores=[0.0] * 259 + [-1.0, -1.0, -1.5, -4.0, -1.0])


def test_plamo2(write_gguf):
    """The best sum, and of equal ones the longer first token; bytes for what is in no token."""
    tokens = plamo2(write_gguf)
    assert tokens.encode("abc") == [261, 263]
    assert tokens.encode("ab") == [261]
    assert tokens.encode("\ufeffba\u00e9") == [260, 259, 3 + 0xC3, 3 + 0xA9]
    assert tokens.decode(tokens.encode("abcab\u4f60")) == "abcab\u4f60"
    assert tokens.bos == 1


def test_plamo2_without_a_byte(write_gguf):
    with pytest.raises(CelosiaError, match=r"'tokenizer\.ggml\.tokens' must be a list with a token for the byte 0x07, "
                                           "not a list of 264$"):
        plamo2(write_gguf, PLAMO[:10] + ["w"] + PLAMO[11:])


GEMMA4 = ["<pad>", "<bos>", "<eos>", *(f"<0x{byte:02X}>" for byte in range(256)), *"\u2581abc\n", "\u2581a", "ab",
          "\n\n", "<turn|>"]


def test_gemma4(write_gguf):
    """Characters, not bytes, and a space is one of them; lines are merged by themselves."""
    tokens = load(write_gguf, "gemma4", GEMMA4, [3, 3, 3] + [6] * 256 + [1] * 8 + [3], bos_token_id=1,
                  add_bos_token=False, merges=["\u2581 a", "a b"])
    assert tokens.encode("ab a\n\nc\u00e9") == [1, 265, 264, 266, 262, 3 + 0xC3, 3 + 0xA9]
    assert tokens.decode(tokens.encode("ab a\n\nc\u00e9")) == "ab a\n\nc\u00e9"
    assert 267 in tokens.stop


def test_whitespace(write_gguf):
    tokens = load(write_gguf, "whitespace", ["<unk>", *"abc", "ab"], [2, 1, 1, 1, 1], merges=["a b"],
                  unknown_token_id=0, **{"normalizer.lowercase": True})
    assert tokens.encode(" AB\tabc x ") == [4, 4, 3, 0]
