"""The registers of a board: what a host, or whoever else has its port, reads and writes."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.control_port import ControlPort
from soc.link.protocol import Fault, GUARDED_VERSION, PAYLOAD_BYTES, Register, VERSION

__all__ = ["Registers"]


class Registers(wiring.Component):
    """:class:`soc.link.protocol.Register` in front of the accelerator's control.

    The only register file of a board. In front of its port lies the link's bridge; where there is a processor,
    :class:`soc.register_switch.RegisterSwitch`.

    Parameters
    ----------
    identity : int
        :attr:`gateware.config.Config.image_key` of the configuration, 64 bits.
    bus_bytes, memory_bytes : int
    guarded : bool
        Whether there is a :class:`soc.program_guard.ProgramGuard`, and so the registers ABORT, FAULT and TOKEN_BOUND.

    Members
    -------
    index : In(32)
    value : Out(32)
        Content of register ``index``, ``LATENCY`` cycles later.
    readable, writable : Out(1)
        Whether there is such a register, and whether it can be written; combinational.
    write : In(1)
        Write ``data`` to register ``index``, which must be writable.
    data : In(32)
    control : Out(ControlPort)
    abort : Out(1)
        Pulse: end the program that runs. Only of guarded ones, like what follows.
    fault : In(Fault)
    allowed : Out(1)
        Whether ``data`` was possible for register ``index``, a cycle ago.
    """

    LATENCY = 4

    def __init__(self, *, identity, bus_bytes, memory_bytes, guarded=False):
        self._guarded = guarded
        self._constants = {
            Register.VERSION: GUARDED_VERSION if guarded else VERSION,
            Register.CONFIG_LOW: identity & 0xFFFFFFFF,
            Register.CONFIG_HIGH: identity >> 32,
            Register.BUS_BYTES: bus_bytes,
            Register.MEMORY_BYTES: memory_bytes,
            Register.PAYLOAD_BYTES: PAYLOAD_BYTES,
        }
        super().__init__({
            "index": In(32),
            "value": Out(32),
            "readable": Out(1),
            "writable": Out(1),
            "write": In(1),
            "data": In(32),
            "control": Out(ControlPort),
        } | ({"abort": Out(1), "fault": In(Fault), "allowed": Out(1)} if guarded else {}))

    def elaborate(self, platform):
        m = Module()
        control = self.control
        low = self.index[:5]
        stored = {
            Register.MEMBER: control.member,
            Register.POSITION: control.position,
            Register.PROGRAM: control.program,
        }
        readable, writable, fault = (low <= Register.START) | low[4], self.index <= Register.START, {}
        if self._guarded:
            bound = Signal(32, init=(1 << 32) - 1)
            readable, writable = 1, (self.index <= Register.TOKEN_BOUND) & (low != Register.FAULT)
            stored[Register.TOKEN_BOUND], fault[Register.FAULT] = bound, self.fault
            m.d.sync += [
                self.abort.eq(self.write & (low == Register.ABORT)),
                self.allowed.eq((low != Register.TOKEN) | (self.data < bound)),
            ]
        m.d.comb += [
            self.readable.eq((self.index < Register.COUNTER + 16) & readable),
            self.writable.eq((self.index >= Register.MEMBER) & writable),
            control.counter_index.eq(low),
        ]
        # One cycle late: then the token is there, and the members that an earlier write has set.
        m.d.sync += [
            control.load.eq(self.write & (low == Register.TOKEN)),
            control.start.eq(self.write & (low == Register.START)),
        ]
        chosen, counter = Signal(32), Signal(32)
        m.d.sync += [
            counter.eq(control.counter_value),
            self.value.eq(chosen),
        ]
        with m.Switch(low):
            for register, value in {**self._constants, **stored, Register.BUSY: control.busy,
                                    Register.ARGMAX: control.argmax, **fault}.items():
                with m.Case(register):
                    m.d.sync += chosen.eq(value)
            with m.Case(Register.TOKEN, Register.START, *((Register.ABORT,) if self._guarded else ())):
                m.d.sync += chosen.eq(0)
            with m.Default():
                m.d.sync += chosen.eq(counter)
        with m.If(self.write):
            for register, signal in {**stored, Register.TOKEN: control.token}.items():
                with m.If(low == register):
                    m.d.sync += signal.eq(self.data)
        return m
