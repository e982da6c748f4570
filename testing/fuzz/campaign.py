"""Many trials, in several processes."""

from dataclasses import asdict, dataclass, field
import json
import selectors
import signal
import subprocess
import sys

from testing.fuzz.trial import Outcome, Trial

__all__ = ["Campaign", "Report"]


@dataclass
class Report:
    """What came of a campaign.

    Attributes
    ----------
    seed, first, count : int
        The trials were numbers ``first`` to ``first + count - 1``.
    refused, ran : int
    faults : list of Trial
    slowest : Trial or None
        The most CPU time.
    largest : float
        Most memory that a process held, in megabytes.
    largest_number : int
        The trial after which it did.
    """

    seed: int
    first: int
    count: int
    refused: int = 0
    ran: int = 0
    faults: list[Trial] = field(default_factory=list)
    slowest: Trial | None = None
    largest: float = 0.0
    largest_number: int = -1

    @property
    def done(self):
        """Trials so far."""
        return self.refused + self.ran + len(self.faults)

    def add(self, trial, megabytes):
        """Take a trial into the report."""
        match trial.outcome:
            case Outcome.REFUSED:
                self.refused += 1
            case Outcome.RAN:
                self.ran += 1
            case Outcome.FAULT:
                self.faults.append(trial)
        if self.slowest is None or trial.seconds > self.slowest.seconds:
            self.slowest = trial
        if megabytes > self.largest:
            self.largest, self.largest_number = megabytes, trial.number

    def to_json(self):
        """The report as JSON text."""
        return json.dumps(asdict(self), indent=1)


class Campaign:
    """Runs trials and collects what becomes of them.

    Parameters
    ----------
    seed : int
    first, count : int
        Numbers of the trials.
    jobs : int
        Processes.
    seconds : float
        CPU time that a trial may take; what takes more is a fault.
    megabytes : int
        Memory that a process may hold beside files; a trial that asks for more is a fault.
    """

    def __init__(self, *, seed, first=0, count, jobs=1, seconds=20, megabytes=1024):
        self._seed, self._numbers, self._jobs = seed, iter(range(first, first + count)), jobs
        self._seconds, self._megabytes = seconds, megabytes
        self._selector = selectors.DefaultSelector()
        self.report = Report(seed, first, count)

    def run(self, progress=None):
        """Run all trials.

        Parameters
        ----------
        progress : callable of (Report, Trial), optional
            Called after each.

        Returns
        -------
        Report
        """
        try:
            for _ in range(self._jobs):
                self._start()
            while self._selector.get_map():
                for ready, _events in self._selector.select():
                    trial, megabytes = self._take(ready.data)
                    if trial:
                        self.report.add(trial, megabytes)
                        if progress:
                            progress(self.report, trial)
        finally:
            for process in [ready.data for ready in self._selector.get_map().values()]:
                process.kill()
                self._end(process)
            self._selector.close()
        self.report.faults.sort(key=lambda trial: trial.number)
        return self.report

    def _start(self):
        process = subprocess.Popen(
            [sys.executable, "-m", "testing.fuzz.worker", *map(str, (self._seed, self._seconds, self._megabytes))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._selector.register(process.stdout, selectors.EVENT_READ, process)
        self._give(process)

    def _give(self, process):
        process.number = next(self._numbers, None)
        if process.number is None:
            process.stdin.close()
        else:
            print(process.number, file=process.stdin, flush=True)

    def _take(self, process):
        """A trial and the memory of its process; (None, 0) if it has ended as it should."""
        line = process.stdout.readline()
        if line:
            number, outcome, text, seconds, megabytes = json.loads(line)
            self._give(process)
            return Trial(number, Outcome(outcome), text, seconds), megabytes
        self._end(process)
        if process.number is None:
            return None, 0
        what = f"the process ended with status {process.returncode}"
        if process.returncode == -signal.SIGPROF:
            what = f"more than {self._seconds} s of CPU time"
        elif process.returncode < 0:
            what = f"the process was killed by {signal.Signals(-process.returncode).name}"
        self._start()
        return Trial(process.number, Outcome.FAULT, what, self._seconds), 0

    def _end(self, process):
        self._selector.unregister(process.stdout)
        process.stdin.close()
        process.stdout.close()
        process.wait()
