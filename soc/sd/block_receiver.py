"""Blocks from the data lines of an SD card."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import crc, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["BLOCK_BYTES", "BlockReceiver"]

BLOCK_BYTES = 512
"""What a card gives at a time."""


class BlockReceiver(wiring.Component):
    """Takes the blocks that a card sends, as bytes, and checks them.

    SD Physical Layer Specification: a zero on each line, the data, a CRC of 16 bits for each line, a one. With one
    line a byte is eight bits, the upper first; with four it is two times four, the upper first, and line 3 has the
    upper bit.

    A pipeline without flow control: bytes come as they come, at most one in two clocks of the card.

    Members
    -------
    run : In(1)
        Take blocks; when it becomes 0 a block that has begun is left.
    wide : In(1)
        Four lines, not one; may change while ``run`` is 0.
    hold : In(1)
        No block may end now.
    stop : Out(1)
        Of :class:`soc.sd.clock.SdClock`: the card has to wait, before the last bit of a block.
    byte : Out(8)
    valid : Out(1)
        ``byte`` is the next one of a block.
    done : Out(1)
        Pulse: a block has ended.
    good : Out(1)
        With ``done``: its CRCs and last bits are right.
    sample : In(1)
        Of :class:`soc.sd.clock.SdClock`.
    dat : In(4)
    """

    run: In(1)
    wide: In(1)
    hold: In(1)
    stop: Out(1)
    byte: Out(8)
    valid: Out(1)
    done: Out(1)
    good: Out(1)
    sample: In(1)
    dat: In(4)

    def elaborate(self, platform):
        m = Module()
        checks = [crc.catalog.CRC16_XMODEM(data_width=1).create() for _ in range(4)]
        for number, check in enumerate(checks):
            m.submodules[f"crc_{number}"] = check
            m.d.comb += check.data.eq(self.dat[number])
        left = Signal(range(BLOCK_BYTES * 8))
        last = left == 0
        begun = Signal(3)  # bits of a byte, or halves of four
        wrong = Signal()
        m.d.sync += [self.valid.eq(0), self.done.eq(0)]
        with m.FSM():
            with m.State("WAIT"):
                m.d.comb += [check.start.eq(1) for check in checks]
                m.d.sync += [left.eq(Mux(self.wide, BLOCK_BYTES * 2 - 1, BLOCK_BYTES * 8 - 1)), begun.eq(0)]
                with m.If(self.run & self.sample & ~self.dat[0]):
                    m.next = "DATA"
            with m.State("DATA"):
                m.d.comb += [check.valid.eq(self.sample) for check in checks]
                with m.If(self.sample):
                    m.d.sync += left.eq(left - 1)
                    with m.If(self.wide):
                        m.d.sync += [
                            self.byte.eq(Cat(self.dat, self.byte)), begun.eq(begun + 4), self.valid.eq(begun[2])]
                    with m.Else():
                        m.d.sync += [
                            self.byte.eq(Cat(self.dat[0], self.byte)), begun.eq(begun + 1), self.valid.eq(begun == 7)]
                    with m.If(last):
                        m.d.sync += left.eq(15)
                        m.next = "CRC"
                with m.If(~self.run):
                    m.next = "WAIT"
            with m.State("CRC"):
                m.d.comb += [check.valid.eq(self.sample) for check in checks]
                with m.If(self.sample):
                    m.d.sync += left.eq(left - 1)
                    with m.If(last):
                        m.next = "END"
                with m.If(~self.run):
                    m.next = "WAIT"
            with m.State("END"):
                m.d.comb += self.stop.eq(self.hold & self.run)
                m.d.sync += wrong.eq(Cat(~check.match_detected & (self.wide | (number == 0))
                                         for number, check in enumerate(checks)).any())
                with m.If(self.sample):
                    ends = Mux(self.wide, self.dat.all(), self.dat[0])
                    m.d.sync += [self.done.eq(self.run), self.good.eq(ends & ~wrong)]
                    m.next = "WAIT"
                with m.If(~self.run):
                    m.next = "WAIT"
        return m
