"""The registers of a board: what a host, or whoever else has its port, reads and writes."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.control_port import ControlPort
from soc.link.protocol import PAYLOAD_BYTES, Register, VERSION

__all__ = ["Registers"]


class Registers(wiring.Component):
    """:class:`soc.link.protocol.Register` in front of the accelerator's control.

    The only register file of a board. In front of its port lies the link's bridge; a processor's bus would.

    Parameters
    ----------
    identity : int
        :attr:`gateware.config.Config.image_key` of the configuration, 64 bits.
    bus_bytes, memory_bytes : int

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
    """

    LATENCY = 4

    def __init__(self, *, identity, bus_bytes, memory_bytes):
        self._constants = {
            Register.VERSION: VERSION,
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
        })

    def elaborate(self, platform):
        m = Module()
        control = self.control
        low = self.index[:5]
        stored = {
            Register.MEMBER: control.member,
            Register.POSITION: control.position,
            Register.PROGRAM: control.program,
        }
        m.d.comb += [
            self.readable.eq((self.index < Register.COUNTER + 16) & ((low <= Register.START) | low[4])),
            self.writable.eq((self.index >= Register.MEMBER) & (self.index <= Register.START)),
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
                                    Register.ARGMAX: control.argmax}.items():
                with m.Case(register):
                    m.d.sync += chosen.eq(value)
            with m.Case(Register.TOKEN, Register.START):
                m.d.sync += chosen.eq(0)
            with m.Default():
                m.d.sync += chosen.eq(counter)
        with m.If(self.write):
            for register, signal in {**stored, Register.TOKEN: control.token}.items():
                with m.If(low == register):
                    m.d.sync += signal.eq(self.data)
        return m
