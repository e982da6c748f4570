"""Codes of a vector, from the words in which they lie in memory."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.dot.code_table import CodeTable
from gateware.dot.layouts import CodeChunk, WORD_BITS, shared_columns, sides
from gateware.dot.trit_decoder import TritDecoder
from gateware.isa import CodeKind, VECTOR_CODES
from gateware.layouts import CodeTableEntries
from gateware.numeric.delay import delay

__all__ = ["CodeDecoder"]

_PLANES = 16
_FIFTH = 4
_HALF_BITS = 4  # of a position within the 16 codes of half a vector


class CodeDecoder(wiring.Component):
    """Assembles vectors of 32 codes, holds one of them, and hands out ``lanes`` codes per step.

    With bit-planes, word k is bit k of all codes, left-aligned because a narrow code uses the upper words
    only; in element order it is codes 2k and 2k + 1 of 16 bits, or as many more of 8 or 4 bits, likewise in
    the upper words; of paired rows it is four codes of each. The words that complete a vector go straight
    into the register that holds it, together with those assembled before, while what follows them in the same
    bus word begins the next one. So a chunk is taken every cycle as long as vectors are stepped through as
    fast as they arrive. What is decided about a chunk and a step is carried out one cycle later, from registers: it
    goes to all the words, which lie far apart. Each plane takes its word from a fixed place of a rotated bus word.
    With 64 lanes two vectors are assembled and held side by side.

    Codes of one bit become -1 and 1. Where two columns share a vector of the x-buffer, what is held as codes of two
    bits are the signs of two vectors. With 32 lanes or fewer the lower plane is for the first column, the upper one for
    the second; with 64 both planes of the first of the two that are held are for the first column.

    Indices are looked up in the table, trits decoded; where codes are right-aligned afterwards, they are
    left-aligned again. ``chunks.ready`` is combinational from ``done``.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape
    bus_bits : int
        Width of a beat, at least ``dot.lanes``.

    Members
    -------
    chunks : In(stream)
    table : In(stream)
        The numbers that indices stand for; only while no vector is held or under way.
    elements : In(1)
        Words hold codes in element order, not bit-planes. Constant during a command, like ``code_bits``,
        ``paired`` and ``kind``.
    code_bits : In(5)
        Of elements: 16, 8 or 4.
    paired : In(1)
        Bytes hold elements of 4 bits of two rows.
    half : In(1)
        Of paired rows: the one in the upper halves of the bytes.
    kind : In(CodeKind)
    shared : In(1)
        Two columns share a vector; likewise.
    halves : In(1)
        A step is for 16 codes of each vector only, those of ``position``; likewise.
    valid : Out(1)
        A vector is held.
    second : Out(1)
        There are two, side by side.
    sub : Out(1)
        It is one of sub-scales.
    row_last, command_last : Out(1)
        Whether it ends a row, and whether that is the command's last.
    done : In(1)
        The last step of the vector.
    position : In(5)
        First code of the step, or the code that is expanded.
    expand : In(1)
        All codes but the one at ``position`` are zero. So are those of lanes 32 and up if there is no second
        vector.
    subs : Out(signed(8)), array of ``lanes``
        Upper halves of the bit-planes, ``SUBS_LATENCY`` cycles after the step: sub-scales, left-aligned.
    codes : Out(signed(16)), array of ``lanes``
        Left-aligned: code * 2**(16 - code_bits), or 2**(15 - code_bits) without a sign or of one bit, ``LATENCY``
        cycles after the step.
    second_codes : Out(signed(16)), array of ``lanes``
        The same, or those for the second column; where there is one.
    """

    LATENCY = 3
    SUBS_LATENCY = 2

    def __init__(self, *, dot, bus_bits):
        self._dot = dot
        super().__init__({
            "chunks": In(stream.Signature(CodeChunk(dot, bus_bits))),
            "table": In(stream.Signature(CodeTableEntries)),
            "elements": In(1),
            "code_bits": In(5),
            "paired": In(1),
            "half": In(1),
            "kind": In(CodeKind),
            "shared": In(1),
            "halves": In(1),
            "valid": Out(1),
            "second": Out(1),
            "sub": Out(1),
            "row_last": Out(1),
            "command_last": Out(1),
            "done": In(1),
            "position": In(range(sides(dot) * VECTOR_CODES)),
            "expand": In(1),
            "subs": Out(data.ArrayLayout(signed(8), dot.lanes)),
            "codes": Out(data.ArrayLayout(signed(16), dot.lanes)),
            "second_codes": Out(data.ArrayLayout(signed(16), dot.lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._dot.lanes
        width = min(lanes, VECTOR_CODES)  # lanes of a vector
        lane_bits = (lanes - 1).bit_length()
        chunk = self.chunks.p
        # `done` comes late and has far to go: whatever else decides is put together without it.
        free, load = Signal(), Signal()
        completing = self.chunks.valid & chunk.completes
        m.d.comb += [
            free.eq(~self.valid | self.done),
            load.eq(completing & free),
            self.chunks.ready.eq(~chunk.completes | free),
        ]
        run = Signal.like(chunk.run)
        with m.If(load):
            m.d.sync += [
                self.second.eq(chunk.second),
                self.sub.eq(chunk.sub),
                self.row_last.eq(chunk.row_last),
                self.command_last.eq(chunk.command_last),
                run.eq(chunk.run),
            ]
        with m.If(free):
            m.d.sync += self.valid.eq(completing)
        held = self._assemble(m, load)

        # Cycle 1: the bits of the step.
        step_position = delay(m, self.position, name="step_position")
        half = delay(m, self.half, name="half")
        part = step_position[lane_bits:]
        bits = [Signal(16, reset_less=True, name=f"bits_{lane}") for lane in range(lanes)]
        for side, words in enumerate(held):
            from_planes = _transpose([word.word_select(part, width) for word in words])
            from_elements = self._elements(m, words, part, half, from_planes)
            for lane, (element, code) in enumerate(zip(from_elements, from_planes)):
                m.d.sync += bits[side * width + lane].eq(Mux(self.elements, element, code))
        m.d.comb += [sub.eq(number[8:]) for sub, number in zip(self.subs, bits)]

        # Cycle 2: the codes.
        wanted = Signal(lanes)
        expand, second = delay(m, self.expand, name="expand"), delay(m, self.second, name="second")
        for lane in range(lanes):
            others = expand & (step_position[:lane_bits] != lane)
            if lanes > 1 << _HALF_BITS:
                others |= self.halves & ~expand & (step_position[_HALF_BITS] != (lane >> _HALF_BITS & 1))
            m.d.sync += wanted[lane].eq(~others & (second | (lane < VECTOR_CODES)))
        is_index = delay(m, self.kind == CodeKind.TABLE, 2, name="is_index")
        codes = bits
        if "tables" in self._dot.decoders:
            m.submodules.table = table = CodeTable(lanes)
            connect(m, flipped(self.table), table.entries)
            m.d.comb += [index.eq(number[12:]) for index, number in zip(table.indices, bits)]
            codes = [_replace(code, is_index, number.as_unsigned()) for number, code in zip(table.numbers, codes)]
        else:
            m.d.comb += self.table.ready.eq(1)
        if "trits" in self._dot.decoders:
            is_trit = delay(m, self.kind == CodeKind.TRITS, 2, name="is_trit")
            trits = self._decode_trits(m, held, part, delay(m, run, name="run"))
            codes = [Mux(is_trit, Cat(Const(0, 14), trit), code) for trit, code in zip(trits, codes)]
        is_sign, shared = (delay(m, value, 2, name=name) for name, value in (
            ("is_sign", self.code_bits == 1), ("shared", self.shared)))
        signs, second_signs = _signs(bits, shared)
        two_columns = shared_columns(self._dot) == 2
        codes = [_replace(code, is_sign, _one(sign)) for sign, code in zip(signs, codes)]
        for lane in range(lanes):
            output = Signal(16, reset_less=True, name=f"code_{lane}")
            m.d.sync += output.eq(Mux(wanted[lane], codes[lane], 0))
            m.d.comb += [self.codes[lane].eq(output), self.second_codes[lane].eq(output)]
            if two_columns:
                second = Signal(2, reset_less=True, name=f"second_{lane}")
                m.d.sync += second.eq(Mux(wanted[lane], Mux(shared, _one(second_signs[lane]), codes[lane][-2:]), 0))
                m.d.comb += self.second_codes[lane][-2:].eq(second)
        return m

    def _assemble(self, m, load):
        """For each vector held, its registers; a chunk gets there one cycle after it has been taken."""
        chunk = self.chunks.p
        late = chunk.shape()(delay(m, chunk, name="chunk"))
        return [self._assemble_part(m, load, index, part, late) for index, part in enumerate(chunk.parts)]

    def _assemble_part(self, m, load, index, part, late):
        chunk = self.chunks.p
        places = len(chunk.words)
        assembled, held = (
            [Signal(WORD_BITS, reset_less=True, name=f"{name}_{index}_{k}") for k in range(_PLANES)]
            for name in ("assembled", "held"))
        arriving = _rotate(late.words, late.parts[index].rotation)
        following = _rotate(late.words, Mux(late.completes, late.parts[index].head_rotation,
                                            late.parts[index].rotation))
        # Bit k: plane k is not below the planes of the chunk, or of the vector. What lies behind a chunk is
        # written again by the next one.
        new, used = Signal(_PLANES), Signal(_PLANES)
        m.d.comb += [
            new.eq(Const(-1, _PLANES) << part.plane),
            used.eq((Const(-1, _PLANES) << chunk.start) & Cat(Const(-1, _PLANES - 1), ~chunk.open_top)),
        ]
        # The fifth vector of trits brings no words, unless there is another one beside it.
        hold = Signal(name=f"hold_{index}")
        late_new, clear, write = (Signal(_PLANES, name=f"{name}_{index}") for name in ("late_new", "clear", "write"))
        m.d.sync += [
            hold.eq(load & ((chunk.run != _FIFTH) | (len(chunk.parts) > 1))),
            late_new.eq(new),
            clear.eq(~used),
            write.eq(Mux(chunk.completes, load.replicate(_PLANES), self.chunks.valid.replicate(_PLANES) & new)),
        ]
        with m.If(hold):
            m.d.sync += [word.eq(Mux(clear[k], 0, Mux(late_new[k], arriving[k % places], assembled[k])))
                         for k, word in enumerate(held)]
        for k, word in enumerate(assembled):
            with m.If(write[k]):
                m.d.sync += word.eq(following[k % places])
        return held

    def _elements(self, m, held, part, half, planes):
        """Codes of a step in element order, left-aligned.

        What lies below elements of 8 and 4 bits is zero like what lies below as many bit-planes, and is taken
        from these: that needs no gates.
        """
        lanes = min(self._dot.lanes, VECTOR_CODES)
        words, bytes_, nibbles = (
            Cat(held[_PLANES - bits:]).word_select(part, bits * lanes) for bits in (16, 8, 4))
        is_word, is_byte = Signal(), Signal()
        m.d.sync += [is_word.eq(self.code_bits == 16), is_byte.eq(self.code_bits == 8)]
        for lane in range(lanes):
            word, byte = words.word_select(lane, 16), bytes_.word_select(lane, 8)
            nibble = Mux(self.paired, Mux(half, byte[4:], byte[:4]), nibbles.word_select(lane, 4))
            yield Mux(is_word, word, Cat(
                planes[lane][:8], Mux(is_byte, byte[:4], Mux(self.paired, 0, planes[lane][8:12])),
                Mux(is_byte, byte[4:], nibble)))

    def _decode_trits(self, m, held, part, run):
        """The trits of a step, one cycle after ``part``: of the bytes held, or that came with four vectors."""
        width = min(self._dot.lanes, VECTOR_CODES)
        count = width // 4
        late_part = delay(m, part, name="part")
        late_done = delay(m, self.valid if len(held) == 1 else self.done, 2, name="trits_done")
        fifth = [Signal(WORD_BITS, reset_less=True, name=f"fifth_{bit}") for bit in range(2)]
        known = fifth
        codes = []
        for side, words in enumerate(held):
            m.submodules[f"trits_{side}"] = trits = TritDecoder(count)
            m.d.comb += trits.bytes.eq(Cat(words[-2:]).word_select(part, 8 * count))
            number = run if side == 0 else Mux(run == _FIFTH, 0, run + 1)
            is_fifth = delay(m, number == _FIFTH, name=f"is_fifth_{side}")
            number = delay(m, number, name=f"run_{side}")
            stored = [word.word_select(late_part, width) for word in known]
            codes += [Mux(is_fifth, Cat(word[lane] for word in stored), trit.as_unsigned())
                      for lane, trit in enumerate(trits.trits)]
            more = [Signal(WORD_BITS, name=f"fifth_{side}_{bit}") for bit in range(2)]
            for bit, word in enumerate(more):
                m.d.comb += word.eq(known[bit])
                with m.If(~is_fifth):
                    m.d.comb += word.word_select(Cat(late_part, number[:2]), count).eq(
                        Cat(trit[bit] for trit in trits.fifths))
            known = more
        # The first of two vectors may need what the second one replaces.
        with m.If(late_done):
            m.d.sync += [word.eq(more) for word, more in zip(fifth, known)]
        return codes


def _signs(bits, shared):
    """Of codes of one bit: the bits for the first column, and those for the second one."""
    if len(bits) <= VECTOR_CODES:
        return [Mux(shared, code[14], code[15]) for code in bits], [code[15] for code in bits]
    # Two planes of each of two vectors.
    first, second = bits[:VECTOR_CODES], bits[VECTOR_CODES:]
    return ([Mux(shared, code[14], code[15]) for code in first]
            + [Mux(shared, code[15], other[15]) for code, other in zip(first, second)],
            [code[14] for code in second] + [code[15] for code in second])


def _replace(code, which, upper):
    """``upper`` in place of the upper bits. Those below are zero then, as nothing is held there: no gates for them."""
    below = len(code) - len(upper)
    return Cat(code[:below], Mux(which, upper, code[below:]))


def _one(sign):
    """1 or -1, as a code of two bits."""
    return Cat(Const(1, 1), ~sign)


def _rotate(words, rotation):
    """Word p of the result is ``words[(p - rotation) % len(words)]``."""
    count = len(words)
    rows = [words[k] for k in range(count)]
    for bit in range(len(rotation)):
        rows = [Mux(rotation[bit], rows[(k - (1 << bit)) % count], rows[k]) for k in range(count)]
    return rows


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
