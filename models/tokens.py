"""Text to training rows: the SentencePiece vocabulary and the packing of whole stories into rows."""

import io

import numpy as np
import sentencepiece


__all__ = ["train_tokenizer", "encode", "pack_rows", "BOS", "EOS"]


BOS, EOS = 1, 2


def train_tokenizer(texts, size):
    """Trains a byte-pair vocabulary in the layout of Llama's: <unk>, <s>, </s>, 256 bytes, pieces.

    Parameters
    ----------
    texts : iterable of str
    size : int
        Entries altogether.

    Returns
    -------
    sentencepiece.SentencePieceProcessor
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=size, model_type="bpe",
        byte_fallback=True, split_digits=True, character_coverage=1.0,
        # GGUF has no field for normalisation rules, so there must be none.
        normalization_rule_name="identity", remove_extra_whitespaces=False,
        num_threads=1, minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def encode(tokenizer, text):
    """<s>, the text, </s> as a list of ids."""
    return [BOS, *tokenizer.encode(text), EOS]


def pack_rows(texts, tokenizer, length, pool=16):
    """Packs whole stories into rows and yields them without end, if the texts have none.

    A row takes, out of ``pool`` waiting stories, always the longest that still fits, so that little of it
    stays empty.

    Parameters
    ----------
    texts : iterator of str
    tokenizer : sentencepiece.SentencePieceProcessor
    length : int
        Tokens in a row; longer stories are refused.
    pool : int
        Stories to choose from.

    Yields
    ------
    (ids, target, story) : int64 arrays of shape (length,)
        ``target`` is -1 where there is nothing to predict, ``story`` numbers the stories of the row.

    Raises
    ------
    ValueError
        When a story is longer than a row.
    """
    texts = iter(texts)
    waiting = []
    while True:
        ids = np.zeros(length + 1, np.int64)
        target = np.full(length + 1, -1, np.int64)
        story = np.full(length + 1, -1, np.int64)
        used = count = 0
        while True:
            while len(waiting) < pool and (text := next(texts, None)) is not None:
                waiting.append(encode(tokenizer, text))
                if len(waiting[-1]) - 1 > length:
                    raise ValueError(f"Story must have at most {length} tokens, not {len(waiting[-1]) - 1}")
            # The last token of a story is only ever a target.
            fitting = [item for item in waiting if used + len(item) - 1 <= length]
            if not fitting:
                break
            item = max(fitting, key=len)
            waiting.remove(item)
            end = used + len(item) - 1
            ids[used:end], target[used:end], story[used:end] = item[:-1], item[1:], count
            used, count = end, count + 1
        if not count:
            return
        yield ids[:length], target[:length], story[:length]
