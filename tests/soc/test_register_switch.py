"""Proof: the registers change hands only between accesses."""

import pytest
from amaranth.hdl import Assert, ClockDomain, Elaboratable, Module, Mux, Signal, Value

from soc.register_switch import RegisterSwitch
from testing.formal import prove


class _Switched(Elaboratable):
    """Two users that may want the registers at any time and for any time."""

    def __init__(self):
        self.dut = RegisterSwitch()
        self.domain = ClockDomain("sync", reset_less=True)
        self.never_processor = False

    @property
    def inputs(self):
        """What a proof may set to any value."""
        return [self.domain.clk, *(Value.cast(value) for _, member, value in self.dut.signature.flatten(self.dut)
                                   if member.flow.name == "In")]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        link, processor = dut.link, dut.processor
        owned = [user.use & user.granted for user in (link, processor)]
        m.d.comb += [Assert(~(link.granted & processor.granted)), Assert(link.busy == (dut.busy | dut.claimed)),
                     Assert(processor.busy == dut.busy)]
        for user, own in zip((link, processor), owned):
            had = Signal()
            m.d.sync += had.eq(own)
            with m.If(own):
                m.d.comb += [
                    Assert(dut.index == user.index), Assert(dut.data == user.data), Assert(dut.write == user.write),
                    Assert(user.value == dut.value), Assert(user.readable == dut.readable),
                    Assert(user.writable == dut.writable), Assert(user.allowed == dut.allowed),
                ]
            # It is kept to the end of the access.
            m.d.comb += Assert(~had | ~user.use | user.granted)
        # Who has not got them writes nothing.
        m.d.comb += Assert(~dut.write | owned[0] & link.write | owned[1] & processor.write)
        # Nobody waits while nobody has them, but for the cycle in which they change hands; the link goes first.
        waited = Signal(2)
        m.d.sync += waited.eq(Mux(processor.use & ~processor.granted & ~link.use, 1, 0)
                              | Mux(link.use & ~link.granted & ~processor.use, 2, 0))
        m.d.comb += [Assert(~waited[0] | processor.granted), Assert(~waited[1] | link.granted)]
        if self.never_processor:
            m.d.comb += Assert(~owned[1])
        return m


def test_they_change_hands_between_accesses():
    design = _Switched()
    prove(design, ports=design.inputs, steps=2)


def test_a_wrong_claim_is_refuted():
    design = _Switched()
    design.never_processor = True
    with pytest.raises(AssertionError, match="Not proved"):
        prove(design, ports=design.inputs, steps=4)
