"""Where two traces part."""

from dataclasses import dataclass

import numpy as np

__all__ = ["TraceDifference", "first_difference"]

_KINDS = ("scratchpad", "scalar", "exponent", "mantissa", "store", "argmax")
"""Kinds of writes in the order in which an instruction's results pass; see `host.engine.trace.Trace`."""

_FP32 = ("scratchpad", "scalar")


@dataclass(frozen=True)
class TraceDifference:
    """A place that two runs of an instruction left with different values.

    Attributes
    ----------
    instruction : int
        Index in the program.
    kind : str
    place : int or tuple of int
        As in `host.engine.trace.Trace`.
    expected, found : int or None
        What was written; None: nothing was.
    """

    instruction: int
    kind: str
    place: int | tuple
    expected: int | None
    found: int | None

    def value(self, written):
        """`written` for people: fp32 as bits and number."""
        if written is None:
            return "nothing"
        if self.kind in _FP32:
            return f"{written:#010x} ({np.uint32(written).view(np.float32)!s})"
        return f"{written:#x}" if self.kind == "store" else str(written)

    def where(self):
        """The place for people."""
        match self.kind, self.place:
            case ("mantissa", (column, element)):
                return f"mantissa {element} of column {column}"
            case ("exponent", (column, block)):
                return f"exponent of block {block} of column {column}"
            case ("store", address):
                return f"DRAM byte {address:#x}"
            case ("argmax", _):
                return "argmax"
            case (kind, place):
                return f"{kind} {place}"


def first_difference(expected, found):
    """The first place, by instruction, kind and place, at which two traces of a token differ.

    Parameters
    ----------
    expected, found : host.engine.trace.Trace

    Returns
    -------
    TraceDifference or None
        None if every instruction wrote the same values to the same places.
    """
    if expected.writes == found.writes:
        return None

    def differs(key):
        return expected.writes.get(key) != found.writes.get(key)

    instruction, kind, place = min(
        filter(differs, expected.writes.keys() | found.writes.keys()),
        key=lambda key: (key[0], _KINDS.index(key[1]), key[2]))
    key = instruction, kind, place
    return TraceDifference(*key, expected.writes.get(key), found.writes.get(key))
