"""The command line as a user meets it."""

import sys

import pytest

from host.command import main


@pytest.fixture
def celosia(monkeypatch, capfdbinary):
    """Function (*arguments) -> (exit status, bytes of stdout, text of stderr) of ``celosia ARGUMENTS``."""
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["celosia", *map(str, arguments)])
        with pytest.raises(SystemExit) as raised:
            main()
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return raised.value.code or 0, out, err.decode()
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
