"""The way of a text through an encoder."""

from dataclasses import dataclass

from host.compiler.part import LayerPart, Part

__all__ = ["EncoderRun", "encoder_runs"]


@dataclass(frozen=True, kw_only=True)
class EncoderRun:
    """A program and the registers that it begins with.

    Parameters
    ----------
    part : Part or LayerPart
    tokens : list of int
        What the program takes for ids.
    position : int
    first : int
        Position of the first token in the text.
    """

    part: Part | LayerPart
    tokens: list
    position: int
    first: int


def encoder_runs(hyperparameters, ids, group):
    """The programs that a text goes through.

    Parameters
    ----------
    hyperparameters : host.arch.hyperparameters.Hyperparameters
    ids : list of int
    group : int
        Most tokens that go together.

    Yields
    ------
    EncoderRun
        A layer begins when all groups have left their keys and values for it. While a token sees the whole text its
        position is the last one, and its own is what it has for an id.
    """
    groups = [range(first, min(first + group, len(ids))) for first in range(0, len(ids), group)]

    def keep(layer, rows):
        return EncoderRun(part=LayerPart(Part.KEEP, layer), tokens=[*rows], position=rows.start, first=rows.start)

    for rows in groups:
        yield EncoderRun(part=Part.ENTER, tokens=ids[rows.start:rows.stop], position=rows.start, first=rows.start)
        yield keep(0, rows)
    for layer in range(hyperparameters.layers):
        for rows in groups:
            yield EncoderRun(part=LayerPart(Part.LAYER, layer), tokens=[*rows], position=len(ids) - 1, first=rows.start)
            yield keep(layer + 1, rows)
