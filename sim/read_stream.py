"""A design that does nothing but read, to find out how fast a memory is."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.memory_port import MemoryPort

__all__ = ["ReadStream"]


class ReadStream(wiring.Component):
    """Reads bursts of ``length`` words one after the other from word 0 on, as long as ``enable``, and takes
    what comes.

    Parameters
    ----------
    bus_bits : int
    length : int
        Words of a burst, a power of two.
    size : int
        Words of the memory, a multiple of ``length``: after them word 0 again.

    Members
    -------
    enable : In(1)
    memory : Out(MemoryPort)
        Nothing is written.
    words : Out(64)
        Words received.
    checksum : Out(64)
        Sum of ``(number + 1) * (low 32 bits)`` of the words received.
    """

    def __init__(self, *, bus_bits, length, size):
        self._length, self._size = length, size
        super().__init__({
            "enable": In(1),
            "memory": Out(MemoryPort(bus_bits)),
            "words": Out(64),
            "checksum": Out(64),
        })

    def elaborate(self, platform):
        m = Module()
        memory, address, valid = self.memory, Signal(32), Signal()
        m.d.comb += [
            memory.read_request.valid.eq(valid),
            memory.read_request.p.address.eq(address),
            memory.read_request.p.length.eq(self._length),
            memory.read_data.ready.eq(1),
        ]
        with m.If(~valid | memory.read_request.ready):
            m.d.sync += valid.eq(self.enable)
        with m.If(valid & memory.read_request.ready):
            following = address + self._length
            m.d.sync += address.eq(following)
            with m.If(following == self._size):
                m.d.sync += address.eq(0)
        with m.If(memory.read_data.valid):
            m.d.sync += [
                self.words.eq(self.words + 1),
                self.checksum.eq(self.checksum + (self.words + 1)[:32] * memory.read_data.payload[:32]),
            ]
        return m
