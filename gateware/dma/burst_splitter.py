"""Cuts lines into bursts."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dma.layouts import Line, TaggedBurst

__all__ = ["BurstSplitter", "LineBurst"]

LineBurst = data.StructLayout({"tagged": TaggedBurst, "last": 1})
"""A burst of a line; ``last`` marks the last burst of an instruction's last line."""


class BurstSplitter(wiring.Component):
    """Cuts each line into bursts of at most ``max_burst`` beats that never cross a multiple of ``max_burst``
    words.

    So a burst stays within a DRAM row and within the 4 KiB that AXI allows. Latency two cycles, one burst per
    cycle, also from line to line; ``lines.ready`` depends on ``bursts.ready``, ``bursts`` comes from registers.

    Parameters
    ----------
    max_burst : int
        Longest burst in beats, a power of two of 2..1024.

    Members
    -------
    lines : In(stream of Line)
        Lines of at least one beat.
    bursts : Out(stream of LineBurst)

    Raises
    ------
    ValueError
        If the longest burst is not a power of two of 2..1024.
    """

    lines: In(stream.Signature(Line))
    bursts: Out(stream.Signature(LineBurst))

    def __init__(self, *, max_burst):
        if max_burst not in [1 << n for n in range(1, 11)]:
            raise ValueError(f"Longest burst must be a power of two of 2..1024, not {max_burst!r}")
        self._max_burst = max_burst
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        bits = self._max_burst.bit_length() - 1
        line, new = Signal(Line, reset_less=True), self.lines.payload
        active, valid = Signal(), Signal()
        burst = Signal(LineBurst, reset_less=True)
        # Where the line ends: its last word, counted from the multiple of `max_burst` before the next burst.
        end = Signal(new.beats.shape().width + 1, reset_less=True)
        first, stop, final, advance = line.address[:bits], Signal(bits), Signal(), Signal()
        m.d.comb += [
            final.eq(end[bits:] == 0),
            stop.eq(end[:bits] | (~final).replicate(bits)),
            advance.eq(~valid | self.bursts.ready),
            self.lines.ready.eq(~active | advance & final),
            self.bursts.valid.eq(valid),
            self.bursts.payload.eq(burst),
        ]
        with m.If(advance):
            m.d.sync += [
                valid.eq(active),
                burst.tagged.burst.address.eq(line.address),
                burst.tagged.burst.length.eq(stop - first + 1),
                burst.tagged.index.eq(line.index),
                burst.last.eq(line.last & final),
                # Only right for a burst that is not the last one, which is the only one that uses it.
                line.address.eq(Cat(Const(0, bits), line.address[bits:] + 1)),
                end[bits:].eq(end[bits:] - 1),
            ]
        with m.If(self.lines.ready):
            m.d.sync += [active.eq(self.lines.valid), line.eq(new), end.eq(new.address[:bits] + new.beats - 1)]
        return m
