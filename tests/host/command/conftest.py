"""The command line as a user meets it."""

import re
import signal
import sys

import pytest

from host.__main__ import main

WAITING = re.compile(r"^celosia: (?:making|compiling|running) .* \.\.\.\n", re.MULTILINE)
"""What is only said if it takes its time: on a busy machine, or where nothing has been compiled before."""


@pytest.fixture
def signals():
    """What signals do is as before, afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def celosia(monkeypatch, capfdbinary, signals):
    """Function (*arguments) -> (exit status, bytes of stdout, text of stderr) of ``celosia ARGUMENTS``."""
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["celosia", *map(str, arguments)])
        with pytest.raises(SystemExit) as raised:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return raised.value.code or 0, out, WAITING.sub("", err.decode())
    return run


@pytest.fixture
def refused(celosia):
    """Function (*arguments) -> the line that bad input gets: status 2, nothing on stdout, no traceback."""
    def run(*arguments):
        status, out, err = celosia(*arguments)
        assert (status, out) == (2, b"")
        assert err.startswith("celosia: ") and err.endswith("\n") and err.count("\n") == 1
        return err.removeprefix("celosia: ").removesuffix("\n")
    return run
