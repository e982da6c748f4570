"""Proof: the master that has the memory port has all of it, the other nothing."""

from amaranth.hdl import Assert, ClockDomain, Elaboratable, Module, Value

from testing.formal import prove
from soc.memory_switch import MemorySwitch


class _Switched(Elaboratable):
    """A switch with any inputs."""

    def __init__(self):
        self.dut = MemorySwitch(bus_bits=32)
        self.domain = ClockDomain("sync", reset_less=True)

    @property
    def inputs(self):
        """What a proof may set to any value."""
        return [self.domain.clk, *(Value.cast(value) for _, member, value in self.dut.signature.flatten(self.dut)
                                   if member.flow.name == "In")]

    def elaborate(self, platform):
        m = Module()
        m.domains += self.domain
        m.submodules.dut = dut = self.dut
        memory = dut.memory
        for index, master in enumerate(dut.masters):
            with m.If(dut.second == index):
                for name in ("read_request", "write_request", "write_data"):
                    ours, theirs = getattr(master, name), getattr(memory, name)
                    m.d.comb += [
                        Assert(theirs.valid == ours.valid),
                        Assert(theirs.payload.as_value() == ours.payload.as_value()),
                        Assert(ours.ready == theirs.ready),
                    ]
                m.d.comb += [
                    Assert(master.read_data.valid == memory.read_data.valid),
                    Assert(master.read_data.payload == memory.read_data.payload),
                    Assert(memory.read_data.ready == master.read_data.ready),
                    Assert(master.write_done == memory.write_done),
                ]
            with m.Else():
                m.d.comb += Assert(~(master.read_request.ready | master.write_request.ready | master.write_data.ready
                                     | master.read_data.valid | master.write_done))
        return m


def test_one_master_has_all():
    design = _Switched()
    prove(design, ports=design.inputs, steps=1)
