"""What layers of one model may differ in."""

from dataclasses import dataclass

from host.arch.rope import Rope

__all__ = ["LayerKind"]


@dataclass(frozen=True)
class LayerKind:
    """What sets a layer apart from others of the same model.

    Parameters
    ----------
    rope : Rope or None
        How queries and keys are rotated; None if they are not.
    window : int or None
        None if a token sees all others. In a decoder it sees itself and ``window - 1`` before it, in an encoder those
        that are at most ``window // 2`` away on either side.
    sinks : int
        In a decoder with a window, first positions of the text that every token sees as well.
    """

    rope: Rope | None = None
    window: int | None = None
    sinks: int = 0
