"""Scaled contributions, summed exactly."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import (DISTANCE_BITS, MINIMUM_ALIGNMENT, MINIMUM_SUM_BITS, SCALE_MANTISSA_BITS,
                                  SUM_BITS, TOTAL_BITS, shared_columns, sides)
from gateware.dot.slot_table import SlotTable
from gateware.dot.small_multiplier import SmallMultiplier
from gateware.numeric.delay import delay
from gateware.numeric.multiplier import Multiplier

__all__ = ["Accumulator"]

_LIMB_BITS = 17
_SMALL_BITS = 4  # of a limb that is not worth a multiplier
_HALF_BITS = TOTAL_BITS // 2
_ALIGNMENT = TOTAL_BITS - (SUM_BITS + SCALE_MANTISSA_BITS - 1)


class Accumulator(wiring.Component):
    """One 64-bit accumulator per slot, half of a paired row, and physical column.

    A free-running pipeline: latency ``latency`` cycles, one contribution per column and cycle, also one
    after another to the same slot. A contribution is ``floor(sum * mantissa * 2**(15 - distance))``, less
    ``floor(minimum_sum * minimum * 2**(24 - minimum_distance))`` where there are minimums::

        sum, mantissa -- multipliers -- inner product -- product -- by 4s -- by 1s -- difference -- total
                      0              3                4          5        6        7             8     9 and 10

    Contributions of two vectors side by side take one more cycle, in which they are added. One more it is where there
    are two columns, the second of which may contribute to the first. The upper half of a total follows the lower one a
    cycle later, with its carry.

    The product of 38 by 12 bits needs limbs of 17 bits for multipliers of 18; the uppermost limb of 4 bits goes
    through LUTs. Its magnitude is below 2**48, because neither factor is ever its most negative number; likewise
    that of 29 by 12 bits is below 2**39.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape

    Members
    -------
    vectors : In, array of what belongs to each vector of a step
        ``sums``, signed(38), array of columns; ``mantissa``, signed(12), of the scale; ``distances``, 6 bits,
        array of columns; ``minimum_sums``, signed(29), array of columns; ``minimum``, signed(12);
        ``minimum_distances``, 6 bits, array of columns.
    shared : In(1)
        What the second column contributes belongs to the first.
    valid : In(1)
    first : In(1)
        The total begins with this contribution.
    slot : In
        Half of the row, and above it the slot.
    totals : Out(signed(64)), array of columns
        With this contribution.
    """

    def __init__(self, *, dot):
        self._dot = dot
        self._slots = 2 * dot.slots  # each with its halves
        self.latency = Multiplier.LATENCY + 5 + sides(dot) + shared_columns(dot)
        vector = data.StructLayout({
            "sums": data.ArrayLayout(signed(SUM_BITS), dot.columns),
            "mantissa": signed(SCALE_MANTISSA_BITS),
            "distances": data.ArrayLayout(DISTANCE_BITS, dot.columns),
            "minimum_sums": data.ArrayLayout(signed(MINIMUM_SUM_BITS), dot.columns),
            "minimum": signed(SCALE_MANTISSA_BITS),
            "minimum_distances": data.ArrayLayout(DISTANCE_BITS, dot.columns)})
        super().__init__({
            "vectors": In(data.ArrayLayout(vector, sides(dot))),
            "shared": In(1),
            "valid": In(1),
            "first": In(1),
            "slot": In(range(self._slots)),
            "totals": Out(data.ArrayLayout(signed(TOTAL_BITS), dot.columns)),
        })

    def elaborate(self, platform):
        m = Module()
        dot = self._dot
        early = self.latency - 2
        first = delay(m, self.first, early, name="first")
        slot = delay(m, self.slot, early, name="slot")
        valid = Signal(early)
        m.d.sync += valid.eq(Cat(self.valid, valid))

        shared = delay(m, self.shared, early - 2, name="shared")
        for column in reversed(range(dot.columns)):
            contributions = []
            for side, vector in enumerate(self.vectors):
                shifted = self._contribute(m, f"scale_{column}_{side}", vector.sums[column], vector.mantissa,
                                           vector.distances[column], _ALIGNMENT)
                if "minimums" in dot.decoders:
                    shifted = shifted - self._contribute(
                        m, f"minimum_{column}_{side}", vector.minimum_sums[column], vector.minimum,
                        vector.minimum_distances[column], MINIMUM_ALIGNMENT)
                contributions.append(shifted)
            if len(contributions) == 2:
                registers = [self._register(m, f"contribution_{column}_{side}", value)
                             for side, value in enumerate(contributions)]
                contributions = [registers[0] + registers[1]]
            contribution = self._register(m, f"contribution_{column}", contributions[0])
            if shared_columns(dot) == 2:
                if column == 1:
                    second = self._register(m, "second", Mux(shared, contributions[0], 0))
                contribution = self._register(m, f"sum_{column}", contribution if column else contribution + second)
            low, carry = self._add(m, f"low_{column}", contribution[:_HALF_BITS], Const(0, 1), first, slot, valid[-1])
            late = [delay(m, value, name=f"{name}_{column}") for name, value in (
                ("high", contribution[_HALF_BITS:]), ("first", first), ("slot", slot))]
            late_valid = Signal(name=f"valid_{column}")
            m.d.sync += late_valid.eq(valid[-1])
            high, _ = self._add(m, f"high_{column}", late[0], carry, *late[1:], late_valid)
            m.d.comb += self.totals[column].eq(Cat(delay(m, low, name=f"low_{column}"), high))
        return m

    def _register(self, m, name, value):
        register = Signal(signed(TOTAL_BITS), reset_less=True, name=name)
        m.d.sync += register.eq(value)
        return register

    def _add(self, m, name, value, carry, first, slot, valid):
        """Half of a total with this contribution, and what it carries over, one cycle later."""
        m.submodules[f"totals_{name}"] = table = SlotTable(shape=_HALF_BITS, slots=self._slots)
        total = Signal(_HALF_BITS + 1, name=f"total_{name}")
        output = Signal(_HALF_BITS + 1, reset_less=True, name=f"output_{name}")
        m.d.comb += [
            # Two ones below make a carry: that takes no second adder.
            total.eq((Cat(Const(1, 1), Mux(first, 0, table.read_data0)) + Cat(carry, value))[1:]),
            table.read_slot0.eq(slot),
            table.write_enable.eq(valid),
            table.write_slot.eq(slot),
            table.write_data.eq(total),
        ]
        m.d.sync += output.eq(total)
        return output[:_HALF_BITS], output[_HALF_BITS]

    def _contribute(self, m, name, value, mantissa, distance, alignment):
        """``floor(value * mantissa * 2**(alignment - distance))``, two cycles after the product."""
        product = _multiply(m, name, value, mantissa)
        distance = delay(m, distance, Multiplier.LATENCY + 2, name=f"{name}_distance")
        width = alignment + len(product)
        coarse = Signal(signed(width), reset_less=True, name=f"{name}_coarse")
        fine = Signal(signed(width), reset_less=True, name=f"{name}_fine")
        fine_distance = Signal(2, reset_less=True, name=f"{name}_fine_distance")
        m.d.sync += [
            coarse.eq(Cat(Const(0, alignment), product).as_signed() >> Cat(Const(0, 2), distance[2:])),
            fine_distance.eq(distance[:2]),
            fine.eq(coarse >> fine_distance),
        ]
        return fine


def _multiply(m, name, value, mantissa):
    """Product of a value of two or three limbs and a mantissa, two cycles after those of the limbs."""
    width, products = len(value), []
    for index, start in enumerate(range(0, width, _LIMB_BITS)):
        limb = value[start:start + _LIMB_BITS]
        # Only the uppermost limb has a sign.
        limb = limb.as_signed() if start + _LIMB_BITS >= width else Cat(limb, Const(0, 1)).as_signed()
        factors, kind = (limb, mantissa), Multiplier
        if len(limb) <= _SMALL_BITS:
            factors, kind = (mantissa, limb), SmallMultiplier
        part = kind(a_width=len(factors[0]), b_width=len(factors[1]), signed=True)
        m.submodules[f"{name}_part_{index}"] = part
        m.d.comb += [part.a.eq(factors[0]), part.b.eq(factors[1])]
        products.append(delay(m, part.o, Multiplier.LATENCY - kind.LATENCY, name=f"{name}_part_{index}"))
    low, middle, *high = products
    inner = Signal(signed(_LIMB_BITS + SCALE_MANTISSA_BITS + 1), reset_less=True, name=f"{name}_inner")
    # Neither factor is its most negative number.
    product = Signal(signed(width + SCALE_MANTISSA_BITS - 1), reset_less=True, name=f"{name}_product")
    m.d.sync += inner.eq(middle + (low >> _LIMB_BITS))
    bottom = delay(m, low[:_LIMB_BITS], name=f"{name}_bottom")
    if high:
        top = (inner >> _LIMB_BITS) + delay(m, high[0], name=f"{name}_high")
        m.d.sync += product.eq(Cat(bottom, inner[:_LIMB_BITS], top))
    else:
        m.d.sync += product.eq(Cat(bottom, inner))
    return product
