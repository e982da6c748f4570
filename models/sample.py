"""Continues a prompt with the demo model in PyTorch: ``python -m models.sample --prompt "One day"``."""

import argparse
from pathlib import Path

import torch

from .gguf_file import read_gguf
from .tokens import BOS, EOS


__all__ = ["sample", "main"]


@torch.no_grad()
def sample(model, tokenizer, prompt, *, temperature=0.0, seed=0, tokens=255):
    """The prompt and its continuation, until the model ends it or the context is full.

    Parameters
    ----------
    model : Llama
    tokenizer : sentencepiece.SentencePieceProcessor
    prompt : str
        May be empty: then the model begins the story itself.
    temperature : float
        0 always takes the likeliest token, the lowest id of equals.
    seed : int
        Of the draws when ``temperature`` is positive.
    tokens : int
        New tokens at most.

    Returns
    -------
    text : str
    finished : bool
        Whether the model wrote the end of the story.

    Raises
    ------
    ValueError
        When the temperature is negative.
    """
    if temperature < 0:
        raise ValueError(f"Temperature must be 0 or more, not {temperature!r}")
    draw = torch.Generator().manual_seed(seed)
    ids = [BOS, *(tokenizer.encode(prompt) if prompt else [])]
    for _ in range(min(tokens, model.shape.context - len(ids))):
        logits = model(torch.tensor([ids]))[0, -1]
        if temperature == 0:
            token = int(logits.argmax())
        else:
            token = int(torch.multinomial(torch.softmax(logits / temperature, 0), 1, generator=draw))
        if token == EOS:
            return tokenizer.decode(ids), True
        ids.append(token)
    return tokenizer.decode(ids), False


def main():
    """Command line: prints one story for each seed."""
    parser = argparse.ArgumentParser(prog="python -m models.sample", description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, default=Path(__file__).with_name("demo.gguf"),
                        help="GGUF file of models.train (default models/demo.gguf)")
    parser.add_argument("--prompt", default="", help="how the story begins (default: the model decides)")
    parser.add_argument("--temperature", type=float, default=0.0, help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first story (default %(default)s)")
    parser.add_argument("--count", type=int, default=1,
                        help="stories, with rising seeds (default %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = read_gguf(options.model)
    for seed in range(options.seed, options.seed + options.count):
        text, finished = sample(model, tokenizer, options.prompt, temperature=options.temperature, seed=seed)
        print(text if finished else f"{text} (no end within the context)")


if __name__ == "__main__":
    main()
