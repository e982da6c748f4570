"""Scaled contributions, summed exactly."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import DISTANCE_BITS, SCALE_MANTISSA_BITS, SUM_BITS, TOTAL_BITS
from gateware.dot.slot_table import SlotTable
from gateware.numeric.delay import delay
from gateware.numeric.multiplier import Multiplier

__all__ = ["Accumulator"]

_LIMB_BITS = 17
_PRODUCT_BITS = SUM_BITS - 1 + SCALE_MANTISSA_BITS - 1 + 1
_ALIGNMENT = TOTAL_BITS - _PRODUCT_BITS


class Accumulator(wiring.Component):
    """One 64-bit accumulator per slot and physical column.

    A free-running pipeline: latency ``LATENCY`` cycles, one contribution per column and cycle, also one after another
    to the same slot. A contribution is ``floor(sum * mantissa * 2**(15 - distance))``::

        sum, mantissa -- 3 multipliers -- inner product -- product -- shift by 4s -- by 1s -- total
                      0                3                4          5              6        7       8

    The product of 38 by 12 bits needs limbs of 17 bits for multipliers of 18. Its magnitude is below 2**48, because
    neither factor is ever its most negative number.

    Parameters
    ----------
    config : Config

    Members
    -------
    sums : In(signed(38)), array of columns
    mantissa : In(signed(12))
        Of the scale.
    distances : In(6), array of columns
    valid : In(1)
    first : In(1)
        The total begins with this contribution.
    slot : In
    totals : Out(signed(64)), array of columns
        With this contribution.
    """

    LATENCY = Multiplier.LATENCY + 5

    def __init__(self, config):
        self._config = config
        slot_bits = (config.slots - 1).bit_length()
        super().__init__({
            "sums": In(data.ArrayLayout(signed(SUM_BITS), config.columns)),
            "mantissa": In(signed(SCALE_MANTISSA_BITS)),
            "distances": In(data.ArrayLayout(DISTANCE_BITS, config.columns)),
            "valid": In(1),
            "first": In(1),
            "slot": In(slot_bits),
            "totals": Out(data.ArrayLayout(signed(TOTAL_BITS), config.columns)),
        })

    def elaborate(self, platform):
        m = Module()
        config = self._config
        first = delay(m, self.first, self.LATENCY - 1, name="first")
        slot = delay(m, self.slot, self.LATENCY - 1, name="slot")
        valid = Signal(self.LATENCY - 1)
        m.d.sync += valid.eq(Cat(self.valid, valid))

        for column in range(config.columns):
            product = self._multiply(m, column)
            distance = delay(m, self.distances[column], self.LATENCY - 3, name=f"distance_{column}")
            coarse = Signal(signed(TOTAL_BITS), reset_less=True, name=f"coarse_{column}")
            fine = Signal(signed(TOTAL_BITS), reset_less=True, name=f"fine_{column}")
            fine_distance = Signal(2, reset_less=True, name=f"fine_distance_{column}")
            m.d.sync += [
                coarse.eq(Cat(Const(0, _ALIGNMENT), product).as_signed() >> Cat(Const(0, 2), distance[2:])),
                fine_distance.eq(distance[:2]),
                fine.eq(coarse >> fine_distance),
            ]
            m.submodules[f"totals_{column}"] = table = SlotTable(shape=signed(TOTAL_BITS), slots=config.slots)
            total = Signal(signed(TOTAL_BITS), name=f"total_{column}")
            output = Signal(signed(TOTAL_BITS), reset_less=True, name=f"output_{column}")
            m.d.comb += [
                total.eq(Mux(first, 0, table.read_data0) + fine),
                table.read_slot0.eq(slot),
                table.write_enable.eq(valid[-1]),
                table.write_slot.eq(slot),
                table.write_data.eq(total),
                self.totals[column].eq(output),
            ]
            m.d.sync += output.eq(total)
        return m

    def _multiply(self, m, column):
        """Product of a column's sum and the mantissa, five cycles later."""
        value, products = self.sums[column], []
        for index, start in enumerate(range(0, SUM_BITS, _LIMB_BITS)):
            limb = value[start:start + _LIMB_BITS]
            # Only the uppermost limb has a sign.
            limb = limb.as_signed() if start + _LIMB_BITS >= SUM_BITS else Cat(limb, Const(0, 1)).as_signed()
            part = Multiplier(a_width=len(limb), b_width=SCALE_MANTISSA_BITS, signed=True)
            m.submodules[f"part_{column}_{index}"] = part
            m.d.comb += [part.a.eq(limb), part.b.eq(self.mantissa)]
            products.append(part.o)
        low, middle, high = products
        inner = Signal(signed(_LIMB_BITS + SCALE_MANTISSA_BITS + 1), reset_less=True, name=f"inner_{column}")
        product = Signal(signed(_PRODUCT_BITS), reset_less=True, name=f"product_{column}")
        m.d.sync += [
            inner.eq(middle + (low >> _LIMB_BITS)),
            product.eq(Cat(
                delay(m, low[:_LIMB_BITS], name=f"bottom_{column}"),
                inner[:_LIMB_BITS],
                (inner >> _LIMB_BITS) + delay(m, high, name=f"high_{column}"))),
        ]
        return product
