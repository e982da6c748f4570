"""The largest element of a pass, or the largest magnitude."""

from amaranth.hdl import Cat, Module, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.total_order import total_order_key

__all__ = ["MaxReducer"]


class MaxReducer(wiring.Component):
    """Largest element in the order -inf < -0 < +0 < inf < NaN, bit for bit `vector_pass.reduce_max`, or the
    largest of the elements without their signs, `vector_pass.reduce_largest`.

    One group per cycle. Lanes keep a maximum each, as an integer key whose order is that of the floats. After
    the last group they are compared with each other, two cycles a level; ``done`` comes ``2 * log2(lanes) +
    2`` cycles after it.

    Parameters
    ----------
    lanes : int

    Members
    -------
    start : In(1)
        Forgets everything.
    magnitude : In(1)
        Signs do not count. Constant during a pass.
    valid, last : In(1)
        A group; it is the last of the pass.
    mask : In(lanes)
        Elements of the group that exist.
    group : In(ArrayLayout(32, lanes))
    done : Out(1)
        ``value`` is the largest element. Pulses once per pass.
    value : Out(32)
    """

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "start": In(1), "magnitude": In(1), "valid": In(1), "last": In(1), "mask": In(lanes),
            "group": In(data.ArrayLayout(32, lanes)), "done": Out(1), "value": Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        levels = (self._lanes - 1).bit_length()
        # Bit 2k: lanes below 2**(levels - 1 - k) look at the lane that far away; bit 2k + 1: they compare;
        # the last bit: done.
        after = Signal(2 * levels + 2)
        m.d.sync += after.eq(Cat(self.valid & self.last, after[:-1]))
        keys = [Signal(signed(32), reset_less=True, name=f"key_{lane}") for lane in range(self._lanes)]
        for lane, key in enumerate(keys):
            candidate = Signal(signed(32), reset_less=True, name=f"candidate_{lane}")
            enable = Signal(name=f"enable_{lane}")
            element = Cat(self.group[lane][:31], self.group[lane][31] & ~self.magnitude)
            m.d.sync += [candidate.eq(total_order_key(element)), enable.eq(self.valid & self.mask[lane])]
            for index in range(levels):
                half = self._lanes >> index + 1
                if lane < half:
                    with m.If(after[2 * index + 1]):
                        m.d.sync += [candidate.eq(keys[lane + half]), enable.eq(1)]
            with m.If(self.start):
                m.d.sync += key.eq(-1 << 31)
            with m.Elif(enable & (candidate > key)):
                m.d.sync += key.eq(candidate)
        m.d.comb += [
            self.done.eq(after[-1]),
            self.value.eq(total_order_key(keys[0])),  # It is its own inverse.
        ]
        return m
