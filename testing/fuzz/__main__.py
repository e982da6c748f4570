"""``python -m testing.fuzz``."""

import argparse
from pathlib import Path
import sys
import time

from testing.fuzz.campaign import Campaign
from testing.fuzz.trial import Outcome, write_files

_DESCRIPTION = """\
Mutates small model files and gives them to Celosia: to the loader, the tokenizer, the compiler and
the golden model. Each must end in one line for the user or in generated tokens, within bounds of time
and memory; a traceback, a warning on stderr, or a text that does not survive its tokenizer is a fault.
"""
_EPILOG = """\
The seed and a file's number are all that a file is made from, so runs can be continued and repeated:

  python -m testing.fuzz --count 30000 --seed 1 --jobs 2 --json report.json
  python -m testing.fuzz --count 10000 --seed 1 --first 20000     the last third of the run above
  python -m testing.fuzz --count 1 --seed 1 --first 4711          one file again; a fault saves it
"""


def main(arguments=None):
    """Run a campaign; returns the exit status: 1 if there were faults, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m testing.fuzz", description=_DESCRIPTION, epilog=_EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=_positive, default=1000, help="files (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="of the campaign (default 1)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first file (default 0)")
    parser.add_argument("--jobs", type=_positive, default=1, metavar="N", help="processes (default 1)")
    parser.add_argument("--seconds", type=float, default=20, metavar="S",
                        help="CPU time that a file may take (default 20)")
    parser.add_argument("--megabytes", type=_positive, default=1024, metavar="M",
                        help="memory that a process may hold beside files (default 1024)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--save", type=Path, default=Path("fuzz-faults"), metavar="FOLDER",
                        help="where files that are faults are kept (default fuzz-faults)")
    options = parser.parse_args(arguments)
    campaign = Campaign(seed=options.seed, first=options.first, count=options.count, jobs=options.jobs,
                        seconds=options.seconds, megabytes=options.megabytes)
    progress = _Progress(options.save)
    try:
        report = campaign.run(progress)
    except KeyboardInterrupt:
        report = campaign.report
        print("interrupted", file=sys.stderr)
    if options.json:
        options.json.write_text(report.to_json() + "\n")
    _print(report)
    return 130 if report.done < report.count else bool(report.faults)


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


class _Progress:
    """Says how far it is now and then, and every fault at once, with its files."""

    def __init__(self, folder):
        self._folder, self._last = folder, time.monotonic()
        self._every = 1 if sys.stderr.isatty() else 30

    def __call__(self, report, trial):
        if trial.outcome == Outcome.FAULT:
            folder = self._folder / f"{report.seed}-{trial.number}"
            folder.mkdir(parents=True, exist_ok=True)
            path = write_files(folder, report.seed, trial.number)
            print(f"FAULT --seed {report.seed} --first {trial.number}: {path}\n{trial.text.rstrip()}", flush=True)
        if time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            print(f"{report.done} of {report.count}: {report.refused} refused, {report.ran} ran, {len(report.faults)} "
                  f"faults", file=sys.stderr, flush=True)


def _print(report):
    print(f"{report.done} files of seed {report.seed} from {report.first}: {report.refused} refused, {report.ran} ran, "
          f"{len(report.faults)} faults")
    if report.slowest:
        print(f"slowest: {report.slowest.seconds:.2f} s of CPU time, number {report.slowest.number}; largest process: "
              f"{report.largest:.0f} MB, after number {report.largest_number}")


if __name__ == "__main__":
    sys.exit(main())
