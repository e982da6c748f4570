"""Block RAM, the one memory component of the gateware."""

from amaranth.hdl import Assert, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["BlockRam"]


class BlockRam(wiring.Component):
    """Simple dual-port block RAM, one write port and one read port.

    A read takes ``LATENCY`` cycles: the array's own register, and an output register that keeps the
    block's slow clock-to-output off the user's path. Reading the word that is being written in the same cycle is
    undefined in hardware and fails an assertion in simulation, so that no tool needs to emulate
    an order that the silicon does not have (`flow/synthesis.py` tells yosys).

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words, at least 2.
    init : iterable of int
        Initial content (a ROM where nothing ever writes), zeros after its end.

    Members
    -------
    write_enable, write_address, write_data : In
    read_enable : In(1), init=1
        Only tells the assertion that the read address matters; data is read regardless.
    read_address : In
    read_data : Out(width)

    Raises
    ------
    ValueError
        If the depth is below 2.
    """

    LATENCY = 2

    def __init__(self, *, width, depth, init=()):
        if depth < 2:
            raise ValueError(f"Block RAM depth must be at least 2, not {depth!r}")
        self._depth = depth
        self._init = list(init)
        address_bits = (depth - 1).bit_length()
        super().__init__({
            "write_enable": In(1),
            "write_address": In(address_bits),
            "write_data": In(width),
            "read_enable": In(1, init=1),
            "read_address": In(address_bits),
            "read_data": Out(width),
        })

    def elaborate(self, platform):
        m = Module()
        width = len(self.write_data)
        # A block even where LUTs would do: blocks are what the devices have most of to spare.
        m.submodules.array = array = memory.Memory(
            shape=width, depth=self._depth, init=self._init, attrs={"ram_style": "block"})
        write = array.write_port()
        read = array.read_port()
        m.d.comb += [
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            read.addr.eq(self.read_address),
        ]
        m.d.sync += Assert(~(self.write_enable & self.read_enable & (self.write_address == self.read_address)),
                           "Block RAM word read while it is written")
        output = Signal(width, reset_less=True)
        m.d.sync += output.eq(read.data)
        m.d.comb += self.read_data.eq(output)
        return m
