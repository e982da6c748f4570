"""The largest element of a pass, or the largest magnitude."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.delay import delay
from gateware.numeric.total_order import total_order_key
from gateware.vector.control_delay import control_delay

__all__ = ["MaxReducer"]

_LEAST = -1 << 31


class MaxReducer(wiring.Component):
    """Largest element in the order -inf < -0 < +0 < inf < NaN, bit for bit `vector_pass.reduce_max`, or the
    largest of the elements without their signs, `vector_pass.reduce_largest`.

    One stripe per cycle. Elements are compared as integer keys whose order is that of the floats: those of a stripe in
    a tree, two cycles a level, then the largest of the stripe with the largest so far. ``done`` comes
    ``latency(lanes)`` cycles after the last stripe.

    Parameters
    ----------
    lanes : int
        A power of two.

    Members
    -------
    start : In(1)
        Forgets everything.
    magnitude : In(1)
        Signs do not count. Constant during a pass.
    valid, last : In(1)
        A stripe; it is the last of the pass.
    mask : In(lanes)
        Elements of the stripe that exist.
    stripe : In(ArrayLayout(32, lanes))
    done : Out(1)
        ``value`` is the largest element. Pulses once per pass.
    value : Out(32)
    """

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "start": In(1), "magnitude": In(1), "valid": In(1), "last": In(1), "mask": In(lanes),
            "stripe": In(data.ArrayLayout(32, lanes)), "done": Out(1), "value": Out(32),
        })

    @staticmethod
    def latency(lanes):
        """Cycles from the last stripe to ``done``."""
        return 2 * (lanes - 1).bit_length() + 3

    def elaborate(self, platform):
        m = Module()

        def key(name):
            return Signal(signed(32), reset_less=True, name=name)

        # What does not exist is less than every number.
        keys = [key(f"key_{lane}") for lane in range(self._lanes)]
        for lane, register in enumerate(keys):
            element = Cat(self.stripe[lane][:31], self.stripe[lane][31] & ~self.magnitude)
            m.d.sync += register.eq(Mux(self.valid & self.mask[lane], total_order_key(element), _LEAST))

        # Within the stripe.
        level = 0
        while len(keys) > 1:
            larger = []
            for index, (a, b) in enumerate(zip(keys[::2], keys[1::2])):
                name = f"{level}_{index}"
                second = Signal(reset_less=True, name=f"second_{name}")
                register = key(f"larger_{name}")
                m.d.sync += [
                    second.eq(b > a),
                    register.eq(Mux(second, delay(m, b, name=f"b_{name}"), delay(m, a, name=f"a_{name}")).as_signed()),
                ]
                larger.append(register)
            keys = larger
            level += 1

        # From stripe to stripe. A comparison takes a cycle of its own, in which the stripe before may still become the
        # largest: a stripe is compared with both, and what that one turns out to be selects the result.
        stripe, = keys
        before, largest = key("before"), key("largest")
        above_before, above_largest = Signal(reset_less=True), Signal(reset_less=True)
        wins, before_won = Signal(), Signal()
        arrived = control_delay(
            m, Cat(self.valid, self.valid & self.last), self.latency(self._lanes) - 1, name="arrived")
        m.d.comb += wins.eq(arrived[0] & Mux(before_won, above_before, above_largest))
        m.d.sync += [
            before.eq(stripe),
            above_before.eq(stripe > before),
            above_largest.eq(stripe > largest),
            before_won.eq(wins),
        ]
        with m.If(wins):
            m.d.sync += largest.eq(before)
        with m.If(self.start):
            m.d.sync += largest.eq(_LEAST)
        m.d.sync += self.done.eq(arrived[1])
        m.d.comb += self.value.eq(total_order_key(largest))  # It is its own inverse.
        return m
