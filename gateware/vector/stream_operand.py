"""The operand that comes from DRAM: beats of the bus become stripes of elements."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StreamOperand"]

_ROWS = 16


class StreamOperand(wiring.Component):
    """Queue that takes beats of ``bus_bits`` and gives stripes of ``lanes`` fp32 elements, in order.

    A beat or a stripe may be the wider one. One beat in and one stripe out per cycle. A pass begins with
    ``start`` and ends with its ``length``-th element: no further beat is taken, and what the last one holds
    beyond is dropped.

    A stripe is taken in two steps, so that reads of a memory with latency can be launched beside it:
    ``reserve`` it when one is ``available``, and ``take`` it from ``stripe`` at any later time, in order.

    Its rows, ``max(bus_bits, 32 * lanes)`` wide and 16 deep, are LUT RAM.

    Parameters
    ----------
    lanes : int
    bus_bits : int
        32 or more; powers of two both.

    Members
    -------
    start : In(1)
        Drops everything and expects ``length`` elements, 0 if the pass takes nothing from the stream.
    length : In(20)
        Looked at with ``start``.
    beats : In(stream of bus_bits)
        Ready depends on registers only.
    available : Out(1)
        There is a stripe not reserved yet. Depends on registers only.
    reserve : In(1)
        Reserve one stripe. Only while ``available``.
    take : In(1)
        Go to the next stripe. Only for a stripe that is reserved.
    stripe : Out(ArrayLayout(32, lanes))
        The oldest stripe not taken yet.
    """

    def __init__(self, *, lanes, bus_bits):
        self._lanes = lanes
        self._words = bus_bits // 32
        super().__init__({
            "start": In(1),
            "length": In(20),
            "beats": In(stream.Signature(bus_bits)),
            "available": Out(1),
            "reserve": In(1),
            "take": In(1),
            "stripe": Out(data.ArrayLayout(32, lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        lanes, words = self._lanes, self._words
        # A row is one stripe or one beat, whichever is wider, and the narrower one is a chunk of it.
        chunks = max(lanes // words, words // lanes)
        chunk_bits = 32 * min(lanes, words)
        chunk_shift = (chunks - 1).bit_length()
        writes_chunks, reads_chunks = lanes > words, lanes < words

        more, beats_after = Signal(), Signal(20)     # a beat is expected; how many after it
        write_row, read_row = Signal(range(_ROWS)), Signal(range(_ROWS))
        write_chunk, read_chunk = Signal(chunk_shift), Signal(chunk_shift)
        rows = Signal(range(_ROWS + 1))              # rows that hold anything
        room = Signal()                              # there is a row, even if one is written just now
        stripes = Signal(range(_ROWS * chunks + 1))   # stripes not reserved, the cycle before
        reserved = Signal()                          # one was, in that cycle

        # In.
        accept = Signal()
        last_beat = Signal(reset_less=True)          # beats_after is 0
        row_written = Signal()
        m.d.comb += [
            self.beats.ready.eq(more & room),
            accept.eq(self.beats.valid & self.beats.ready),
            row_written.eq(accept & (last_beat | (write_chunk == chunks - 1) if writes_chunks else 1)),
        ]
        with m.If(accept):
            m.d.sync += [more.eq(~last_beat), last_beat.eq(beats_after == 1), beats_after.eq(beats_after - 1)]
            if writes_chunks:
                m.d.sync += write_chunk.eq(write_chunk + 1)
        with m.If(row_written):
            m.d.sync += write_row.eq(write_row + 1)

        # Out.
        row_read = Signal()
        m.d.comb += row_read.eq(self.take & (read_chunk == chunks - 1 if reads_chunks else 1))
        with m.If(self.take):
            if reads_chunks:
                m.d.sync += read_chunk.eq(read_chunk + 1)
        with m.If(row_read):
            m.d.sync += read_row.eq(read_row + 1)

        m.d.sync += [
            rows.eq(rows + row_written - row_read),
            room.eq(rows < _ROWS - 1),
            stripes.eq(stripes + Mux(row_written, chunks if reads_chunks else 1, 0) - reserved),
            reserved.eq(self.reserve),
            # Stripes there are, from those there were.
            self.available.eq(row_written | Mux(self.reserve, stripes > Mux(reserved, 2, 1), self.available)),
        ]
        with m.If(self.start):
            m.d.sync += [
                more.eq(self.length != 0),
                last_beat.eq(self.length <= words),
                beats_after.eq((self.length - 1) >> (words - 1).bit_length()),
                room.eq(1),
                write_row.eq(0), read_row.eq(0), write_chunk.eq(0), read_chunk.eq(0),
                rows.eq(0), stripes.eq(0), reserved.eq(0), self.available.eq(0),
            ]

        parts = []
        for chunk in range(chunks):
            m.submodules[f"chunk_{chunk}"] = ram = memory.Memory(shape=chunk_bits, depth=_ROWS, init=[])
            write, read = ram.write_port(), ram.read_port(domain="comb")
            m.d.comb += [
                write.addr.eq(write_row),
                write.data.eq(self.beats.payload.word_select(chunk, chunk_bits) if reads_chunks
                              else self.beats.payload),
                write.en.eq(accept & (write_chunk == chunk if writes_chunks else 1)),
                read.addr.eq(read_row),
            ]
            parts.append(read.data)
        m.d.comb += self.stripe.as_value().eq(Cat(parts).word_select(read_chunk, chunk_bits) if reads_chunks
                                             else Cat(parts))
        return m
