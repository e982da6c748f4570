"""What keeps a program within the memory, and can end it."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.control_port import ControlPort
from gateware.layouts import BurstRequest
from gateware.memory_port import MemoryPort
from gateware.stream.skid_buffer import SkidBuffer
from soc.link.protocol import Fault
from soc.memory_gate import MemoryGate

__all__ = ["ProgramGuard"]

_CheckedRequest = data.StructLayout({"burst": BurstRequest, "outside": 1})


class ProgramGuard(wiring.Component):
    """Stands between the accelerator and all that it works with.

    ::

        control <--------------------------> accelerator
                     |  ^
                     v  | FSM --> reset
        memory <--- gate <--- checked requests <--- master

    A program that asks for a word beyond the end of the memory, or for no word at all, or for which ``abort`` comes, is
    ended: no request more passes; what is under way is completed, as the accelerator still takes words and sends what
    it has announced; then ``reset`` puts it into its initial state. ``busy`` is set all the while, ``fault`` tells
    afterwards what has happened. So whatever was in the program, the memory has been left in order, and the next
    program finds an accelerator as after power-on; only its memories may hold something else, which no program reads
    before it has written it.

    A request takes one cycle more than without the guard. Handshake outputs towards the accelerator are registers,
    those towards the memory come from registers through the gate. Proved by tests/soc/test_program_guard.py.

    Parameters
    ----------
    bus_bits : int
    memory_bytes : int
    max_burst, most : int
        See :class:`soc.memory_gate.MemoryGate`; by default more than the accelerator ever asks for.

    Members
    -------
    control : In(ControlPort)
        For who starts programs; a program that is being ended is ``busy``, and ``done`` at its end.
    accelerator : Out(ControlPort)
    master : In(MemoryPort)
        Of the accelerator. It has to send the data of a write that it has asked for without waiting for anything else,
        and to take what it reads.
    memory : Out(MemoryPort)
    abort : In(1)
        Pulse: end the program, if one is running.
    reset : Out(1)
        Of the accelerator: every register of it.
    fault : Out(Fault)
    """

    def __init__(self, *, bus_bits, memory_bytes, max_burst=64, most=64 * 18):
        self._words = memory_bytes * 8 // bus_bits
        signature = MemoryPort(bus_bits)
        super().__init__({
            "control": In(ControlPort),
            "accelerator": Out(ControlPort),
            "master": In(signature),
            "memory": Out(signature),
            "abort": In(1),
            "reset": Out(1),
            "fault": Out(Fault),
        })
        # Members for the proof.
        self.gate = MemoryGate(bus_bits=bus_bits, max_burst=max_burst, most=most)
        self.requests = {name: SkidBuffer(shape=_CheckedRequest) for name in ("read_request", "write_request")}
        self.ending = Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.gate = gate = self.gate
        master, outside = self.master, []
        for name, requests in self.requests.items():
            # With the accelerator: what it had asked for, and has not been passed on, is forgotten.
            m.submodules[name] = ResetInserter(self.reset)(requests)
            theirs, ours = getattr(master, name), getattr(gate.master, name)
            beyond = requests.o.p.outside
            m.d.comb += [
                requests.i.valid.eq(theirs.valid),
                requests.i.p.burst.eq(theirs.p),
                requests.i.p.outside.eq((theirs.p.address + theirs.p.length > self._words) | (theirs.p.length == 0)),
                theirs.ready.eq(requests.i.ready),
                ours.valid.eq(requests.o.valid & ~beyond),
                ours.p.eq(requests.o.p.burst),
                requests.o.ready.eq(ours.ready & ~beyond),
            ]
            outside.append(requests.o.valid & beyond)
        connect(m, flipped(master.write_data), gate.master.write_data)
        connect(m, gate.master.read_data, flipped(master.read_data))
        connect(m, gate.memory, flipped(self.memory))
        m.d.comb += master.write_done.eq(gate.master.write_done)
        self._control(m, outside[0] | outside[1])
        return m

    def _control(self, m, outside):
        control, accelerator, gate = self.control, self.accelerator, self.gate
        for name in ("start", "member", "token", "load", "position", "program", "counter_index"):
            m.d.comb += getattr(accelerator, name).eq(getattr(control, name))
        for name in ("argmax", "counter_value"):
            m.d.comb += getattr(control, name).eq(getattr(accelerator, name))
        m.d.comb += [
            control.busy.eq(accelerator.busy | self.ending),
            control.done.eq(accelerator.done & ~self.ending),
            gate.open.eq(~self.ending),
        ]
        m.d.sync += self.reset.eq(0)
        with m.If(~self.ending):
            with m.If(control.start & ~control.busy):
                m.d.sync += self.fault.eq(Fault.NONE)
            with m.If(outside):
                m.d.sync += [self.ending.eq(1), self.fault.eq(Fault.OUTSIDE)]
            with m.Elif(self.abort & accelerator.busy):
                m.d.sync += [self.ending.eq(1), self.fault.eq(Fault.ABORTED)]
        with m.Elif(self.reset):
            m.d.comb += control.done.eq(1)
            m.d.sync += self.ending.eq(0)
        with m.Elif(gate.idle):
            m.d.sync += self.reset.eq(1)
