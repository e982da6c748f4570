"""Codes of a vector, from the words in which they lie in memory."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.dot.layouts import CodeChunk, WORD_BITS
from gateware.isa import VECTOR_CODES
from gateware.numeric.delay import delay

__all__ = ["CodeDecoder"]

_PLANES = 16


class CodeDecoder(wiring.Component):
    """Assembles vectors of 32 codes, holds one of them, and hands out ``lanes`` codes per step.

    The words of a vector are written where they belong, which needs neither a shifter nor a gearbox: with
    bit-planes, word k is bit k of all codes, left-aligned because a narrow code uses the upper words only; in
    element order it is codes 2k and 2k + 1. While one vector is held and stepped through, the next one is assembled,
    so a chunk is taken every cycle as long as vectors are taken as fast as they arrive.

    Codes follow ``LATENCY`` cycles after their step. ``chunks.ready`` is combinational from ``take``.

    Parameters
    ----------
    config : Config

    Members
    -------
    clear : In(1)
        A command begins: forget the words that it does not write.
    chunks : In(stream)
    elements : In(1)
        Words hold codes in element order, not bit-planes.
    valid : Out(1)
        A vector is assembled.
    row_last, command_last : Out(1)
        Whether it ends a row, and whether that is the command's last.
    take : In(1)
        The first step of the assembled vector.
    position : In(5)
        First code of the step, or the code that is expanded.
    expand : In(1)
        All codes but the one at ``position`` are zero.
    codes : Out(signed(16)), array of ``lanes``
        Left-aligned: code * 2**(16 - code_bits).
    """

    LATENCY = 2

    def __init__(self, config):
        self._config = config
        super().__init__({
            "clear": In(1),
            "chunks": In(stream.Signature(CodeChunk(config))),
            "elements": In(1),
            "valid": Out(1),
            "row_last": Out(1),
            "command_last": Out(1),
            "take": In(1),
            "position": In(range(VECTOR_CODES)),
            "expand": In(1),
            "codes": Out(data.ArrayLayout(signed(16), config.lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._config.lanes
        lane_bits = (lanes - 1).bit_length()
        fire = Signal()
        m.d.comb += [
            self.chunks.ready.eq(~self.valid | self.take),
            fire.eq(self.chunks.valid & self.chunks.ready),
        ]
        with m.If(fire):
            m.d.sync += [
                self.valid.eq(self.chunks.p.vector_last),
                self.row_last.eq(self.chunks.p.row_last),
                self.command_last.eq(self.chunks.p.command_last),
            ]
        with m.Elif(self.take):
            m.d.sync += self.valid.eq(0)

        assembled = [Signal(WORD_BITS, reset_less=True, name=f"assembled_{k}") for k in range(_PLANES)]
        held = [Signal(WORD_BITS, reset_less=True, name=f"held_{k}") for k in range(_PLANES)]
        self._write(m, fire, assembled)
        with m.If(self.clear):
            m.d.sync += [word.eq(0) for word in assembled]
        with m.If(self.take):
            m.d.sync += [word.eq(source) for word, source in zip(held, assembled)]

        # Cycle 1: the codes of the step.
        position = delay(m, self.position, name="position")
        elements = delay(m, self.elements, name="elements")
        expand = delay(m, self.expand, name="expand")
        part = position[lane_bits:]
        from_planes = _transpose([word.word_select(part, lanes) for word in held])
        words = lanes // 2
        from_elements = Cat(Array(held[start + k] for start in range(0, _PLANES, words))[part] for k in range(words))
        for lane in range(lanes):
            code = Mux(elements, from_elements.word_select(lane, 16), from_planes[lane])
            wanted = ~expand | (position[:lane_bits] == lane)
            output = Signal(16, reset_less=True, name=f"code_{lane}")
            m.d.sync += output.eq(Mux(wanted, code, 0))
            m.d.comb += self.codes[lane].eq(output)
        return m

    def _write(self, m, fire, assembled):
        """Write the words of a chunk; word k always comes from place k modulo the width of a chunk."""
        chunk = self.chunks.p
        for k, word in enumerate(assembled):
            enable = fire
            for bit in range(4):
                outside = chunk.plane[bit] != k >> bit & 1
                enable &= ~outside | (chunk.mask[bit] if bit < len(chunk.mask) else 0)
            with m.If(enable):
                m.d.sync += word.eq(chunk.words[k % len(chunk.words)])


def _transpose(planes):
    """Codes whose bits the 16 words ``planes`` hold, as many as a word has bits.

    Exchanges blocks of 8, 4, 2 and 1 bits with masks and constant shifts. Synthesis is left with wires, and a
    compiled simulation with some 200 operations instead of one for each of up to 512 bits.
    """
    lanes = len(planes[0])
    rows = list(planes)
    for size in (8, 4, 2, 1):
        low = sum(((1 << size) - 1) << start for start in range(0, WORD_BITS, 2 * size))
        for k in range(_PLANES):
            if k & size == 0:
                a, b = rows[k], rows[k + size]
                rows[k] = (a & low) | (b & low) << size
                rows[k + size] = (a >> size & low) | (b & low << size)
    # Bits 16 and up of the words give the codes of lanes 16 and up.
    return [rows[lane % 16][lane // 16 * 16:][:16] for lane in range(lanes)]
