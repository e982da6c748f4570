"""Where the firmware lies, with its data and its stack."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.block_ram import BlockRam
from soc.cpu.bus import ProcessorBus

__all__ = ["ProgramMemory"]


class ProgramMemory(wiring.Component):
    """Block RAM with a content, a memory for each byte of a word.

    A read takes three cycles, a write one. Addresses beyond the end begin again with the first word.

    Parameters
    ----------
    size : int
        Bytes, a power of two, at least 8.
    content : bytes
        What it begins with; the rest is zero.

    Members
    -------
    bus : In(ProcessorBus)

    Raises
    ------
    ValueError
        If the size is no power of two from 8 on, or the content does not fit.
    """

    bus: In(ProcessorBus)

    def __init__(self, *, size, content=b""):
        if size < 8 or size & (size - 1):
            raise ValueError(f"Bytes of the program memory must be a power of two, at least 8, not {size!r}")
        if len(content) > size:
            raise ValueError(f"Program must have at most {size} bytes, not {len(content)}")
        self._size, self._content = size, bytes(content)
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        bus, depth = self.bus, self._size // 4
        waited = Signal(BlockRam.LATENCY)  # cycles since a read began, in ones
        reads = bus.valid & ~bus.strobes.any()
        m.d.sync += waited.eq(Cat(reads & ~bus.ready, waited[:-1] & ~bus.ready.replicate(BlockRam.LATENCY - 1)))
        m.d.comb += bus.ready.eq(bus.strobes.any() | waited[-1])
        for index in range(4):
            ram = BlockRam(width=8, depth=depth, init=self._content[index::4])
            m.submodules[f"byte_{index}"] = ram
            m.d.comb += [
                ram.write_enable.eq(bus.valid & bus.strobes[index]),
                ram.write_address.eq(bus.address[2:]),
                ram.write_data.eq(bus.write_data.word_select(index, 8)),
                ram.read_enable.eq(reads),
                ram.read_address.eq(bus.address[2:]),
                bus.read_data.word_select(index, 8).eq(ram.read_data),
            ]
        return m
