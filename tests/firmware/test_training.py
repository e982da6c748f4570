"""The firmware that trains a DDR3: with a fake of the PHY, on its RTL, and as a program of the simulated processor."""

import ctypes

from hypothesis import given, settings, strategies as st
import pytest

from boards.memories import MEMORIES
from flow.board_header import board_header
from flow.firmware import build_firmware
from flow.toolchain import Toolchain
from sim.error import SimulationError
from sim.pins import Ddr3Board
from sim.training_processor import TrainingProcessor
from soc.dram.core import generate_controller
from testing.fake_phy import FakePhy
from testing.native_firmware import NativeFirmware
from testing.training.__main__ import sweep
from testing.training.boards import Verdict, expect, random_board
from testing.training.trainer import Trainer, Window, least_window

POSITIONS = {"ecpix5": (4, 8), "arty_a7": (8, 32)}


class Native:
    """`train` for a board, with a `FakePhy` of its own each time."""

    def __init__(self, name):
        memory = MEMORIES[name]
        self.header = board_header(memory=memory, core=generate_controller(memory, end="cells"))
        self.phy = None
        self._firmware = NativeFirmware(read=lambda place: self.phy.read(place),
                                        write=lambda place, value: self.phy.write(place, value), board=self.header)

    def train(self, **options):
        self.phy = FakePhy(self.header, **options)
        windows, library = (Window * 4)(), self._firmware.library
        trained = bool(library.train(ctypes.c_void_p(library.board()), windows))
        return trained, windows[:2]


@pytest.fixture(scope="module")
def natives():
    return {name: Native(name) for name in POSITIONS}


def windows_of(good, bitslips, delays):
    """(bitslip, first, length) of every row of good positions that is as long as it can be."""
    found = []
    for slip in range(bitslips):
        first = None
        for delay in range(delays + 1):
            if (slip, delay) in good:
                first = delay if first is None else first
            elif first is not None:
                found.append((slip, first, delay - first))
                first = None
    return found


def lanes_of(name):
    """Strategy: the good positions of both lanes, as some windows each."""
    bitslips, delays = POSITIONS[name]
    window = st.tuples(st.integers(0, bitslips - 1), st.integers(0, delays - 1), st.integers(1, delays))
    lane = st.lists(window, max_size=4).map(lambda windows: {
        (slip, delay) for slip, first, length in windows for delay in range(first, min(first + length, delays))})
    return st.tuples(lane, lane)


def check_lane(window, candidates, least):
    """The longest window, and its middle."""
    longest = max((length for *_, length in candidates), default=0)
    if longest < least:
        assert window.length == 0
        return
    assert (window.bitslip, window.first, window.length) in candidates and window.length == longest
    before, after = window.delay - window.first, window.first + window.length - 1 - window.delay
    assert min(before, after) >= 0 and abs(before - after) <= 1


def check_training(native, name, lanes):
    least = least_window(native.header)
    trained, windows = native.train(good=lanes)
    candidates = [windows_of(good, *POSITIONS[name]) for good in lanes]
    assert trained == all(any(length >= least for *_, length in lane) for lane in candidates)
    for window, lane in zip(windows, candidates):
        check_lane(window, lane, least)
    if trained:
        phy = native.phy
        assert phy.bitslips == [window.bitslip for window in windows]
        assert phy.delays == [window.delay for window in windows]
        # All banks, and all address bits of a row.
        rows = [0, *(1 << bit for bit in range(MEMORIES[name].part.rows.bit_length() - 1))]
        assert phy.rows == {(bank, row) for bank in range(8) for row in rows}
    assert native.phy.control == 1 and not native.phy.open_rows


@given(lanes=lanes_of("ecpix5"))
@settings(max_examples=40)
def test_longest_window_of_an_ecp5(natives, lanes):
    check_training(natives["ecpix5"], "ecpix5", lanes)


@given(lanes=lanes_of("arty_a7"))
@settings(max_examples=12)
def test_longest_window_of_an_artix_7(natives, lanes):
    check_training(natives["arty_a7"], "arty_a7", lanes)


def window(slip, first, length):
    return {(slip, delay) for delay in range(first, first + length)}


def test_next_longest_window(natives):
    """A window that fails the memory test is left for the next one, of its lane alone; after three nothing is left."""
    first, second, third, fourth = window(0, 0, 6), window(1, 2, 5), window(2, 3, 4), window(3, 3, 3)
    good = first | second | third | fourth, window(3, 4, 3)
    trained, found = natives["ecpix5"].train(good=good, weak=(first, set()))
    assert trained and found[0].as_dict() == {"bitslip": 1, "first": 2, "length": 5, "delay": 4, "refused": 1}
    assert found[1].as_dict() == {"bitslip": 3, "first": 4, "length": 3, "delay": 5, "refused": 0}
    trained, found = natives["ecpix5"].train(good=good, weak=(first | second, set()))
    assert trained and (found[0].bitslip, found[0].refused) == (2, 2)
    trained, found = natives["ecpix5"].train(good=good, weak=(first | second | third, set()))
    assert not trained and (found[0].length, found[0].refused) == (0, 3)


def test_the_middle_of_a_window_that_ends_where_delays_end(natives):
    trained, found = natives["ecpix5"].train(good=(window(0, 6, 2), window(0, 0, 2)))
    assert trained and [lane.delay for lane in found] == [7, 0]


