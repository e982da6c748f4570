"""The scratchpad: fp32 elements on chip."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.layouts import ScratchpadWrite

__all__ = ["StripeWrite", "Scratchpad"]

_ADDRESS_BITS = 20


def StripeWrite(lanes):
    """A write of a stripe: address of its first element, the elements to write, all elements."""
    return data.StructLayout({"address": _ADDRESS_BITS, "mask": lanes, "data": data.ArrayLayout(32, lanes)})


class Scratchpad(wiring.Component):
    """fp32 elements in ``lanes`` banks: one stripe of ``lanes`` elements read and one written per cycle.

    A stripe read arrives ``LATENCY`` cycles after its address. A write shows in reads that are issued one
    cycle after it or later. ``results`` may write one element in each cycle in which ``write`` does not.

    Parameters
    ----------
    lanes : int
        Elements of a stripe, a power of two.
    elements : int
        Elements in all, a power of two, at least ``2 * lanes``.

    Members
    -------
    read_enable : In(1)
        The address matters (for the simulation's check that nothing reads what is just being written).
    read_stripe : In(20)
        Address of the stripe: that of its first element divided by ``lanes``.
    read_data : Out(ArrayLayout(32, lanes))
    write : In(stream of StripeWrite, always ready)
        Elements whose mask bit is 0 keep their value.
    results : In(stream of ScratchpadWrite)
        Single elements.
    trace : Out(stream of StripeWrite, always ready)
        Every write, of either input. Elements outside the mask mean nothing.
    """

    LATENCY = 1 + BlockRam.LATENCY

    def __init__(self, *, lanes, elements):
        self._lanes = lanes
        self._depth = elements // lanes
        super().__init__({
            "read_enable": In(1),
            "read_stripe": In(_ADDRESS_BITS),
            "read_data": Out(data.ArrayLayout(32, lanes)),
            "write": In(stream.Signature(StripeWrite(lanes), always_ready=True)),
            "results": In(stream.Signature(ScratchpadWrite)),
            "trace": Out(stream.Signature(StripeWrite(lanes), always_ready=True)),
        })

    def elaborate(self, platform):
        m = Module()
        lane_bits = (self._lanes - 1).bit_length()

        # One register before the banks, where both writers meet.
        write = Signal(StripeWrite(self._lanes), reset_less=True)
        enable = Signal()
        m.d.comb += self.results.ready.eq(~self.write.valid)
        m.d.sync += enable.eq(self.write.valid | self.results.valid)
        with m.If(self.write.valid):
            m.d.sync += write.eq(self.write.payload)
        with m.Else():
            result = self.results.payload
            m.d.sync += [
                write.address.eq(Cat(result.address[:lane_bits] & 0, result.address[lane_bits:])),
                write.mask.eq(1 << result.address[:lane_bits]),
            ]
            m.d.sync += [write.data[lane].eq(result.value) for lane in range(self._lanes)]
        m.d.comb += [
            self.trace.valid.eq(enable),
            self.trace.payload.eq(write),
        ]

        # One for reads as well: the address goes a long way to all the blocks of all banks.
        read_enable = Signal()
        read_stripe = Signal.like(self.read_stripe, reset_less=True)
        m.d.sync += [read_enable.eq(self.read_enable), read_stripe.eq(self.read_stripe)]

        for lane in range(self._lanes):
            m.submodules[f"bank_{lane}"] = bank = BlockRam(width=32, depth=self._depth)
            m.d.comb += [
                bank.write_enable.eq(enable & write.mask[lane]),
                bank.write_address.eq(write.address[lane_bits:]),
                bank.write_data.eq(write.data[lane]),
                bank.read_enable.eq(read_enable),
                bank.read_address.eq(read_stripe),
                self.read_data[lane].eq(bank.read_data),
            ]
        return m
