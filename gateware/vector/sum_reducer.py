"""The sum of the elements of a pass."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.exact.sums import PARTIAL_SUMS
from gateware.numeric.delay import delay
from gateware.numeric.fp32_add import Fp32Add
from gateware.vector.control_delay import control_delay

__all__ = ["SumReducer"]


class SumReducer(wiring.Component):
    """Sum in the order of :func:`gateware.exact.sums.interleaved_sum`.

    Element ``i`` is added to partial sum ``i % 64``; lane ``i % lanes`` keeps it in row ``i % 64 // lanes``
    of its block RAM. After the last stripe the partial sums are added in a tree, ``p[i] += p[i + half]`` for
    ``half`` = 32..1: rows of the same lane first, then the lanes' row 0. A level with ``half >= length`` is
    left out: it would add +0 to single elements, and none of them is -0 because +0 was added to them before.

    A row is ready ``LOOP`` cycles after it was read: stripes must come ``interval(lanes)`` cycles apart at
    least. ``done`` comes ``tail(lanes, length)`` cycles after the last stripe.

    Parameters
    ----------
    lanes : int
        1, 2, 4, 8 or 16.

    Members
    -------
    start : In(1)
        Forgets everything.
    length : In(20)
        Elements of the pass. Looked at with ``start``.
    valid, last : In(1)
        A stripe; it is the last of the pass.
    mask : In(lanes)
        Elements of the stripe that exist.
    stripe : In(ArrayLayout(32, lanes))
    done : Out(1)
        ``value`` is the sum. Pulses once per pass.
    value : Out(32)
    """

    # To the register before the adders, through them, and into the block RAM.
    LOOP = BlockRam.LATENCY + 1 + Fp32Add.LATENCY + 1

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "start": In(1), "length": In(20), "valid": In(1), "last": In(1), "mask": In(lanes),
            "stripe": In(data.ArrayLayout(32, lanes)), "done": Out(1), "value": Out(32),
        })

    @classmethod
    def interval(cls, lanes):
        """Least number of cycles from one stripe to the next."""
        return -(-cls.LOOP // (PARTIAL_SUMS // lanes))

    @classmethod
    def tail(cls, lanes, length):
        """Cycles from the last stripe to ``done``."""
        levels = [1 << level for level in range((PARTIAL_SUMS - 1).bit_length()) if 1 << level < length]
        return cls.LOOP + sum(cls._turn(lanes) + half // lanes // 2 for half in levels)

    @classmethod
    def _turn(cls, lanes):
        # With one lane, a level of 32 rows takes longer than what the next one waits for.
        return max(cls.LOOP, PARTIAL_SUMS // lanes // 4)

    def elaborate(self, platform):
        m = Module()
        lanes, rows, turn = self._lanes, PARTIAL_SUMS // self._lanes, self._turn(self._lanes)
        lane_bits = (lanes - 1).bit_length()
        half = Signal(range(PARTIAL_SUMS // 2 + 1), reset_less=True)   # a power of two, or 0 when all is done
        elements = Signal(range(PARTIAL_SUMS + 1), reset_less=True)    # partial sums in use
        row = Signal(range(rows))
        fresh = Signal(reset_less=True)                                # rows hold nothing yet
        adding = Signal()                                              # of partial sums
        timer = Signal(range(rows + turn))
        step = Signal(range(rows + 1))                                 # rows that this level has
        m.d.comb += step.eq(half[lane_bits:])
        other = Signal(range(rows), reset_less=True)                   # row + step, while adding

        def level(half):
            """Begin a level. The one after it first needs the sum in the middle of this one."""
            return [adding.eq(1), row.eq(0), other.eq(half[lane_bits:]),
                    timer.eq(half[lane_bits + 1:] + turn - 1)]

        with m.FSM():
            with m.State("ACCUMULATE"):
                with m.If(self.valid):
                    m.d.sync += row.eq(row + 1)
                    with m.If(row == rows - 1):
                        m.d.sync += fresh.eq(0)
                    with m.If(self.last):
                        m.d.sync += [half.eq(PARTIAL_SUMS // 2), timer.eq(self.LOOP - 2), row.eq(0)]
                        m.next = "DRAIN"
            with m.State("DRAIN"):
                # Levels without a second operand fall away meanwhile, one per cycle.
                with m.If(elements <= half):
                    m.d.sync += half.eq(half >> 1)
                m.d.sync += timer.eq(timer - 1)
                with m.If(timer == 0):
                    m.next = "DONE"
                    with m.If(half != 0):
                        m.d.sync += level(half)
                        m.next = "TREE"
            with m.State("TREE"):
                with m.If(adding):
                    m.d.sync += [row.eq(row + 1), other.eq(other + 1)]
                    with m.If(row + 1 >= step):
                        m.d.sync += [adding.eq(0), row.eq(0)]
                m.d.sync += timer.eq(timer - 1)
                with m.If(timer == 0):
                    m.d.sync += half.eq(half >> 1)
                    m.d.sync += level(half >> 1)
                    with m.If(half == 1):
                        m.d.sync += adding.eq(0)
                        m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "ACCUMULATE"
        with m.If(self.start):
            m.d.sync += [
                row.eq(0), fresh.eq(1),
                elements.eq(Mux(self.length >= PARTIAL_SUMS, PARTIAL_SUMS, self.length)),
            ]

        # Whether an element ever came to the row of the second operand, in a lane.
        full, partly = other < elements[lane_bits:], other == elements[lane_bits:]
        exists = Cat(full | partly & (elements[:lane_bits] > lane) for lane in range(lanes))
        enables = Mux(adding, ~Const(0, lanes), Mux(self.valid, self.mask, 0))
        writes = control_delay(m, Cat(row, enables), self.LOOP - 1, name="writes")

        # What the operands are, when the block RAMs have them.
        no_first = delay(m, ~adding & fresh, BlockRam.LATENCY, name="no_first")
        of_stripe = delay(m, ~adding, BlockRam.LATENCY, name="of_stripe")
        second_exists = delay(m, exists, BlockRam.LATENCY, name="exists")
        distance = delay(m, half[:lane_bits], BlockRam.LATENCY, name="distance")
        seconds, sums = [], []
        for lane in range(lanes):
            m.submodules[f"first_{lane}"] = first = BlockRam(width=32, depth=rows)
            m.submodules[f"second_{lane}"] = second = BlockRam(width=32, depth=rows)
            m.submodules[f"add_{lane}"] = add = Fp32Add()
            for partial in (first, second):
                m.d.comb += [
                    partial.write_address.eq(writes[:len(row)]),
                    partial.write_enable.eq(writes[len(row) + lane]),
                    partial.write_data.eq(add.o),
                ]
            m.d.comb += [
                first.read_enable.eq(self.valid | adding),
                first.read_address.eq(row),
                second.read_enable.eq(adding),
                second.read_address.eq(other),
            ]
            operand = Signal(32, reset_less=True, name=f"first_{lane}")
            m.d.sync += operand.eq(Mux(no_first, 0, first.read_data))
            m.d.comb += add.a.eq(operand)
            seconds.append(second.read_data)
            sums.append(add)
        for lane, add in enumerate(sums):
            operand = Signal(32, reset_less=True, name=f"second_{lane}")
            m.d.comb += add.b.eq(operand)
            # Which lane the second operand comes from.
            source, valid = seconds[lane], second_exists[lane]
            for bit in range(lane_bits):
                if lane < 1 << bit:
                    source = Mux(distance[bit], seconds[lane + (1 << bit)], source)
                    valid = Mux(distance[bit], second_exists[lane + (1 << bit)], valid)
            element = delay(m, self.stripe[lane], BlockRam.LATENCY, name=f"element_{lane}")
            m.d.sync += operand.eq(Mux(of_stripe | valid, Mux(of_stripe, element, source), 0))
        # The last one that lane 0 writes is the total.
        with m.If(writes[len(row)]):
            m.d.sync += self.value.eq(sums[0].o)
        return m
