"""The link and the processor, one port of the DRAM."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.memory_port import MemoryPort
from soc.memory_gate import MemoryGate
from soc.memory_switch import MemorySwitch

__all__ = ["MemoryArbiter"]


class MemoryArbiter(wiring.Component):
    """Gives the port of the DRAM to one of two masters, request by request.

    ::

        masters[0] --+
                     +--> MemorySwitch --> MemoryGate --> memory
        masters[1] --'

    The port changes hands when a master wants it that has not got it, once the other has had a request taken, or offers
    none; and not before everything that was taken is answered, so neither sees anything of the other. A master that
    waits gets its turn after the requests that are under way, a few bursts. While ``enable`` is 0 nobody's requests
    pass; ``idle`` says when nothing is under way, so that the port may be used by somebody else. Proved by
    tests/soc/test_memory_arbiter.py.

    Requests and words pass combinationally; some 15 cycles, and the latency of the DRAM, to change.

    Parameters
    ----------
    bus_bits : int
    max_burst : int
        Beats of the longest burst of either master.

    Members
    -------
    enable : In(1)
    idle : Out(1)
        See :class:`MemoryGate`.
    masters : In(MemoryPort), two of them
    memory : Out(MemoryPort)
    """

    def __init__(self, *, bus_bits, max_burst=64):
        signature = MemoryPort(bus_bits)
        super().__init__({
            "enable": In(1),
            "idle": Out(1),
            "masters": In(signature).array(2),
            "memory": Out(signature),
        })
        # Members for the proof.
        self.switch = MemorySwitch(bus_bits=bus_bits)
        self.gate = MemoryGate(bus_bits=bus_bits, max_burst=max_burst)

    def elaborate(self, platform):
        m = Module()
        m.submodules.switch, m.submodules.gate = switch, gate = self.switch, self.gate
        for index, master in enumerate(self.masters):
            connect(m, flipped(master), switch.masters[index])
        connect(m, switch.memory, gate.master)
        connect(m, gate.memory, flipped(self.memory))
        owner, served = Signal(), Signal()
        wants = [master.read_request.valid | master.write_request.valid for master in self.masters]
        own, other, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            switch.second.eq(owner),
            own.eq(Mux(owner, wants[1], wants[0])),
            other.eq(Mux(owner, wants[0], wants[1])),
            taken.eq((gate.master.read_request.valid & gate.master.read_request.ready)
                     | (gate.master.write_request.valid & gate.master.write_request.ready)),
            gate.open.eq(self.enable & ~(other & (served | ~own))),
            self.idle.eq(gate.idle),
        ]
        with m.If(gate.idle & other & (served | ~own)):
            m.d.sync += [owner.eq(~owner), served.eq(0)]
        with m.Elif(taken):
            m.d.sync += served.eq(1)
        return m
