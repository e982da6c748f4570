"""What lies between an SD card and its reader."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["PIN_LATENCY", "SdPins"]

PIN_LATENCY = 2
"""Cycles between the reader and what it sees of its own doing: a register at every pin on the way out, and one on the
way in."""

SdPins = wiring.Signature({
    "clk": Out(1),
    "cmd_o": Out(1, init=1),
    "cmd_oe": Out(1),
    "cmd_i": In(1, init=1),
    "dat_i": In(4, init=0b1111),
})
"""The lines of a card in SD mode, as its reader has them. The data lines go one way: nothing is written to a card.

Who connects them to pins puts a register behind each, an input's as an output's (``PIN_LATENCY``), and a pull-up on
``cmd`` and ``dat``."""
