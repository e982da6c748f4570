"""Two users, one register file."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from soc.register_port import RegisterPort

__all__ = ["RegisterSwitch"]


class RegisterSwitch(wiring.Component):
    """Gives the registers of a board to the link or to the processor, for one access after another.

    The link goes first where both want them. It has them for a whole request, so that what it has checked stays so
    until it is done; the processor has them when no request is being carried out, and waits for that as long as a
    request takes: some 20 cycles, or until its words of DRAM are moved. Sending an answer is no part of that, so the
    processor gets its turn between requests, however many there are.

    The registers belong to one of the two only from when it is ``granted``; a cycle to change. Proved by
    tests/soc/test_register_switch.py.

    Members
    -------
    link, processor : In(RegisterPort)
    claimed : In(1)
        The processor keeps the accelerator for itself: to the link it is ``busy``.
    busy : In(1)
        The accelerator is running.
    index, write, data, value, readable, writable, allowed
        Those of :class:`soc.registers.Registers`.
    """

    def __init__(self):
        super().__init__({
            "link": In(RegisterPort),
            "processor": In(RegisterPort),
            "claimed": In(1),
            "busy": In(1),
            "index": Out(32),
            "write": Out(1),
            "data": Out(32),
            "value": In(32),
            "readable": In(1),
            "writable": In(1),
            "allowed": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        chosen = Signal()  # 1: the processor
        link, processor = self.link, self.processor
        with m.If(chosen):
            m.d.sync += chosen.eq(processor.use)
        with m.Else():
            m.d.sync += chosen.eq(processor.use & ~link.use)
        m.d.comb += [
            link.granted.eq(~chosen),
            processor.granted.eq(chosen),
            link.busy.eq(self.busy | self.claimed),
            processor.busy.eq(self.busy),
        ]
        for name in ("index", "data"):
            m.d.comb += getattr(self, name).eq(Mux(chosen, getattr(processor, name), getattr(link, name)))
        m.d.comb += self.write.eq(Mux(chosen, processor.write & processor.use, link.write & link.use))
        for name in ("value", "readable", "writable", "allowed"):
            for user in link, processor:
                m.d.comb += getattr(user, name).eq(getattr(self, name))
        return m
