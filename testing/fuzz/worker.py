"""A process that runs trials: numbers on stdin, a line of JSON for each on stdout, limits on time and memory."""

import json
import os
from pathlib import Path
import re
import resource
import signal
import sys
import tempfile
import warnings

from testing.fuzz.trial import run_trial

__all__ = ["main"]


def main(seed, seconds, megabytes):
    """Run a trial for every number that is read, until there are no more.

    A trial that takes longer than its time ends the process with SIGPROF, and whoever reads its output knows which one
    it was. Memory beyond the limit is a MemoryError, and so a fault of the trial.

    Parameters
    ----------
    seed : int
        Of the campaign.
    seconds : float
        CPU time of a trial.
    megabytes : int
        Memory of the process that is no file.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("always")
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        os.dup2(log.fileno(), 2)
        for line in sys.stdin:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            trial = run_trial(seed, int(line), log)
            signal.setitimer(signal.ITIMER_PROF, 0)
            print(json.dumps([trial.number, trial.outcome, trial.text, trial.seconds, _most_megabytes()]), flush=True)


def _most_megabytes():
    """The most memory that this process has had. On Linux, getrusage() counts that of whoever started it, too."""
    status = Path("/proc/self/status")
    if not status.exists():  # macOS, where the number is in bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status.read_text(), re.MULTILINE)[1]) / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
