"""The system behind a serial line."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.memory_port import MemoryPort
from gateware.stream.fifo import StreamFifo
from gateware.stream.skid_buffer import SkidBuffer
from soc.computer import Computer
from soc.link.uart_receiver import UartReceiver
from soc.link.uart_transmitter import UartTransmitter
from soc.ports import pass_through
from soc.system import System

__all__ = ["SerialSystem"]


class SerialSystem(wiring.Component):
    """:class:`soc.system.System` with a serial line: what a board's top instantiates.

    The line cannot be told to wait, so a FIFO holds what arrives while a request is carried out.

    Parameters
    ----------
    config : gateware.config.Config
    memory_bytes : int
    divisor : int
        Cycles per bit of the serial line, 4 or more: clock frequency / baud rate.
    program : bytes
        Of a processor: then it is :class:`soc.computer.Computer` with a serial line.
    clock_hz, peripherals
        Of the same, like its other members.

    Members
    -------
    rx : In(1), init=1
    tx : Out(1), init=1
    memory : Out(MemoryPort)
    busy, active, accepted, refused, program_counter
        See :class:`soc.system.System`.
    dropped : Out(1)
        Pulse: a byte was lost.
    dram_ready, stopped, card
        With a processor, or a slot: see :class:`soc.computer.Computer`.

    Raises
    ------
    ValueError
        If the divisor is too small.
    """

    FIFO_BYTES = 2048
    """Of what arrives: two of the longest frames."""

    def __init__(self, config, *, memory_bytes, divisor, program=None, clock_hz=None, peripherals=None):
        if divisor not in range(4, 1 << 16):
            raise ValueError(f"Cycles per bit must be 4..65535, not {divisor!r}")
        self._divisor = divisor
        if program is None:
            self._system = System(config, memory_bytes=memory_bytes)
        else:
            self._system = Computer(config, memory_bytes=memory_bytes, program=program,
                                    clock_hz=clock_hz, peripherals=peripherals)
        members = {
            "rx": In(1, init=1),
            "tx": Out(1, init=1),
            "memory": Out(MemoryPort(config.memory.bus_bits)),
            "busy": Out(1),
            "active": Out(1),
            "accepted": Out(1),
            "refused": Out(1),
            "dropped": Out(1),
            "program_counter": Out(16),
        }
        # What a computer has besides.
        self._own = [name for name in self._system.signature.members if name not in members]
        super().__init__(members | {name: self._system.signature.members[name] for name in self._own})

    def elaborate(self, platform):
        m = Module()
        m.submodules.system = system = self._system
        m.submodules.receiver = receiver = UartReceiver()
        m.submodules.transmitter = transmitter = UartTransmitter()
        m.submodules.received = received = StreamFifo(shape=8, depth=self.FIFO_BYTES)
        connect(m, receiver.bytes, received.i)
        connect(m, received.o, system.rx)
        # The transmitter lies at its pin, the bridge in the middle: a path through both missed the clock.
        m.submodules.sent = sent = SkidBuffer(shape=8)
        connect(m, system.tx, sent.i)
        connect(m, sent.o, transmitter.bytes)
        lost = receiver.dropped
        if "dropped" in system.signature.members:
            lost = lost | system.dropped
        pass_through(m, self, system, self._own)
        m.d.comb += [
            receiver.divisor.eq(self._divisor),
            transmitter.divisor.eq(self._divisor),
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            self.dropped.eq(lost),
        ]
        connect(m, system.memory, flipped(self.memory))
        for name in ("busy", "active", "accepted", "refused", "program_counter"):
            m.d.comb += getattr(self, name).eq(getattr(system, name))
        return m
