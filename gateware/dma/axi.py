"""The channels of AXI that burst adapters use."""

from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AxiAddress", "AxiReadSignature", "AxiWriteSignature", "MOST_BEATS"]

MOST_BEATS = 16
"""Longest burst: that of AXI3, which AXI4 allows as well."""

AxiAddress = data.StructLayout({"address": 32, "more": 4})
"""A burst: byte address, beats after the first. The burst increments, in beats as wide as the port, and is
aligned to them. Everything else is constant: one ID, so that replies come in order; normal, bufferable,
modifiable memory."""


def AxiReadSignature(data_bits):
    """Channels AR and R, as the master sees them."""
    return wiring.Signature({
        "ar": Out(stream.Signature(AxiAddress)),
        "r": In(stream.Signature(data.StructLayout({"data": data_bits, "response": 2, "last": 1}))),
    })


def AxiWriteSignature(data_bits):
    """Channels AW, W and B, as the master sees them."""
    return wiring.Signature({
        "aw": Out(stream.Signature(AxiAddress)),
        "w": Out(stream.Signature(data.StructLayout({"data": data_bits, "strobe": data_bits // 8, "last": 1}))),
        "b": In(stream.Signature(data.StructLayout({"response": 2}))),
    })
