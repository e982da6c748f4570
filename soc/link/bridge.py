"""The board's end of the link."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.block_ram import BlockRam
from gateware.control_port import ControlPort
from gateware.memory_port import MemoryPort
from soc.link.frame_receiver import FrameReceiver
from soc.link.frame_sender import FrameSender
from soc.link.memory_access import MemoryAccess
from soc.link.protocol import CODES, Opcode, PAYLOAD_BYTES, Register, Status
from soc.register_port import RegisterPort
from soc.registers import Registers

__all__ = ["LinkBridge"]


class LinkBridge(wiring.Component):
    """Carries out the requests that arrive in frames, one after another, and answers each.

    ::

        rx --> frame receiver --> header --> checks --> registers ------> control of the accelerator
                     |                          |
                     v                          '-----> memory access <-> memory
               payload buffer <-------------------------------'
                     |
        tx <-- frame sender <-- answer

    A payload stays in the buffer until the frame has been found good and possible; nothing else is changed
    before that. While a request is carried out and answered, ``rx`` is not ready: in front of a serial
    receiver belongs a FIFO that holds what may be under way. A frame that a FIFO had no room for is a damaged
    one.

    :mod:`soc.link.protocol` defines frames and requests. A frame takes as many cycles as it has bytes, its
    answer too, and some 15 more; a write to DRAM four per bus word in addition. ``rx.ready`` is a register,
    ``tx`` is too.

    Parameters
    ----------
    identity : int
        :attr:`gateware.config.Config.image_key` of the configuration, 64 bits.
    bus_bits : int
    memory_bytes : int
        Size of the DRAM, at most 4 GiB less one bus word.
    shared : bool
        Whether others use the registers and the line as well: the registers are outside then, and an answer has no
        opcode that could be taken for text.

    Members
    -------
    rx : In(stream of 8)
    tx : Out(stream of 8)
    control : Out(ControlPort)
        Unless it is shared.
    registers : Out(RegisterPort)
        If it is shared. In use from when a request has come to when its answer is sent.
    memory : Out(MemoryPort)
        Used only while the accelerator is not busy.
    active : Out(1)
        A request is being carried out or answered.
    accepted, refused : Out(1)
        Pulse: a request has been carried out; has got a negative answer.

    Raises
    ------
    ValueError
        If the size of the memory is not possible.
    """

    def __init__(self, *, identity, bus_bits, memory_bytes, shared=False):
        if not 0 < memory_bytes < 1 << 32 or memory_bytes % (bus_bits // 8):
            raise ValueError(f"Memory size must be a multiple of {bus_bits // 8} bytes below 4 GiB, "
                             f"not {memory_bytes!r}")
        self._identity, self._bus_bits, self._memory_bytes, self._shared = identity, bus_bits, memory_bytes, shared
        super().__init__({
            "rx": In(stream.Signature(8)),
            "tx": Out(stream.Signature(8)),
            **({"registers": Out(RegisterPort)} if shared else {"control": Out(ControlPort)}),
            "memory": Out(MemoryPort(bus_bits)),
            "active": Out(1),
            "accepted": Out(1),
            "refused": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        bus_bits, bus_bytes = self._bus_bits, self._bus_bits // 8
        m.submodules.receiver = receiver = FrameReceiver(bus_bits=bus_bits)
        m.submodules.sender = sender = FrameSender(bus_bits=bus_bits)
        m.submodules.buffer = buffer = BlockRam(width=bus_bits, depth=PAYLOAD_BYTES // bus_bytes)
        m.submodules.access = access = MemoryAccess(bus_bits=bus_bits)
        if self._shared:
            registers, busy = self.registers, self.registers.busy
        else:
            m.submodules.registers = registers = Registers(
                identity=self._identity, bus_bytes=bus_bytes, memory_bytes=self._memory_bytes)
            busy = self.control.busy
        connect(m, flipped(self.rx), receiver.bytes)
        connect(m, sender.bytes, flipped(self.tx))
        if not self._shared:
            connect(m, registers.control, flipped(self.control))
        connect(m, access.memory, flipped(self.memory))
        self._connect_buffer(m, buffer, receiver, sender, access)

        header, answer = receiver.frame.p.header, sender.frame.p
        expected = Signal(16)
        status = Signal(Status)
        result = Signal(32, reset_less=True)  # `value` of the answer
        # Of the request, from registers in front of the decision.
        is_write = header.opcode == Opcode.WRITE_MEMORY
        is_read, is_crc = header.opcode == Opcode.READ_MEMORY, header.opcode == Opcode.CRC_MEMORY
        size = Signal(32, reset_less=True)
        end = Signal(33, reset_less=True)
        moves, sets, connects, aligned, known, possible = (
            Signal(name=name, reset_less=True)
            for name in ("moves", "sets", "connects", "aligned", "known", "possible"))
        in_order, fits = Signal(reset_less=True), Signal(reset_less=True)
        step = Signal(range(Registers.LATENCY + 1))
        m.d.comb += [
            self.active.eq(receiver.frame.valid),
            registers.index.eq(header.address),
            registers.data.eq(header.value),
            access.command.p.opcode.eq(header.opcode),
            access.command.p.address.eq(header.address // bus_bytes),
            access.command.p.beats.eq(size // bus_bytes),
            answer.opcode.eq(self._answered(header.opcode)),
            answer.status.eq(status),
            answer.sequence.eq(expected),
            answer.length.eq(Mux(is_read & (status == Status.OK), header.value, 0)),
            answer.address.eq(header.address),
            answer.value.eq(result),
        ]
        begins, settable = receiver.frame.valid, 1
        if self._shared:
            settable = ~sets | registers.allowed
            urgent = Signal(reset_less=True)
            m.d.sync += urgent.eq(header.address == Register.ABORT)
            begins, busy = begins & registers.granted, busy & ~(sets & urgent)
        with m.FSM() as fsm:
            with m.State("IDLE"):
                m.d.sync += [
                    size.eq(Mux(is_write, header.length, header.value)),
                    moves.eq(is_write | is_read | is_crc),
                    sets.eq(header.opcode == Opcode.WRITE_REGISTER),
                    connects.eq(header.opcode == Opcode.CONNECT),
                    in_order.eq(header.sequence == expected),
                    known.eq((header.opcode <= Opcode.CRC_MEMORY)
                             | ((header.opcode == Opcode.READ_REGISTER) & registers.readable)
                             | ((header.opcode == Opcode.WRITE_REGISTER) & registers.writable)),
                    result.eq(header.value),
                ]
                with m.If(begins):
                    m.next = "SIZE"
            with m.State("SIZE"):
                m.d.sync += [
                    end.eq(header.address + size),
                    aligned.eq(((header.address | size) % bus_bytes == 0) & (size != 0)),
                    fits.eq(Mux(is_read, size <= PAYLOAD_BYTES, size[:] < bus_bytes << 24)),
                ]
                m.next = "FIT"
            with m.State("FIT"):
                # Only a write has a payload.
                m.d.sync += possible.eq(Mux(moves, aligned & fits & (end <= self._memory_bytes), settable)
                                        & (is_write | (header.length == 0)))
                m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.sync += step.eq(0)
                m.next = "REFUSE"
                with m.If(receiver.frame.p.oversized):
                    m.d.sync += status.eq(Status.OVERSIZED)
                with m.Elif(receiver.frame.p.damaged):
                    m.d.sync += status.eq(Status.DAMAGED)
                with m.Elif(~in_order & ~connects):
                    m.d.sync += status.eq(Status.ORDER)
                with m.Elif(~known):
                    m.d.sync += status.eq(Status.UNKNOWN)
                with m.Elif(~possible):
                    m.d.sync += status.eq(Status.RANGE)
                with m.Elif((moves | sets) & busy):
                    m.d.sync += status.eq(Status.BUSY)
                with m.Else():
                    m.d.sync += status.eq(Status.OK)
                    with m.If(moves):
                        m.next = "MEMORY"
                    with m.Elif(connects):
                        m.d.sync += expected.eq(header.sequence)
                        m.next = "ACCEPT"
                    with m.Elif(sets):
                        m.d.comb += registers.write.eq(1)
                        m.next = "ACCEPT"
                    with m.Else():
                        m.next = "REGISTER"
            with m.State("MEMORY"):
                m.d.comb += access.command.valid.eq(1)
                with m.If(access.command.ready):
                    with m.If(is_crc):
                        m.d.sync += result.eq(access.crc)
                    m.next = "ACCEPT"
            with m.State("REGISTER"):
                m.d.sync += [step.eq(step + 1), result.eq(registers.value)]
                with m.If(step == Registers.LATENCY):
                    m.next = "ACCEPT"
            with m.State("ACCEPT"):
                m.d.comb += sender.frame.valid.eq(1)
                with m.If(sender.frame.ready):
                    m.d.comb += [receiver.frame.ready.eq(1), self.accepted.eq(1)]
                    m.d.sync += expected.eq(expected + 1)
                    m.next = "IDLE"
            with m.State("REFUSE"):
                m.d.comb += sender.frame.valid.eq(1)
                with m.If(sender.frame.ready):
                    m.d.comb += [receiver.frame.ready.eq(1), self.refused.eq(1)]
                    m.next = "IDLE"
        if self._shared:
            answers = fsm.ongoing("ACCEPT") | fsm.ongoing("REFUSE")
            m.d.comb += registers.use.eq(receiver.frame.valid & ~answers)
        return m

    def _answered(self, opcode):
        """That of a damaged frame may be anything."""
        if not self._shared:
            return opcode
        code = opcode[:CODES.bit_length()]
        return Mux(code < CODES, code, 0)

    @staticmethod
    def _connect_buffer(m, buffer, receiver, sender, access):
        """Who uses the payload buffer: one at a time, as the requests are carried out one after another."""
        m.d.comb += [
            buffer.write_enable.eq(receiver.word_enable | access.write_enable),
            buffer.write_address.eq(Mux(receiver.word_enable, receiver.word_index, access.word_index)),
            buffer.write_data.eq(Mux(receiver.word_enable, receiver.word, access.write_word)),
            buffer.read_enable.eq(sender.read_enable | access.read_enable),
            buffer.read_address.eq(Mux(sender.read_enable, sender.word_index, access.word_index)),
            sender.word.eq(buffer.read_data),
            access.read_word.eq(buffer.read_data),
        ]
