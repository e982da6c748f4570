"""Blocks of a simulated card, read by the firmware's own code through the reader's registers."""

import zlib

import numpy as np
import pytest

from sim.error import SimulationError
from testing.card_reader import CardReader

GOOD, NO_CARD, NOT_READY, OTHER, COMMAND, RANGE, LATE, DAMAGED = range(8)
BLOCKS = 64


@pytest.fixture(scope="module")
def content():
    """64 blocks of random bytes."""
    return np.random.default_rng(3).integers(0, 256, 512 * BLOCKS, np.uint8)


@pytest.fixture
def reader(content):
    """Function of options to a `CardReader` with that content; closed after the test."""
    readers = []

    def make(**options):
        readers.append(CardReader(content, **options))
        return readers[-1]

    yield make
    for one in readers:
        one.close()


def check(reader, content, block, count, place):
    """Read blocks, and compare them and what lies around them in DRAM."""
    before = reader.dram.copy()
    assert reader.read(block, count, place) == GOOD
    before[place:place + 512 * count] = content[512 * block:512 * (block + count)]
    np.testing.assert_array_equal(reader.dram, before)


@pytest.mark.parametrize("options", [
    {"high_capacity": True, "clock_hz": 100e6, "output_ns": 14},
    {"high_capacity": False, "clock_hz": 75e6, "output_ns": 14},
    {"high_capacity": True, "clock_hz": 72e6, "output_ns": 0, "access_clocks": 0},
    {"high_capacity": True, "clock_hz": 75e6, "output_ns": 5, "stall_probability": 0.9, "busy_rounds": 0},
], ids=lambda options: "-".join(str(value) for value in options.values()))
def test_blocks_arrive(reader, content, options):
    dut = reader(seed=5, **options)
    assert dut.start() == GOOD
    check(dut, content, 0, 1, 0)
    check(dut, content, 7, 12, 4096)
    check(dut, content, BLOCKS - 3, 3, 8)  # up to the end of the card


def test_a_slow_memory_makes_the_card_wait(reader, content):
    """A block may not end before the one ahead of it is written; nothing is lost when that takes longest."""
    dut = reader(stall_probability=0.97, access_clocks=0)
    assert dut.start() == GOOD
    check(dut, content, 1, 6, 512)


def test_a_damaged_block_is_read_again(reader, content):
    dut = reader()
    assert dut.start() == GOOD
    dut.card.damage_block(5, times=3)
    dut.begin_sum()
    check(dut, content, 2, 8, 0)
    assert dut.sum() == zlib.crc32(content[2 * 512:10 * 512])
    assert dut.card.counters.blocks >= 8 + 3


def test_a_block_that_stays_damaged(reader, content):
    """What comes before it is in DRAM, it and what follows are not."""
    dut = reader()
    assert dut.start() == GOOD
    dut.card.damage_block(5, times=1000)
    assert dut.read(2, 8, 0) == DAMAGED
    np.testing.assert_array_equal(dut.dram[:3 * 512], content[2 * 512:5 * 512])
    assert not dut.dram[3 * 512:].any()
    check(dut, content, 6, 2, 0)


def test_a_damaged_response(reader, content):
    dut = reader()
    assert dut.start() == GOOD
    dut.card.damage_responses(1)
    assert dut.read(2, 8, 0) == COMMAND
    assert dut.start() == GOOD
    check(dut, content, 2, 8, 0)
    dut.card.damage_responses(1)
    assert dut.start() != GOOD


def test_no_card(reader, content):
    dut = reader(haste=50)
    dut.card.present = False
    assert dut.start() == NO_CARD
    dut.card.present = True
    assert dut.start() == GOOD
    check(dut, content, 0, 2, 0)


def test_a_card_that_is_never_ready(reader):
    assert reader(busy_rounds=1 << 30, haste=50).start() == NOT_READY


def test_a_block_that_is_not_there(reader, content):
    dut = reader()
    assert dut.start() == GOOD
    assert dut.read(BLOCKS, 1, 0) == RANGE
    assert not dut.dram.any()
    check(dut, content, 0, 1, 0)


def test_a_card_that_is_pulled(reader, content):
    """In the middle of a read: it ends, the reader lives, and begins anew with the next card."""
    dut = reader(haste=50)
    assert dut.start() == GOOD
    begin = dut.cycle

    def pull(cycle):
        if cycle > begin + 30_000:
            dut.card.present = False

    dut.on_access = pull
    assert dut.read(0, 32, 0) in (LATE, COMMAND)
    dut.on_access = lambda cycle: None
    assert dut.read(0, 1, 0) == COMMAND
    dut.card.present = True
    assert dut.start() == GOOD
    check(dut, content, 0, 32, 0)


def test_four_lines_bring_a_block_in_little_more_than_its_bits(reader):
    """At 100 MHz: 1,042 clocks of 4 cycles, the command, and what the card takes between blocks."""
    dut = reader(access_clocks=0)
    assert dut.start() == GOOD
    begin = dut.cycle
    assert dut.read(0, 48, 0) == GOOD
    assert dut.cycle - begin < 48 * 1060 * 4


def test_the_model_refuses_a_clock_that_is_too_fast(reader):
    """Firmware that believes in half of the board's clock."""
    dut = reader(clock_hz=100e6)
    dut._rate //= 2
    with pytest.raises(SimulationError, match="SD card: cycles of a clock that is too fast"):
        dut.start()


def test_every_result_has_a_text(reader):
    dut = reader()
    texts = [dut.text(result) for result in range(8)]
    assert len(set(texts)) == 8 and texts[NO_CARD] == "no card answers"
