"""What an instruction reads and writes, in numbers worked out by hand; the Resolver is compared with it elsewhere."""

from dataclasses import replace

import pytest

from gateware.extent import extent
from gateware.isa import Index, Instruction, Opcode, Sink

MATRIX = Instruction(opcode=Opcode.DOT, stream_base=1000, stream_lines=1, stream_line_beats=77, vectors=4, rows=12,
                     sink=Sink.SCRATCHPAD)


def at(instruction, *, token=0, position=0, bus_bytes=16):
    return extent(instruction, token=token, position=position, bus_bytes=bus_bytes)


def test_what_does_not_grow_does_not_move():
    for token, position in ((0, 0), (31999, 1000)):
        e = at(MATRIX, token=token, position=position)
        assert (e.base, e.offset, e.lines, e.beats, e.stride, e.read_beats) == (1000, 0, 1, 77, 0, 77)
        assert (e.rows, e.vectors, e.results) == (12, 4, 12)


@pytest.mark.parametrize("position,member,rows", [(0, 0, 1), (31, 0, 32), (31, 3, 35), (65533, 2, 65536)])
def test_scores_have_a_row_and_a_line_for_each_position(position, member, rows):
    e = at(replace(MATRIX, stream_lines_grow=1, stream_line_stride=80, rows_grow=1, member=member), position=position)
    assert (e.base, e.lines, e.beats, e.stride, e.read_beats) == (1000, rows, 77, 80, 77 * rows)
    assert (e.rows, e.results) == (rows, rows)


@pytest.mark.parametrize("position,beats,vectors", [
    (0, 8, 1), (30, 8, 1), (31, 8, 1), (32, 16, 2), (95, 24, 3), (96, 32, 4)])
def test_values_have_a_vector_for_32_positions(position, beats, vectors):
    """A vector is 8 bus words; 12 rows, paired, are 24 results."""
    e = at(replace(MATRIX, stream_lines=12, stream_line_grow=1, stream_grow_shift=5, stream_grow_scale=3,
                   stream_line_beats=5, vectors_grow=1, paired=1), position=position)
    assert (e.lines, e.beats, e.vectors, e.rows, e.results) == (12, beats, vectors, 12, 24)


@pytest.mark.parametrize("token,base,offset,beats", [(0, 1000, 0, 3), (1, 1002, 1, 3), (2, 1004, 2, 3), (3, 1006, 3, 3),
                                                     (4, 1009, 0, 3)])
def test_a_packed_row_begins_anywhere_in_a_bus_word(token, base, offset, beats):
    """Rows of 9 words of 32 bits, on a bus of 4 of them."""
    row = replace(MATRIX, packed=1, stream_index=Index.TOKEN, stream_index_stride=9, stream_line_beats=9, expand=1,
                  rows=1)
    e = at(row, token=token, position=9)
    assert (e.base, e.offset, e.beats, e.results) == (base, offset, beats, 128)
    # On a bus of 32 bits every word is a bus word.
    e = at(row, token=token, position=9, bus_bytes=4)
    assert (e.base, e.offset, e.beats) == (1000 + 9 * token, 0, 9)


def test_a_packed_row_in_four_bus_words():
    """9 words from the last of a bus word of 4 on."""
    row = replace(MATRIX, packed=1, stream_index=Index.POSITION, stream_index_stride=10, stream_line_beats=10)
    assert [(at(row, position=p).base, at(row, position=p).offset, at(row, position=p).beats) for p in range(3)] == [
        (1000, 0, 3), (1002, 2, 3), (1005, 0, 3)]
    row = replace(row, stream_index_stride=3)
    assert (at(row, position=1).offset, at(row, position=1).beats) == (3, 4)


def test_a_table_is_read_by_token_or_by_position_of_its_member():
    for index, base in ((Index.NONE, 1000), (Index.TOKEN, 1000 + 7 * 10), (Index.POSITION, 1000 + 23 * 10)):
        row = replace(MATRIX, stream_index=index, stream_index_stride=10, member=3)
        assert at(row, token=7, position=20).base == base


@pytest.mark.parametrize("sink", Sink)
def test_only_a_sink_in_dram_stores(sink):
    """By position: a K row of 64 bytes, and the scale of 4."""
    store = Instruction(opcode=Opcode.VECTOR, length=32, sink=sink, store_base=4096, store_index_stride=64,
                        scale_base=8192, member=1)
    e = at(store, position=4)
    if sink in (Sink.STORE, Sink.MEMORY):
        assert (e.stores, e.store_address, e.scale_address) == (True, 4096 + 5 * 64, 8192 + 5 * 4)
    else:
        assert (e.stores, e.store_address, e.scale_address) == (False, 4096, 8192)


def test_a_pass_grows_with_its_member():
    scores = Instruction(opcode=Opcode.VECTOR, length=7, length_grow=1, member=2)
    assert [at(scores, position=p).length for p in (0, 9)] == [3, 12]
    assert at(replace(scores, length_grow=0), position=9).length == 7
    assert at(scores).read_beats == 0


def test_numbers_wrap_as_in_the_gateware():
    e = at(replace(MATRIX, stream_base=0xFFFF_FFF0, stream_index=Index.TOKEN, stream_index_stride=2), token=16)
    assert e.base == 0x10
    e = at(replace(MATRIX, sink=Sink.STORE, store_base=0xFFFF_FFFF, store_index_stride=2, scale_base=0xFFFF_FFFC),
           position=1)
    assert (e.store_address, e.scale_address) == (1, 0)
    e = at(replace(MATRIX, vectors_grow=1, stream_line_grow=1, stream_grow_shift=0, stream_grow_scale=9),
           position=32767)
    assert (e.vectors, e.beats) == (0, 0)


