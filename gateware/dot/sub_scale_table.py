"""The sub-scales and sub-minimums of a row."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.dot.layouts import DotStep, MINIMUM_BITS, sides, sub_words
from gateware.layouts import DotCommand
from gateware.numeric.delay import delay

__all__ = ["SubScaleTable"]

_BITS = 8


class SubScaleTable(wiring.Component):
    """Keeps the sub-scales of a row and gives each step its pair of them, and its pair of sub-minimums.

    They come through the code decoder, ahead of the codes of the row. What is written some cycles after a step
    of sub-scales is read as many after the steps of codes; so those before it still read the row before,
    those behind it the new one, and one bank is enough.

    A super-block has 8 or 16 sub-scales and as many sub-minimums behind them. The two of a pair belong to the
    lower and the upper 16 codes of a vector; where a sub-scale is for 32, both are the same.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape

    Members
    -------
    active : In
        The command in effect.
    write_enable : In(1)
    write_word : In
    write_data : In(signed(8)), array of ``lanes``
        Left-aligned: sub-scales without a sign leave the uppermost bit empty.
    step : In(stream)
        As late as ``write_data``.
    scales : Out(signed(8)), array of 2, or 4 of two vectors
        As written; ``LATENCY`` cycles after ``step``.
    minimums : Out(6), array of 2 or 4
        Left-aligned, or 32 where the format has no sub-minimums; likewise.
    """

    LATENCY = BlockRam.LATENCY + 2

    def __init__(self, *, dot):
        self._dot = dot
        super().__init__({
            "active": In(DotCommand),
            "write_enable": In(1),
            "write_word": In(range(sub_words(dot))),
            "write_data": In(data.ArrayLayout(signed(_BITS), dot.lanes)),
            "step": In(stream.Signature(DotStep(dot), always_ready=True)),
            "scales": Out(data.ArrayLayout(signed(_BITS), 2 * sides(dot))),
            "minimums": Out(data.ArrayLayout(MINIMUM_BITS, 2 * sides(dot))),
        })

    def elaborate(self, platform):
        m = Module()
        lanes, active, vector = self._dot.lanes, self.active, self.step.p.vector
        parts = sides(self._dot)
        has_minimums = "minimums" in self._dot.decoders
        # Pairs, and those of the sub-minimums, each followed by the bit that tells the halves of a wide pair
        # apart.
        scale, minimum = Signal(10), Signal(10)
        m.d.comb += [
            scale.eq(Mux(
                active.sub_wide,
                Mux(active.minimum, Cat(vector[1:3], Const(0, 1), vector[3:]), vector[1:]),
                Mux(active.minimum, Cat(vector[:3], Const(0, 1), vector[3:]), vector))),
            minimum.eq(scale | Mux(active.sub_wide, 4, 8)),
        ]
        wide = delay(m, active.sub_wide, self.LATENCY - 1, name="wide")
        upper = delay(m, vector[0], self.LATENCY - 1, name="upper")
        place_bits = (lanes // 2 - 1).bit_length()

        def read(name, pair, shared=None):
            ram = shared
            if shared is None:
                ram = BlockRam(width=_BITS * lanes, depth=sub_words(self._dot))
                m.submodules[name] = ram
                m.d.comb += [
                    ram.write_enable.eq(self.write_enable),
                    ram.write_address.eq(self.write_word),
                    ram.write_data.eq(self.write_data),
                    ram.read_enable.eq(self.step.valid & active.sub_bits.any()),
                    ram.read_address.eq(pair >> place_bits),
                ]
            place = delay(m, pair[:place_bits], BlockRam.LATENCY, name=f"{name}_place")
            # Two for each vector, one after another, or one for each.
            word = Signal(2 * parts * _BITS, reset_less=True, name=f"{name}_word")
            m.d.sync += word.eq(ram.read_data.word_select(place[parts - 1:], len(word)))
            wides = word.word_select(upper if parts == 1 else delay(m, place[0], name=f"{name}_upper"), parts * _BITS)
            return ram, [Mux(wide, wides.word_select(index // 2, _BITS), word.word_select(index, _BITS))
                         for index in range(2 * parts)]

        ram, scales = read("scales", scale)
        outputs = Cat(scales)
        registers = Signal(self.scales.shape(), reset_less=True)
        m.d.sync += registers.eq(outputs)
        m.d.comb += self.scales.eq(registers)
        if has_minimums:
            # A word of 32 or more has both.
            _, minimums = read("minimums", minimum, ram if lanes >= 32 else None)
            none = delay(m, ~active.sub_bits.any(), self.LATENCY - 1, name="none")
            minimum_registers = Signal(self.minimums.shape(), reset_less=True)
            for register, value in zip(minimum_registers, minimums):
                m.d.sync += register.eq(Mux(none, 1 << MINIMUM_BITS - 1, value[1:1 + MINIMUM_BITS]))
            m.d.comb += self.minimums.eq(minimum_registers)
        return m
