"""Vocabulary training and the packing of stories into rows."""

import itertools

import numpy as np
import pytest

from models.stories import stories
from models.tokens import BOS, EOS, encode, pack_rows, train_tokenizer


LENGTH = 256


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(stories(3, 2000), 768)


def test_layout(tokenizer):
    assert tokenizer.vocab_size() == 768
    assert [tokenizer.id_to_piece(i) for i in range(3)] == ["<unk>", "<s>", "</s>"]
    assert [tokenizer.id_to_piece(i) for i in range(3, 259)] == [f"<0x{byte:02X}>" for byte in range(256)]


def test_encode_is_lossless(tokenizer):
    for text in itertools.chain(stories(4, 50), ("two  spaces", "\u00fcber 42 \u732b\n", " lead")):
        ids = encode(tokenizer, text)
        assert (ids[0], ids[-1]) == (BOS, EOS)
        assert tokenizer.decode(ids[1:-1]) == text


def test_rows_hold_every_story_once_and_whole(tokenizer):
    texts = list(stories(5, 300))
    found = []
    filled = rows = 0
    for ids, target, story in pack_rows(texts, tokenizer, LENGTH):
        assert ids.shape == target.shape == story.shape == (LENGTH,)
        for number in range(story.max() + 1):
            inside = np.flatnonzero(story == number)
            assert np.array_equal(inside, np.arange(inside[0], inside[-1] + 1))
            assert np.array_equal(ids[inside][1:], target[inside][:-1])
            assert ids[inside[0]] == BOS and target[inside[-1]] == EOS
            found.append(tokenizer.decode(ids[inside][1:].tolist()))
        assert np.all(target[story < 0] == -1) and np.all(target[story >= 0] >= 0)
        filled += (story >= 0).sum()
        rows += 1
    assert sorted(found) == sorted(texts)
    assert filled > 0.75 * rows * LENGTH


def test_rows_from_an_endless_stream(tokenizer):
    rows = pack_rows(itertools.cycle(["Once upon a time."]), tokenizer, LENGTH)
    assert len(list(itertools.islice(rows, 3))) == 3


def test_a_story_longer_than_a_row_is_refused(tokenizer):
    text = next(stories(6, 1))
    length = len(encode(tokenizer, text)) - 1
    assert len(list(pack_rows([text], tokenizer, length))) == 1
    with pytest.raises(ValueError, match=f"^Story must have at most {length - 1} tokens, not {length}$"):
        list(pack_rows([text], tokenizer, length - 1))
