"""Prints stories of the generator, or how varied they are: ``python -m models.stories``."""

import argparse

from . import PLOTS, stories


def main():
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m models.stories", description=__doc__)
    parser.add_argument("--count", type=int, default=3, help="stories (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default %(default)s)")
    parser.add_argument("--statistics", action="store_true", help="print figures instead of the stories")
    options = parser.parse_args()
    if not options.statistics:
        print(*stories(options.seed, options.count), sep="\n\n")
        return
    texts = list(stories(options.seed, options.count))
    lengths = [len(text.split()) for text in texts]
    print(f"{len(PLOTS)} plots, {len(texts)} stories, {len(set(texts))} of them distinct, "
          f"{min(lengths)} to {max(lengths)} words, {sum(lengths) / len(lengths):.1f} on average")


if __name__ == "__main__":
    main()
