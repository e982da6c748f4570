"""Numbers from which a program computes how far positions are apart."""

from host.arch.position_table import PositionTable

__all__ = ["MIDDLES", "PLACES", "STEP", "distance_tables"]

STEP = 32.0
"""Between neighbours: its square is far beyond the exponents of fp32."""

PLACES = "places"
"""The place of every position, all of them one vector."""

MIDDLES = "middles"
"""What is to be added to places so that a position is at zero: a number for each."""


def distance_tables():
    """The tables of both: dict of str to PositionTable."""
    def places(positions):
        return STEP * positions[:, None, None]

    return {PLACES: PositionTable(parts=1, width=1, values=places, joined=True),
            MIDDLES: PositionTable(parts=1, width=1, values=lambda positions: -places(positions))}
