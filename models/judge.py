"""Counts flawed stories among many that the model writes: ``python -m models.judge``."""

import argparse
import re
from collections import Counter
from pathlib import Path

import torch

from .gguf_file import read_gguf
from .sample import sample
from .stories import stories


__all__ = ["flaws", "main"]


_WORD = re.compile(r"[A-Za-z]+")
# Two groups that must differ, and two that must be equal.
_DIFFERENT = {
    "friend named like the hero":
        r"named (\w+)\b.*?\b(?:friend named|his friend|her friend|There \w+ saw) (\w+)",
    "found where it was not": r"looked ([a-z ]+), but the.* looked ([a-z ]+), and there it was",
}
_EQUAL = {"changed colour": r"had an? (\w+) \w+\..* saw something (\w+)"}


def known_words(seed=4_000_000, count=20_000):
    """The words of many stories: (those in small letters, those that have a capital only as the first word).

    What begins with a capital and is not in the second set is a name.
    """
    text = " ".join(stories(seed, count))
    words = set(_WORD.findall(text))
    inside = set(re.findall(r"[a-z,] ([A-Z][a-z]*)", text)) - {"I"}
    return ({word for word in words if word[0].islower()},
            {word for word in words if word[0].isupper()} - inside)


def flaws(text, finished, words):
    """What is wrong with one story, as far as a program can tell.

    Parameters
    ----------
    text : str
    finished : bool
        Whether the model ended it.
    words : pair of set of str
        From ``known_words``.

    Returns
    -------
    list of str
        Empty for a story without a known flaw.
    """
    small, openers = words
    found = [] if finished else ["no end"]
    used = Counter(_WORD.findall(text))
    found += [f"unknown word {word}" for word in used if word[0].islower() and word not in small]
    names = {word: count for word, count in used.items() if word[0].isupper() and word not in openers}
    if len(names) > 3:
        found.append(f"{len(names)} names")
    # Whoever is part of a plot speaks or is spoken to later on; only the giver of food is named once.
    found += [f"{name} named once" for name, count in names.items()
              if count == 1 and f"from {name}." not in text]
    for patterns, wrong in ((_DIFFERENT, True), (_EQUAL, False)):
        for flaw, pattern in patterns.items():
            if (match := re.search(pattern, text)) and (match[1] == match[2]) is wrong:
                found.append(f"{flaw} ({match[1]}, {match[2]})")
    return found


def main():
    """Command line: prints each flawed story and the count."""
    parser = argparse.ArgumentParser(prog="python -m models.judge", description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, default=Path(__file__).with_name("demo.gguf"),
                        help="GGUF file of models.train (default models/demo.gguf)")
    parser.add_argument("--count", type=int, default=200, help="stories (default %(default)s)")
    parser.add_argument("--temperature", type=float, default=0.8, help="(default %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    words = known_words()
    false_alarms = sum(bool(flaws(text, True, words)) for text in stories(5_000_000, 2000))
    print(f"the generator's own stories: {false_alarms} of 2000 with a flaw")
    model, tokenizer = read_gguf(options.model)
    flawed = 0
    for seed in range(options.count):
        text, finished = sample(model, tokenizer, "", temperature=options.temperature, seed=seed)
        if found := flaws(text, finished, words):
            flawed += 1
            print(f"seed {seed}, {', '.join(found)}: {text}")
    print(f"the model's stories: {flawed} of {options.count} with a flaw")


if __name__ == "__main__":
    main()
