"""Random boards, and whether their DDR3 can be trained: arithmetic that knows neither firmware nor RTL."""

from dataclasses import dataclass
from enum import Enum
import random

from sim.pins import LANES, LINES, Ddr3Board

__all__ = ["Expectation", "Positions", "TAP_PS", "Verdict", "expect", "random_board"]

TAP_PS = 78
"""A delay of an Artix-7."""
_USUAL = 0.85
"""Probability that a figure of a random board is one that most boards may have."""


class Verdict(Enum):
    """What the firmware has to do with a board."""

    TRAIN = "train"    #: even if every edge comes at its worst
    REFUSE = "refuse"  #: even if every edge comes at its best
    EITHER = "either"  #: it depends on edges; but what is trained must work


@dataclass(frozen=True)
class Positions:
    """Positions in a row at which a lane reads well: `sure` whatever edges do, `possible` if they come well."""

    sure: int
    possible: int


@dataclass(frozen=True)
class Expectation:
    """What is known of a board: the verdict, and the positions of each lane."""

    verdict: Verdict
    lanes: tuple[Positions, ...]


def random_board(memory, seed):
    """A board (Ddr3Board) for a memory with a trainable PHY; the same for the same seed.

    Most figures are within what can be trained; some lie beyond, on either side, and a few far beyond.
    """
    rng, clock = random.Random(f"board {seed}"), _clock(memory)
    ecp5 = memory.phy == "ECP5DDRPHY"

    def around(most, far):
        """Within +-most, mostly."""
        bound = most if rng.random() < _USUAL else far
        return rng.randint(-bound, bound)

    low, high = (int(0.3 * clock), int(2.4 * clock)) if ecp5 else (0, int(2.7 * clock))
    delays = []
    for _ in range(LANES):
        usual = rng.random() < _USUAL
        delays.append(rng.randint(low, high) if usual else rng.randint(0, 2 * high))
    spread = 60 if rng.random() < _USUAL else clock // 6
    skews = [[rng.randint(-spread, spread) for _ in range(LINES)] for _ in range(2)]
    if rng.random() > _USUAL:
        skews[rng.randrange(2)][rng.randrange(LINES)] = around(clock // 4, clock // 2)
    return Ddr3Board(
        delays=tuple(delays), strobes=tuple(around(clock // 6, clock // 2) for _ in range(LANES)),
        aligns=tuple(rng.randrange(4) for _ in range(LANES)), read_skews=tuple(skews[0]), write_skews=tuple(skews[1]),
        jitter=rng.randint(0, 60) if rng.random() < _USUAL else rng.randint(0, clock // 8),
        aperture=rng.randint(80, 180), seed=seed + 1)


def expect(memory, board, *, least):
    """What has to become of a board.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
    board : Ddr3Board
    least : int
        Positions in a row that the firmware wants.

    Returns
    -------
    Expectation
    """
    clock = _clock(memory)
    quarter = clock / 4
    lanes = [_positions(memory, board, lane) for lane in range(LANES)]
    writes = _bound(board.strobes, quarter, board.jitter), _bound(
        board.write_skews, quarter - board.aperture, board.jitter)
    sure = all(bound[0] for bound in writes) and all(lane.sure >= least for lane in lanes)
    possible = all(bound[1] for bound in writes) and all(lane.possible >= least for lane in lanes)
    verdict = Verdict.TRAIN if sure else Verdict.EITHER if possible else Verdict.REFUSE
    return Expectation(verdict, tuple(lanes))


def _clock(memory):
    return round(1e12 / memory.dram_clock_hz)


def _bound(values, most, jitter):
    """Whether values stay within +-most for sure, and whether they may."""
    worst = max(map(abs, values))
    return worst + jitter <= most, worst - jitter <= most


def _positions(memory, board, lane):
    skews = board.read_skews[8 * lane:8 * lane + 8]
    if memory.phy == "ECP5DDRPHY":
        return _ecp5(_clock(memory), board, board.delays[lane], skews)
    return _series7(_clock(memory), board, board.delays[lane], skews)


def _ecp5(clock, board, delay, skews):
    """The gate opens in the preamble, 0.1 to 0.9 clocks before the first edge, after 0 to 7 quarters of a clock."""
    lines = _bound(skews, clock / 4 - board.aperture, board.jitter)
    counts = []
    for captured, slack in zip(lines, (-board.jitter, board.jitter)):
        ahead = [delay - quarters * clock / 4 for quarters in range(8)]
        good = [captured and clock / 10 - slack < value <= 9 * clock / 10 + slack for value in ahead]
        counts.append(_longest(good))
    return Positions(*counts)


def _series7(clock, board, delay, skews):
    """Every line's first bit has to be sampled well behind one of eight bitslips: half a clock apart, the first half a
    clock early, since the mode register's latency is a clock longer than the PHY counts with."""
    counts = []
    for slack in (-board.jitter, board.jitter):
        margin = board.aperture - slack
        counts.append(max(_longest([
            all(margin < slip * clock / 2 - clock / 2 - (delay + taps * TAP_PS + skew) < clock / 2 - margin
                for skew in skews)
            for taps in range(32)]) for slip in range(8)))
    return Positions(*counts)


def _longest(good):
    longest = run = 0
    for value in good:
        run = run + 1 if value else 0
        longest = max(longest, run)
    return longest
