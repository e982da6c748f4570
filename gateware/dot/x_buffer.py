"""The vectors that a matrix is multiplied with."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.dot.layouts import DISTANCE_BITS, DotStep, shared_columns, sides
from gateware.dot.slot_table import SlotTable
from gateware.exact.block_float import BLOCK
from gateware.isa import VECTOR_CODES
from gateware.layouts import QuantisedStripe
from gateware.numeric.delay import delay

__all__ = ["XBuffer", "crossed"]

_MANTISSA_BITS = 18
_X_EXPONENT_BITS = 10
_UNIT_EXPONENT = -16


class XBuffer(wiring.Component):
    """Block-floating-point vectors, one per logical column, in block RAM.

    Logical column l is slot l // columns of physical column l % columns. A physical column has ``lanes`` /
    ``vector_lanes`` banks, each as wide as a stripe that is written; a step reads the same word of all of
    them. A stripe is taken every cycle and can be read two cycles later, the exponent of its block three; zero
    mantissas beyond the end of a column are dropped. The stripes of a column arrive in order, from index 0 on, before
    those of another column. A column must not be written while a command reads it.

    The memories of the first two physical columns change places with every vector, or with every two side by side: of
    logical column 0 the first memory has the even ones. So for one logical column by itself both can be read at once,
    and what they give to steps for several comes crossed at odd vectors.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape
    vector_lanes : int
        Mantissas of a stripe, at most ``dot.lanes``.

    Members
    -------
    stripes : In(stream)
    step : In(stream)
        With ``expand``, the vectors have exponent -16 instead. With ``shared`` the first two memories give vectors of
        one and the same slot of logical column 0: the first one those of the step, the second one those that follow.
    mantissas : Out(signed(18)), array of columns of arrays of lanes
        ``LATENCY`` cycles after the step. Those of the first two columns are crossed where :func:`crossed` says so.
    distances : Out(6), array of columns
        Largest exponent of the vector less that of the block, at most 63; ``DISTANCE_LATENCY`` cycles after
        the step.
    slot : In
        Slot whose largest exponents are wanted.
    unit : In(1)
        They are -16 instead.
    largest : Out(signed(10)), array of columns
        Combinational from ``slot`` and ``unit``.
    """

    LATENCY = BlockRam.LATENCY
    DISTANCE_LATENCY = BlockRam.LATENCY + 2

    def __init__(self, *, dot, vector_lanes):
        self._dot, self._vector_lanes = dot, vector_lanes
        super().__init__({
            "stripes": In(stream.Signature(QuantisedStripe(vector_lanes), always_ready=True)),
            "step": In(stream.Signature(DotStep(dot), always_ready=True)),
            "mantissas": Out(data.ArrayLayout(data.ArrayLayout(signed(_MANTISSA_BITS), dot.lanes),
                                              dot.columns)),
            "distances": Out(data.ArrayLayout(DISTANCE_BITS, dot.columns)),
            "slot": In((dot.slots - 1).bit_length()),
            "unit": In(1),
            "largest": Out(data.ArrayLayout(signed(_X_EXPONENT_BITS), dot.columns)),
        })

    def elaborate(self, platform):
        m = Module()
        dot, step = self._dot, self.step.p
        stripe = self.stripes.p
        vector_lanes = self._vector_lanes
        slot_bits = (dot.slots - 1).bit_length()
        lane_bits = (dot.lanes - 1).bit_length()
        bank_bits = (dot.lanes // vector_lanes - 1).bit_length()
        words = dot.x_elements // dot.lanes
        blocks = dot.x_elements // BLOCK
        word_bits, block_bits = (words - 1).bit_length(), (blocks - 1).bit_length()
        stripe_block_bits = (BLOCK // vector_lanes - 1).bit_length()

        # The padding of a vector that fills its column reaches beyond it.
        inside = self.stripes.valid & (stripe.index < dot.x_elements // vector_lanes)
        # Each bank has a register that tells whether the stripe is for it.
        writes = []
        shares = shared_columns(dot) == 2
        turn = stripe.index[(sides(dot) * VECTOR_CODES // vector_lanes - 1).bit_length()]
        for column in range(dot.columns):
            here = inside & (stripe.column % dot.columns == column)
            memory = here
            if shares and column < 2:
                memory = inside & (stripe.column % dot.columns == Mux(turn, 1 - column, column))
            banks = Cat(memory & (stripe.index[:bank_bits] == bank) for bank in range(1 << bank_bits))
            writes.append((delay(m, here, name=f"write_{column}"), delay(m, banks, name=f"write_banks_{column}")))
        valid = delay(m, self.stripes.valid, name="valid")
        stripe = stripe.shape()(delay(m, stripe, name="stripe"))
        write_slot = (stripe.column // dot.columns)[:slot_bits]
        # Largest exponent so far of the vector that is being written.
        running = Signal(signed(_X_EXPONENT_BITS), reset_less=True)
        running_next = Signal.like(running)
        m.d.comb += running_next.eq(
            Mux((stripe.index == 0) | (stripe.exponent > running), stripe.exponent, running))
        with m.If(valid):
            m.d.sync += running.eq(running_next)
        running_slot = delay(m, write_slot, name="running_slot")

        vector_block_bits = (BLOCK // VECTOR_CODES - 1).bit_length()
        groups = step.vector[sides(dot) - 1:]
        read_block = step.vector[vector_block_bits:][:block_bits]
        late_slot = delay(m, step.slot, BlockRam.LATENCY, name="slot")
        late_expand = delay(m, step.expand, BlockRam.LATENCY, name="expand")
        late_shared = delay(m, step.shared, BlockRam.LATENCY + 1, name="shared")
        values = []
        for column in range(dot.columns):
            write, write_banks = writes[column]
            # A vector that the step does not use may be written meanwhile.
            read_enable = self.step.valid & ~step.expand & (step.columns >= column)
            group, memory_enable = groups, read_enable
            if shares and column < 2:
                if column:
                    group = Cat(groups[0] | step.shared, groups[1:])
                memory_enable = (self.step.valid & ~step.expand
                                 & ((step.columns >= 1) | step.shared | (groups[0] == column)))
            read_word = Cat(step.position[lane_bits:], group)[:word_bits]
            for bank in range(1 << bank_bits):
                ram = BlockRam(width=vector_lanes * _MANTISSA_BITS, depth=max(dot.slots * words, 2))
                m.submodules[f"mantissas_{column}_{bank}"] = ram
                first = bank * vector_lanes
                m.d.comb += [
                    ram.write_enable.eq(write_banks[bank]),
                    ram.write_address.eq(Cat(stripe.index[bank_bits:][:word_bits], write_slot)),
                    ram.write_data.eq(stripe.mantissas),
                    ram.read_enable.eq(memory_enable),
                    ram.read_address.eq(Cat(read_word, step.slot)),
                    Cat(self.mantissas[column][first + lane] for lane in range(vector_lanes))
                    .eq(ram.read_data),
                ]
            ram = BlockRam(width=_X_EXPONENT_BITS, depth=max(dot.slots * blocks, 2))
            m.submodules[f"exponents_{column}"] = ram
            table = SlotTable(shape=signed(_X_EXPONENT_BITS), slots=dot.slots, reads=2)
            m.submodules[f"largest_{column}"] = table
            m.d.comb += [
                ram.write_enable.eq(write),
                ram.write_address.eq(Cat(stripe.index[stripe_block_bits:][:block_bits], write_slot)),
                ram.write_data.eq(stripe.exponent),
                ram.read_enable.eq(read_enable),
                ram.read_address.eq(Cat(read_block, step.slot)),
                table.write_enable.eq(delay(m, write, name=f"running_write_{column}")),
                table.write_slot.eq(running_slot),
                table.write_data.eq(running),
                table.read_slot0.eq(late_slot),
                table.read_slot1.eq(self.slot),
                self.largest[column].eq(Mux(self.unit, _UNIT_EXPONENT, table.read_data1)),
            ]
            # Unused slots may hold anything, so the difference may be negative there; its bits do not matter
            # then.
            difference = Signal(_X_EXPONENT_BITS, reset_less=True, name=f"difference_{column}")
            distance = Signal(DISTANCE_BITS, reset_less=True, name=f"distance_{column}")
            value = difference[:DISTANCE_BITS] | difference[DISTANCE_BITS:].any().replicate(DISTANCE_BITS)
            values.append(value)
            m.d.sync += [
                difference.eq(Mux(late_expand, 0, table.read_data0 - ram.read_data.as_signed())),
                distance.eq(Mux(late_shared, values[0], value) if shares and column == 1 else value),
            ]
            m.d.comb += self.distances[column].eq(distance)
        return m


def crossed(dot, step):
    """Whether the mantissas of the first two columns are those of each other, in a step."""
    return step.vector[sides(dot) - 1] & ~step.shared & ~step.expand
