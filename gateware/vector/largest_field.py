"""The largest exponent field of a block."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["LargestField"]


class LargestField(wiring.Component):
    """Largest of the 8-bit exponent fields in the stripes of a block.

    One stripe per cycle, no flow control. ``done`` comes ``latency(lanes)`` cycles after the block's last
    stripe.

    Parameters
    ----------
    lanes : int
        Fields of a stripe, a power of two.

    Members
    -------
    valid, first, block_ends : In(1)
        A stripe; the first of a block; the last of a block.
    fields : In(ArrayLayout(8, lanes))
    done : Out(1)
    field : Out(8)
        Together with ``done``.
    """

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "valid": In(1), "first": In(1), "block_ends": In(1),
            "fields": In(data.ArrayLayout(8, lanes)), "done": Out(1), "field": Out(8),
        })

    @staticmethod
    def latency(lanes):
        """Cycles from the last stripe of a block to ``done``."""
        return (lanes - 1).bit_length() + 1

    def elaborate(self, platform):
        m = Module()
        # Within the stripe, one level of comparison per cycle.
        fields = list(self.fields)
        control = Cat(self.valid, self.first, self.block_ends)
        cycle = 0
        while len(fields) > 1:
            cycle += 1
            larger = []
            for index, pair in enumerate(zip(fields[::2], fields[1::2])):
                register = Signal(8, reset_less=True, name=f"larger_{cycle}_{index}")
                m.d.sync += register.eq(_larger(*pair))
                larger.append(register)
            fields = larger
            register = Signal(3, name=f"control_{cycle}")
            m.d.sync += register.eq(control)
            control = register

        # From stripe to stripe.
        valid, first, block_ends = control
        so_far = Signal(8, reset_less=True)
        with m.If(valid):
            m.d.sync += so_far.eq(Mux(first, fields[0], _larger(so_far, fields[0])))
        m.d.sync += self.done.eq(block_ends)
        m.d.comb += self.field.eq(so_far)
        return m


def _larger(a, b):
    return Mux(a > b, a, b)
