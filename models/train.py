"""Trains the demo model and writes its GGUF file: ``python -m models.train``."""

import argparse
import itertools
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from .gguf_file import read_gguf, write_gguf
from .llama import Llama, Shape
from .stories import stories
from .tokens import pack_rows, train_tokenizer


__all__ = ["train", "evaluate", "main"]


TOKENIZER_STORIES = 20_000
HELD_OUT_STORIES = 1_000
# Seeds of the streams of stories: far from each other, and none of them the user's seed itself.
TOKENIZER_SEED, TRAIN_SEED, HELD_OUT_SEED = 1_000_000, 2_000_000, 3_000_000


def batches(rows, size):
    """Groups rows of ``pack_rows`` into (ids, target, story) tensors of shape (size, length)."""
    while group := list(itertools.islice(rows, size)):
        yield tuple(torch.from_numpy(np.stack(part)) for part in zip(*group, strict=True))


def loss_of(model, ids, target, story, reduction="mean"):
    """Cross-entropy in nats per token."""
    return F.cross_entropy(model(ids, story).flatten(0, 1), target.flatten(), ignore_index=-1,
                           reduction=reduction)


@torch.no_grad()
def evaluate(model, tokenizer, *, seed, count=HELD_OUT_STORIES):
    """Mean loss on stories that no training stream draws.

    Parameters
    ----------
    model : Llama
    tokenizer : sentencepiece.SentencePieceProcessor
    seed : int
        The seed of the training run.
    count : int
        Stories to judge by.

    Returns
    -------
    float
        Nats per token, the end of each story included.
    """
    rows = pack_rows(stories(HELD_OUT_SEED + seed, count), tokenizer, model.shape.context)
    total = tokens = 0
    for ids, target, story in batches(rows, 16):
        total += loss_of(model, ids, target, story, "sum").item()
        tokens += (target >= 0).sum().item()
    return total / tokens


def learning_rate(step, steps, peak, warmup=100):
    """Linear warm-up, then half a cosine down to 2 % of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return peak * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(shape, *, steps, seed, batch=16, peak=3e-3, log=print):
    """Trains from scratch on an endless stream of fresh stories.

    Float32 throughout; equal arguments and one thread give equal weights on the same machine.

    Parameters
    ----------
    shape : Shape
    steps : int
        Optimizer steps, each on ``batch`` rows of ``shape.context`` tokens.
    seed : int
        Chooses the initial weights and the stories.
    batch : int
    peak : float
        Highest learning rate of AdamW.
    log : callable
        Receives progress lines.

    Returns
    -------
    model : Llama
    tokenizer : sentencepiece.SentencePieceProcessor
    """
    torch.manual_seed(seed)
    tokenizer = train_tokenizer(stories(TOKENIZER_SEED + seed, TOKENIZER_STORIES), shape.vocab)
    model = Llama(shape)
    matrices = [p for p in model.parameters() if p.ndim == 2]
    norms = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [dict(params=matrices, weight_decay=0.1), dict(params=norms, weight_decay=0.0)], betas=(0.9, 0.98))
    endless = itertools.chain.from_iterable(
        stories(TRAIN_SEED + seed + 1000 * part, 1000) for part in itertools.count())
    stream = batches(pack_rows(endless, tokenizer, shape.context), batch)
    began = time.monotonic()
    for step, (ids, target, story) in zip(range(steps), stream):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, peak)
        loss = loss_of(model, ids, target, story)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 99 or step == steps - 1:
            log(f"step {step + 1} of {steps}  loss {loss.item():.4f}  {time.monotonic() - began:.0f} s")
    return model.eval(), tokenizer


def main():
    """Command line: trains, writes the file, judges the file as written."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("--steps", type=int, default=3000, help="optimizer steps (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch (default %(default)s)")
    parser.add_argument("--ffn", type=int, default=512, help="feed-forward length (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("demo.gguf"),
                        help="GGUF file to write (default models/demo.gguf)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    model, tokenizer = train(Shape(ffn=options.ffn), steps=options.steps, seed=options.seed)
    before = evaluate(model, tokenizer, seed=options.seed)
    parameters = write_gguf(options.out, model, tokenizer, name="Celosia Stories")
    after = evaluate(*read_gguf(options.out), seed=options.seed)
    print(f"{options.out}: {parameters:,} parameters, {options.out.stat().st_size:,} bytes")
    print(f"held-out stories: loss {before:.4f} in float32, {after:.4f} as written "
          f"(perplexity {math.exp(after):.4f} per token)")


if __name__ == "__main__":
    main()