# ---- on the RTL of the PHYs

@pytest.mark.parametrize("phy,name", [("ecp5", "ecpix5"), ("a7", "arty_a7")])
def test_boards(phy, name):
    """Lines as a board has them, lines at the ends of what can be trained, and lines beyond."""
    memory = MEMORIES[name]
    clock = round(1e12 / memory.dram_clock_hz)
    trainer = Trainer(memory)
    least = least_window(trainer.header)
    usual = {"jitter": 60, "read_skews": (-50, 40) * 8, "write_skews": (60, -60) * 8}

    def verdict(**lines):
        board = Ddr3Board(**usual | lines)
        found = trainer.train(board)
        assert trainer.system.ready == found.trained
        if found.trained:
            assert trainer.system.wrong_words(seed=board.seed) == 0
        assert expect(memory, board, least=least).verdict is (Verdict.TRAIN if found.trained else Verdict.REFUSE)
        return found

    assert verdict(delays=(2500, 1900), aligns=(0, 3)).trained
    # On an ECP5 where a burst begins is a matter of the bitslip alone.
    if phy == "ecp5":
        found = verdict(delays=(2 * clock, clock), aligns=(2, 1))
        assert [lane["bitslip"] for lane in found.windows] == [2, 1]
    assert verdict(delays=(2 * clock, clock), strobes=(clock // 5, -clock // 5)).trained
    assert not verdict(strobes=(0, clock // 3)).trained
    assert not verdict(delays=(clock, 5 * clock)).trained
    assert not verdict(read_skews=(0,) * 5 + (clock // 2,) + (0,) * 10).trained
    assert not verdict(write_skews=(0,) * 15 + (-clock // 3,)).trained
    # What was refused does no harm to the next.
    assert verdict(delays=(clock, clock)).trained
    # The check would see it.
    trainer.system.pins.board = Ddr3Board(delays=(clock, clock + clock // 2))
    assert trainer.system.wrong_words(seed=1) > 1000
    trainer.system.close()


@pytest.mark.parametrize("phy,boards", [("ecp5", 12), ("a7", 5)])
def test_random_boards(phy, boards):
    trials = sweep(phy, boards=boards, seed=1)
    assert not any(trial["fault"] for trial in trials)
    assert {trial["trained"] for trial in trials} == {True, False}


def test_what_breaks_a_rule_ends_the_simulation():
    """C that opens a row twice is told so when it has returned, and returns."""
    trainer = Trainer(MEMORIES["ecpix5"])
    registers, bus = trainer.system.core.registers, trainer.system.bus

    def write(name, value):
        bus.write(0xa000_0000 + 4 * registers[name], value)

    write("dfii_control", 14)
    for _ in range(20):
        bus.read(0xa000_0000)
    for command in (0b1011, 0b1001, 0b1001):
        for name, value in (("address", 1 << 10), ("baddress", 0), ("command", command), ("command_issue", 1)):
            write(f"dfii_pi0_{name}", value)
    with pytest.raises(SimulationError, match=r"DRAM: ACTIVATE of an open bank \(0\)"):
        bus.check()
    with pytest.raises(SimulationError, match="ACTIVATE of an open bank"):
        trainer.train(Ddr3Board())
    trainer.system.close()


def test_random_boards_are_of_all_kinds():
    for name in POSITIONS:
        memory, least = MEMORIES[name], 6 if name == "arty_a7" else 2
        verdicts = [expect(memory, random_board(memory, seed), least=least).verdict for seed in range(200)]
        assert all(verdicts.count(verdict) > 3 for verdict in Verdict)
        assert random_board(memory, 7) == random_board(memory, 7) != random_board(memory, 8)


# ---- on the processor

def test_the_processor_trains():
    memory = MEMORIES["ecpix5"]
    board = board_header(memory=memory, core=generate_controller(memory, end="cells"))
    program = build_firmware(toolchain=Toolchain(), board=board).content
    # What training and its report add.
    assert len(program) - len(build_firmware(toolchain=Toolchain()).content) < 3500
    good = Ddr3Board(delays=(6000, 9000), aligns=(1, 3), jitter=60)
    processor = TrainingProcessor(memory, program, board=good)
    shown = processor.talk().decode().replace("\r\n", "\n")
    assert shown == """
Celosia. /help prints the commands.
DDR3 training
  byte 0: bitslip 1, delays 2 to 4 of 8, set to 3
  byte 1: bitslip 3, delays 4 to 6 of 8, set to 5
DRAM is up
> """
    assert processor.ready
    processor.pins.board = Ddr3Board(delays=(6000, 30000), aligns=(1, 3))
    processor.reset()
    shown = processor.talk().decode().replace("\r\n", "\n")
    assert shown.endswith("""DDR3 training
  byte 0: bitslip 1, delays 2 to 4 of 8, set to 3
  byte 1: no window
DRAM cannot be used
> """)
    assert not processor.ready
    # Whoever has mended something can try again.
    processor.pins.board = good
    assert processor.talk(b"/train\r").decode().replace("\r\n", "\n") == """/train
DDR3 training
  byte 0: bitslip 1, delays 2 to 4 of 8, set to 3
  byte 1: bitslip 3, delays 4 to 6 of 8, set to 5
DRAM is up
what lay in it is gone; /load loads a model
> """
    assert processor.ready
    processor.close()
