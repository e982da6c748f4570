"""Rotary position embedding: its scaling and its table."""

import numpy as np

from host.arch.position_table import PositionTable

__all__ = ["rope_scale", "rope_table"]


def rope_scale(keys):
    """What positions are divided by.

    A factor without a type is one of linear scaling, and a factor of 0 none, as ggml's users write them;
    ``rope.scale_linear`` is the former name of ``rope.scaling.factor``.

    Parameters
    ----------
    keys : host.arch.keys.Keys

    Returns
    -------
    float

    Raises
    ------
    CelosiaError
        If the scaling is of another type, or its factor no number.
    """
    former = keys.factor("rope.scale_linear", 1.0)
    factor = keys.factor("rope.scaling.factor", 1.0) if "rope.scaling.factor" in keys else former
    kind = keys.text("rope.scaling.type", default="linear")
    if kind not in ("none", "linear"):
        keys.fail("rope.scaling.type", "'none' or 'linear'", kind)
    return factor if kind == "linear" else 1.0


def rope_table(hyperparameters):
    """Rotary factors of a head whose adjacent pairs turn together.

    Element 2i and 2i + 1 of a head are turned by ``position * frequency[i]``: both are multiplied with the cosine, and
    the other one with minus and plus the sine. Elements that are not rotated have 1 and 0.

    Returns
    -------
    PositionTable
        Its vectors are the cosines and the signed sines.
    """
    hp = hyperparameters

    def values(positions):
        table = np.zeros((len(positions), 2, hp.head_dim))
        angles = positions[:, None] * hp.rope_frequencies()
        table[:, 0] = 1
        table[:, 0, :hp.rope_dim] = np.repeat(np.cos(angles), 2, axis=1)
        table[:, 1, 0:hp.rope_dim:2] = -np.sin(angles)
        table[:, 1, 1:hp.rope_dim:2] = np.sin(angles)
        return table

    return PositionTable(parts=2, width=hp.head_dim, values=values)
