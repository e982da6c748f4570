"""Sums of 16 mantissas, for the minimums of a format."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.dot.layouts import DotStep, SUB_BLOCK_BITS, SUB_BLOCK_CODES, sides
from gateware.isa import VECTOR_CODES
from gateware.layouts import QuantisedStripe
from gateware.numeric.delay import delay

__all__ = ["SubBlockSums"]

_UNIT = 1 << 16


class SubBlockSums(wiring.Component):
    """The sums of the two sub-blocks of each vector of the x-buffer, in block RAM.

    Computed while the x-buffer is written, from the same stripes: what the last one of a vector completes can
    be read ``WRITE_LATENCY`` + 1 cycles later.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape
    vector_lanes : int
        Mantissas of a stripe, at most ``dot.lanes``.

    Members
    -------
    stripes : In(stream)
        As for :class:`gateware.dot.x_buffer.XBuffer`.
    step : In(stream)
        With ``expand``, the sub-block of the code that is expanded has the sum 2**16, the others 0.
    sums : Out(signed(22)), array of columns of arrays of 2, or 4 of two vectors
        Of the lower and the upper 16 mantissas of a vector; ``LATENCY`` cycles after the step.
    """

    LATENCY = BlockRam.LATENCY
    WRITE_LATENCY = 3

    def __init__(self, *, dot, vector_lanes):
        self._dot, self._vector_lanes = dot, vector_lanes
        super().__init__({
            "stripes": In(stream.Signature(QuantisedStripe(vector_lanes), always_ready=True)),
            "step": In(stream.Signature(DotStep(dot), always_ready=True)),
            "sums": Out(data.ArrayLayout(data.ArrayLayout(signed(SUB_BLOCK_BITS), 2 * sides(dot)),
                                         dot.columns)),
        })

    def elaborate(self, platform):
        m = Module()
        dot, stripe, parts = self._dot, self.stripes.p, sides(self._dot)
        slot_bits = (dot.slots - 1).bit_length()
        vectors = dot.x_elements // VECTOR_CODES
        vector_bits = (vectors - 1).bit_length()
        code_bits = (SUB_BLOCK_CODES - 1).bit_length()
        stripe_bits = (SUB_BLOCK_CODES // self._vector_lanes - 1).bit_length()

        # Two cycles: the sum of the mantissas that come together.
        terms = [stripe.mantissas[lane] for lane in range(self._vector_lanes)]
        for level in range(2):
            terms = _add_pairs(_add_pairs(terms))
            registers = [Signal(term.shape(), reset_less=True, name=f"tree_{level}_{index}")
                         for index, term in enumerate(terms)]
            m.d.sync += [register.eq(term) for register, term in zip(registers, terms)]
            terms = registers
        index = delay(m, stripe.index, 2, name="index")
        column = delay(m, stripe.column, 2, name="column")
        valid = Signal(2)
        m.d.sync += valid.eq(Cat(self.stripes.valid, valid))

        # Third cycle: added to those that came before.
        place = index[:stripe_bits]
        first = place == 0 if stripe_bits else Const(1)
        last = place.all() if stripe_bits else Const(1)
        half = index[stripe_bits]
        vector = index[stripe_bits + 1:]
        running = Signal(signed(SUB_BLOCK_BITS), reset_less=True)
        total = Signal(signed(SUB_BLOCK_BITS))
        lower = Signal(signed(SUB_BLOCK_BITS), reset_less=True)
        m.d.comb += total.eq(terms[0] + Mux(first, 0, running))
        with m.If(valid[-1]):
            m.d.sync += running.eq(total)
            with m.If(~half):
                m.d.sync += lower.eq(total)
        write = Signal()
        m.d.sync += write.eq(valid[-1] & half & last & (vector < vectors))
        write_vector = delay(m, vector[:vector_bits], name="write_vector")
        write_column = delay(m, column, name="write_column")

        expand = delay(m, self.step.p.expand, self.LATENCY, name="expand")
        sub_block = delay(m, self.step.p.position[code_bits:], self.LATENCY, name="sub_block")
        write_slot = (write_column // dot.columns)[:slot_bits]
        step = self.step.p
        for column in range(dot.columns):
            for part in range(parts):
                ram = BlockRam(width=2 * SUB_BLOCK_BITS, depth=max(dot.slots * vectors // parts, 2))
                m.submodules[f"sums_{column}_{part}"] = ram
                m.d.comb += [
                    ram.write_enable.eq(write & (write_column % dot.columns == column)
                                        & (write_vector % parts == part)),
                    ram.write_address.eq(Cat(write_vector[parts - 1:], write_slot)),
                    ram.write_data.eq(Cat(lower, running)),
                    ram.read_enable.eq(self.step.valid & ~step.expand & (step.columns >= column)),
                    ram.read_address.eq(Cat(step.vector[:vector_bits][parts - 1:], step.slot)),
                ]
                for number in range(2):
                    unit = Mux(sub_block == 2 * part + number, _UNIT, 0)
                    m.d.comb += self.sums[column][2 * part + number].eq(
                        Mux(expand, unit, ram.read_data.word_select(number, SUB_BLOCK_BITS).as_signed()))
        return m


def _add_pairs(terms):
    """Sums of neighbours; a single term stays as it is."""
    if len(terms) == 1:
        return terms
    return [a + b for a, b in zip(terms[::2], terms[1::2])]
