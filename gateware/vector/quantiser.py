"""Vectors to block floating point."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.exact.block_float import BLOCK
from gateware.exact.fp32 import BIAS
from gateware.exact.vector_pass import CODE_BITS, COLUMN_BITS, PADDING
from gateware.layouts import QuantisedStripe, StoredCode
from gateware.numeric.block_float import BlockFloatRound
from gateware.numeric.delay import delay
from gateware.vector.code_serialiser import CodeSerialiser
from gateware.vector.largest_field import LargestField

__all__ = ["Quantiser"]


class Quantiser(wiring.Component):
    """Block floating point of a vector: an exponent per block of 256 elements, a mantissa per element.

    Bit for bit `vector_pass.column`, `vector_pass.stored` and `vector_pass.stored_integers`.
    A block is written into one half of a buffer while its largest exponent field is found, and then read
    again and rounded while the next one fills the other half::

        stripe -- buffer ----------------- round -- x
              '- largest field - block -'       '- codes

    One stripe per cycle without back-pressure in the wide case; a block's first mantissas leave
    ``latency(lanes)`` cycles after its last stripe, those of a short last block after the mantissas of the
    block before. Narrow passes have one block at most; their codes leave one per cycle with back-pressure.

    Parameters
    ----------
    lanes : int
        Elements of a stripe, 2, 4, 8 or 16.

    Members
    -------
    start : In(1)
        A pass begins.
    narrow : In(1)
        Codes go to ``codes``, instead of 18-bit mantissas to ``x``. Constant during a pass, from the cycle before its
        first stripe on, like ``code_bits``, ``column``, ``pad`` and ``last_lane``.
    code_bits : In(5)
        Width of the codes: 16, scaled by the exponent of their block; or 8 or 4, the elements as integers.
    scale : In(32)
        What goes with codes of 8 or 4 bits. Constant while a code is waiting.
    column : In(5)
        Column of the x-buffer.
    pad : In(1)
        32 more zero mantissas follow the vector.
    last_lane : In
        The last element of the last stripe.
    valid, last : In(1)
        A stripe; it is the last of the pass.
    stripe : In(ArrayLayout(32, lanes))
    x : Out(stream of QuantisedStripe, always ready)
        Padded with zero mantissas to a multiple of 32 elements.
    codes : Out(stream of StoredCode)
    done : Out(1)
        The last stripe or code leaves in this cycle. Pulses once per pass.
    """

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "start": In(1),
            "narrow": In(1),
            "code_bits": In(5),
            "scale": In(32),
            "column": In(5),
            "pad": In(1),
            "last_lane": In(range(lanes)),
            "valid": In(1),
            "last": In(1),
            "stripe": In(data.ArrayLayout(32, lanes)),
            "x": Out(stream.Signature(QuantisedStripe(lanes), always_ready=True)),
            "codes": Out(stream.Signature(StoredCode)),
            "done": Out(1),
        })

    @staticmethod
    def latency(lanes):
        """Cycles from the last stripe of a block to its first mantissas."""
        return LargestField.latency(lanes) + 2 + BlockRam.LATENCY + BlockFloatRound.LATENCY

    def elaborate(self, platform):
        m = Module()
        lanes, stripes = self._lanes, BLOCK // self._lanes
        padding = PADDING // lanes
        exists = Signal(lanes, reset_less=True)
        m.d.sync += exists.eq(Cat(lane <= self.last_lane for lane in range(lanes)))

        # Fill.
        fill, fill_half = Signal(range(stripes)), Signal()
        block_ends = Signal()
        m.d.comb += block_ends.eq(self.valid & (self.last | (fill == stripes - 1)))
        with m.If(self.valid):
            m.d.sync += fill.eq(fill + 1)
        with m.If(block_ends):
            m.d.sync += fill_half.eq(~fill_half)
        with m.If(self.start):
            m.d.sync += [fill.eq(0), fill_half.eq(0)]

        m.submodules.largest = largest = LargestField(lanes=lanes)
        m.d.comb += [
            largest.valid.eq(self.valid),
            largest.first.eq(fill == 0),
            largest.block_ends.eq(block_ends),
        ]
        m.d.comb += [
            largest.fields[lane].eq(Mux(self.last & ~exists[lane], 0, self.stripe[lane][23:31]))
            for lane in range(lanes)]

        # A block waits here while the one before it is read: only a short last block ever does.
        block = data.StructLayout({"end": range(stripes), "last": 1})
        waiting, waits = Signal(block, reset_less=True), Signal()
        waiting_end = Signal(range(stripes + padding), reset_less=True)  # its last stripe, padding included
        field = Signal(8, reset_less=True)
        ended = delay(m, Cat(fill, self.last), LargestField.latency(lanes), name="ended")

        # Read. Padding stripes follow the last one.
        read, read_half, reading = Signal(range(stripes + padding)), Signal(), Signal()
        current = Signal(block, reset_less=True)
        end = Signal.like(read, reset_less=True)
        exponent = Signal(signed(10), reset_less=True)
        final = Signal()
        go = Signal()
        begin = Signal()
        m.submodules.serialiser = serialiser = CodeSerialiser(lanes=lanes)
        m.d.comb += [
            go.eq(reading & (~self.narrow | serialiser.room)),
            final.eq(read == end),
            begin.eq(waits & (~reading | (go & final))),
            serialiser.reserve.eq(go & self.narrow),
        ]
        with m.If(go):
            m.d.sync += read.eq(read + 1)
            with m.If(final):
                m.d.sync += [reading.eq(0), read.eq(0), read_half.eq(~read_half)]
        integers = Signal(reset_less=True)
        bits = Signal(5, reset_less=True)
        m.d.sync += [
            integers.eq(self.narrow & (self.code_bits != CODE_BITS)),
            bits.eq(Mux(self.narrow, self.code_bits, COLUMN_BITS)),
        ]
        with m.If(begin):
            m.d.sync += [
                reading.eq(1), waits.eq(0), current.eq(waiting), end.eq(waiting_end),
                exponent.eq(Mux(integers, 0, field - Mux(
                    self.narrow, BIAS + CODE_BITS - 2, BIAS + COLUMN_BITS - 2))),
            ]
        with m.If(largest.done):
            before = block(ended)
            m.d.sync += [
                waits.eq(1), waiting.eq(ended), field.eq(largest.field),
                waiting_end.eq(Mux(self.narrow, before.end, (before.end | padding - 1)
                                   + Mux(before.last & self.pad, padding, 0))),
            ]
        with m.If(self.start):
            m.d.sync += read_half.eq(0)

        # Round. What tells stripes apart travels beside them.
        kind = data.StructLayout({"valid": 1, "first": 1, "pad": 1, "last": 1, "final": 1})
        stages = [Signal(kind, name=f"kind_{cycle}")
                  for cycle in range(BlockRam.LATENCY + BlockFloatRound.LATENCY + 1)]
        m.d.comb += [
            stages[0].valid.eq(go),
            stages[0].first.eq(go & (read == 0)),
            stages[0].pad.eq(read > current.end),
            stages[0].last.eq(current.last & (read == current.end)),
            stages[0].final.eq(go & current.last & final),
        ]
        for before, after in zip(stages, stages[1:]):
            m.d.sync += after.eq(before)
        # A block that another one follows is longer than the pipeline: its exponent can be handed on.
        exponent_in, exponent_out = Signal(signed(10), reset_less=True), Signal(signed(10), reset_less=True)
        with m.If(stages[BlockRam.LATENCY - 1].first):
            m.d.sync += exponent_in.eq(exponent)
        with m.If(stages[-2].first):
            m.d.sync += exponent_out.eq(exponent_in)
        out = stages[-1]
        scale = Signal(32, reset_less=True)
        index = Signal(14)
        with m.If(out.valid):
            m.d.sync += index.eq(index + 1)
        with m.If(self.start):
            m.d.sync += index.eq(0)

        for lane in range(lanes):
            m.submodules[f"buffer_{lane}"] = buffer = BlockRam(width=32, depth=2 * stripes)
            m.submodules[f"round_{lane}"] = rounding = BlockFloatRound()
            m.d.comb += [
                buffer.write_enable.eq(self.valid),
                buffer.write_address.eq(Cat(fill, fill_half)),
                buffer.write_data.eq(self.stripe[lane]),
                buffer.read_enable.eq(go),
                buffer.read_address.eq(Cat(read[:stripes.bit_length() - 1], read_half)),
                rounding.a.eq(buffer.read_data),
                rounding.exponent.eq(exponent_in),
                rounding.bits.eq(bits),
                self.x.payload.mantissas[lane].eq(Mux(out.pad | (out.last & ~exists[lane]), 0, rounding.o)),
                serialiser.stripe[lane].eq(rounding.o),
            ]
        m.d.comb += [
            self.x.valid.eq(out.valid & ~self.narrow),
            self.x.payload.column.eq(self.column),
            self.x.payload.index.eq(index),
            self.x.payload.exponent.eq(exponent_out),
            serialiser.valid.eq(out.valid & self.narrow),
            serialiser.last.eq(out.last),
            serialiser.last_lane.eq(self.last_lane),
            serialiser.scale.eq(scale),
            self.done.eq(Mux(self.narrow, serialiser.done, out.final)),
        ]
        # Before the codes, which have the serialiser's queue before them. 0 below the normal numbers; exponents of
        # codes of 16 bits are 127 - 14 at most.
        m.d.sync += scale.eq(Mux(integers, self.scale,
                                 Mux(exponent_out > -BIAS, exponent_out + BIAS, 0)[:8] << 23))
        wiring.connect(m, serialiser.codes, wiring.flipped(self.codes))
        return m