KEYS = replace(MATRIX, stream_lines=1, stream_index_stride=10, stream_line_grow=1, rows_grow=1, window=512, sinks=0,
               destination=2048)
VALUES = replace(MATRIX, stream_lines=12, stream_index_stride=4, stream_line_grow=1, stream_grow_shift=5,
                 stream_line_stride=80, vectors_grow=1, window=512)
SCALES = Instruction(opcode=Opcode.VECTOR, stream_base=1000, stream_lines=1, stream_index_stride=1, stream_line_grow=1,
                     stream_grow_shift=2, length_grow=1, window=512)


@pytest.mark.parametrize("position,pieces,skip,rows", [
    (0, ((1000, 10),), 0, 1), (511, ((1000, 5120),), 0, 512), (512, ((1010, 5120),), 1, 512),
    (543, ((1320, 5120),), 0, 512), (544, ((1330, 5110), (1000, 10)), 1, 512),
    # Position 3584 is place 320 of 544, position 4095 is place 287.
    (4095, ((1000 + 3200, 2240), (1000, 2880)), 0, 512), (4094, ((1000 + 3190, 2250), (1000, 2870)), 31, 512)])
def test_rows_of_a_window(position, pieces, skip, rows):
    """A row is 10 bus words; none is read that the token does not see."""
    e = at(KEYS, position=position)
    assert (e.lines, e.pieces, e.skip, e.rows, e.results, e.read_beats) == (1, pieces, skip, rows, rows, 10 * rows)


def test_rows_of_a_window_for_a_group():
    """From the first one that its first member sees to that of its last one."""
    e = at(replace(KEYS, member=7), position=4096)
    assert (e.pieces, e.skip, e.rows) == (((1000 + 3210, 2230), (1000, 2960)), 1, 519)


@pytest.mark.parametrize("position,pieces,vectors", [
    (31, ((1000, 4),), 1), (511, ((1000, 64),), 16), (512, ((1000, 68),), 17), (543, ((1004, 64),), 16),
    (544, ((1004, 64), (1000, 4)), 17), (4095, ((1040, 28), (1000, 36)), 16), (4094, ((1036, 32), (1000, 36)), 17)])
def test_values_of_a_window(position, pieces, vectors):
    """A vector is 4 bus words; 32 positions leave together, so that one more may be read."""
    e = at(VALUES, position=position)
    assert (e.lines, e.stride, e.pieces, e.vectors, e.rows) == (12, 80, pieces, vectors, 12)
    assert e.read_beats == 12 * 4 * vectors


@pytest.mark.parametrize("position,pieces,length,hidden", [
    (511, ((1000, 128),), 512, range(0)), (512, ((1000, 129),), 513, range(1)), (542, ((1000, 136),), 543, range(31)),
    (543, ((1008, 128),), 512, range(0)), (4094, ((1072, 64), (1000, 72)), 543, range(31))])
def test_passes_over_a_window(position, pieces, length, hidden):
    """Four scales in a bus word."""
    e = at(SCALES, position=position)
    assert (e.pieces, e.length, e.hidden) == (pieces, length, hidden)


def test_sinks_before_a_window():
    """Four sinks and a window of 16: positions 0 to 31 keep their place, 64 others go round behind them."""
    keys, values, scales = (replace(i, window=16, sinks=4) for i in (KEYS, VALUES, SCALES))
    early = [at(keys, position=position) for position in (0, 3, 15, 18, 30)]
    assert [(e.pieces, e.skip, e.rows) for e in early] == [
        # The row of its own is in both instructions as long as all positions are sinks.
        (((1000, 10),), 0, 1), (((1030, 10),), 3, 1), (((1040, 120),), 4, 12), (((1040, 150),), 4, 15),
        (((1150, 160),), 15, 16)]
    assert (at(keys, position=100).pieces, at(keys, position=100).skip) == (((1000 + 850, 110), (1320, 50)), 53)
    # 85 is the first position of the window: 64 to 95 are a vector, 96 to 100 another one; 32 to 63 have left.
    e = at(values, position=100)
    assert (e.pieces, e.vectors) == (((1000, 4), (1008, 4), (1004, 4)), 3)
    e = at(scales, position=100)
    assert (e.pieces, e.length, e.hidden) == (((1000, 8), (1016, 8), (1008, 2)), 69, range(4, 53))
    assert [at(replace(keys, window=0), position=p).rows for p in (0, 2, 3, 100)] == [1, 3, 4, 4]


def test_stores_of_a_window():
    """K rows of 64 bytes; position 4095 is place 287 of 544, with 32 sinks place 32 + 255 of 32 + 544."""
    store = Instruction(opcode=Opcode.VECTOR, length=32, sink=Sink.STORE, store_base=4096, store_index_stride=64,
                        scale_base=8192, window=512)
    for sinks, places in ((0, {3: 3, 543: 543, 544: 0, 4095: 287}), (32, {3: 3, 575: 575, 576: 32, 4095: 287})):
        for position, place in places.items():
            e = at(replace(store, sinks=sinks, member=1), position=position - 1)
            assert (e.store_address, e.scale_address, e.length) == (4096 + 64 * place, 8192 + 4 * place, 32)
