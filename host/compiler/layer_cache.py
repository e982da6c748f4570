"""Where the K and V of a layer lie."""

from dataclasses import dataclass

from gateware.window import Window

__all__ = ["LayerCache", "layer_window"]


def layer_window(hp, kind):
    """What tokens see of those before them in layers of a kind: Window; None if they see all, or later ones as well."""
    return None if kind.window is None or not hp.causal else Window(kind.window, kind.sinks)


@dataclass(frozen=True)
class LayerCache:
    """Room for the K and V of a layer, the same for every KV head.

    Attributes
    ----------
    window : gateware.window.Window or None
        None if no position of the context ever leaves it.
    most : int or None
        Most elements of what has one for every position; None if that is as long as the context.
    positions : int
        How many there is room for.
    value_row_bytes : int
        From a row of V to the next.
    """

    window: Window | None
    most: int | None
    positions: int
    value_row_bytes: int
