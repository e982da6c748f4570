"""``python -m testing.training``."""

import argparse
from collections import Counter
import json
from pathlib import Path
import sys
import time

from boards.memories import MEMORIES
from testing.training.boards import TAP_PS, Verdict, expect, random_board
from testing.training.second_opinion import SecondOpinion
from testing.training.trainer import Trainer, least_window

_MEMORIES = {"ecp5": "ecpix5", "a7": "arty_a7"}
_DESCRIPTION = """\
Trains the DDR3 of simulated boards with random lines: delays and skews, some beyond what can be trained, and jitter.
The firmware runs on this machine, against the RTL of the PHY. A board that arithmetic says can be trained must be
trained, one that cannot must be refused, and what is trained must keep random data that are written and read through
the controller.
"""


def sweep(phy, *, boards, seed, report=print):
    """Train so many boards; returns what became of each (list of dict)."""
    memory = MEMORIES[_MEMORIES[phy]]
    trainer = Trainer(memory)
    least, trials = least_window(trainer.header), []
    for number in range(seed, seed + boards):
        start, board = time.perf_counter(), random_board(memory, number)
        expected = expect(memory, board, least=least)
        found = trainer.train(board)
        wrong = trainer.system.wrong_words(seed=number) if found.trained else None
        fault = ("not trained" if expected.verdict is Verdict.TRAIN and not found.trained
                 else "not refused" if expected.verdict is Verdict.REFUSE and found.trained
                 else "corrupts" if wrong else None)
        trials.append({
            "seed": number, "expected": expected.verdict.value, "trained": found.trained, "windows": found.windows,
            "cycles": found.cycles, "wrong_words": wrong, "fault": fault, "seconds": time.perf_counter() - start,
            "positions": [(lane.sure, lane.possible) for lane in expected.lanes]})
        if fault:
            report(f"{phy} board {number}: {fault}; {board}")
    return trials


def compare(phy, *, boards, seed, report=print):
    """Train so many boards with the firmware and then with liblitedram; returns what became of each (list of dict).

    They differ if one of them makes the DRAM work and the other one does not, or if they choose points that are further
    apart than half the firmware's window. That liblitedram takes a window which is shorter than what the firmware asks
    for is no difference, but told as such.
    """
    memory = MEMORIES[_MEMORIES[phy]]
    trainer = Trainer(memory, patient=True)
    least = least_window(trainer.header)
    other, trials = SecondOpinion(memory, trainer.system), []
    for number in range(seed, seed + boards):
        found = trainer.train(random_board(memory, number))
        trainer.system.allow(False)
        theirs = other.train()
        works = None not in theirs
        if works:
            trainer.system.allow(True)
            works = trainer.system.wrong_words(seed=number) == 0
        too_short = works and not found.trained and any(2 * lane["half"] + 1 < least for lane in theirs)
        near = works and found.trained and all(
            _distance(memory, mine, lane) <= max(1, mine["length"] / 2) for lane, mine in zip(theirs, found.windows))
        trials.append({"seed": number, "trained": found.trained, "windows": found.windows, "liblitedram": theirs,
                       "liblitedram_works": works, "too_short": too_short,
                       "differs": not too_short and (works != found.trained or works and not near)})
        if trials[-1]["differs"]:
            report(f"{phy} board {number}: {trials[-1]}")
    return trials


def _distance(memory, one, other):
    """Delays between two positions of a lane."""
    delays = one["delay"] - other["delay"]
    if memory.phy == "ECP5DDRPHY":
        return abs(delays) if one["bitslip"] == other["bitslip"] else float("inf")
    # A bit earlier and a bit's delays later is the same point. The PHY begins with the latest of its eight.
    bits = (one["bitslip"] - 1) % 8 - (other["bitslip"] - 1) % 8
    return abs(delays - bits * 1e12 / memory.dram_clock_hz / 2 / TAP_PS)


def main(arguments=None):
    """Run a sweep; returns the exit status: 1 if there were faults."""
    parser = argparse.ArgumentParser(prog="python -m testing.training", description=_DESCRIPTION)
    parser.add_argument("--phy", choices=sorted(_MEMORIES), default="ecp5", help="of LiteDRAM (default ecp5)")
    parser.add_argument("--boards", type=int, default=100, metavar="N", help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="of the first board (default 1)")
    parser.add_argument("--liblitedram", action="store_true",
                        help="compare with LiteX's own C, from the installed package, in place of arithmetic")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what became of each there")
    options = parser.parse_args(arguments)
    if options.liblitedram:
        trials = compare(options.phy, boards=options.boards, seed=options.seed,
                         report=lambda text: print(text, file=sys.stderr, flush=True))
        print(f"{len(trials):6,} boards; {sum(trial['trained'] for trial in trials):,} trained by the firmware, "
              f"{sum(trial['liblitedram_works'] for trial in trials):,} by liblitedram; "
              f"{sum(trial['too_short'] for trial in trials):,} of these with a window that the firmware refuses; "
              f"{sum(trial['differs'] for trial in trials):,} differ")
        _write(options, trials)
        return 0
    trials = sweep(options.phy, boards=options.boards, seed=options.seed,
                   report=lambda text: print(text, file=sys.stderr, flush=True))
    counts = Counter((trial["expected"], "trained" if trial["trained"] else "refused") for trial in trials)
    for (expected, found), count in sorted(counts.items()):
        print(f"{count:6,} boards that should {'be trained or refused' if expected == 'either' else expected}: {found}")
    faults = sum(trial["fault"] is not None for trial in trials)
    again = sum(any(window["refused"] for window in trial["windows"]) for trial in trials)
    print(f"{faults:6,} faults; {again:,} boards with a window that the memory test refused; "
          f"{sum(trial['seconds'] for trial in trials) / max(1, len(trials)):.2f} s a board")
    _write(options, trials)
    return int(faults > 0)


def _write(options, trials):
    if options.json:
        options.json.write_text(json.dumps({"phy": options.phy, "boards": trials}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
