"""Every way in which a command can end early: one line at most, a documented status, nothing left behind."""

import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time

import pytest

ROOT = Path(__file__).resolve().parents[3]
GENERATE = ("generate", "--engine", "model", "--tokens", "3")


def _as_from_a_terminal():
    """Who starts tests in the background may have them ignore interrupts, and their children as well."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _start(*arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "host", *map(str, arguments)], cwd=ROOT, text=True,
                            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                               "preexec_fn": _as_from_a_terminal} | options)


def _shell(redirection, *arguments):
    """Exit status and stderr of a command with ``redirection`` of the shell."""
    done = subprocess.run(["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "host", *arguments],
                          cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("arguments", [GENERATE, ("inspect",), ("--help",), ("inspect", "--json", "-")])
@pytest.mark.parametrize("redirection, reason", [("> /dev/full", "No space left on device"),
                                                 (">&-", "Bad file descriptor")])
def test_stdout_that_takes_nothing(arguments, redirection, reason):
    assert _shell(redirection, *arguments) == (2, f"celosia: stdout cannot be written: {reason}\n")


@pytest.mark.parametrize("arguments", [GENERATE, ("inspect",), ("--help",), ("doctor",), ("inspect", "--json", "-")])
def test_stdout_that_its_reader_has_closed(arguments):
    """As with `| head -1`: as quiet as any other program."""
    reading, writing = os.pipe()
    os.close(reading)
    process = _start(*arguments, stdout=writing)
    os.close(writing)
    assert process.communicate()[1] == "" and process.returncode == 141


def test_a_closed_stdout_that_nobody_needs(tmp_path):
    """And the file that is written is not mistaken for it."""
    assert _shell(">&- 2>&- <&-", "logits", "models/demo.gguf", "--ids", "1", "--out", str(tmp_path / "x.npy"))[0] == 0
    assert (tmp_path / "x.npy").read_bytes().startswith(b"\x93NUMPY")


def test_stderr_that_takes_nothing():
    assert _shell("2> /dev/full", "inspect", "/absent.gguf") == (2, "")
    assert _shell("2>&-", "inspect", "/absent.gguf") == (2, "")


@pytest.mark.parametrize("module", ["host.command", "typer", "host.command.options", "numpy", "host.compiler.compiled"])
def test_an_interrupt_in_the_middle_of_an_import(tmp_path, module):
    """Sent by the import itself; most of the first second goes into imports."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n")
    process = _start("inspect", env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert process.communicate() == ("", "celosia: interrupted\n") and process.returncode == 130


def test_an_interrupt_within_a_string_that_is_executed(tmp_path):
    """Python would end itself by the signal: the status would not be the documented one for who reads it directly."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'host.command':\n"
        "            exec('import os, signal; os.kill(os.getpid(), signal.SIGINT); [0] * 1000')\n"
        "sys.meta_path.insert(0, Finder())\n")
    process = _start("inspect", env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert process.communicate() == ("", "celosia: interrupted\n") and process.returncode == 130


def _signalled(tmp_path, number, *arguments):
    """Send a signal when the report is half-written; returns status and stderr."""
    process = _start(*arguments, "--json", tmp_path / "report.json")
    for _ in range(600):
        if list(tmp_path.iterdir()):
            break
        assert process.poll() is None
        time.sleep(0.1)
    assert re.fullmatch(r"\.report\.json\.\d+", next(tmp_path.iterdir()).name)
    process.send_signal(number)
    _, err = process.communicate()
    assert list(tmp_path.iterdir()) == []
    return process.returncode, err


@pytest.mark.parametrize("number, expected", [
    (signal.SIGINT, (130, "celosia: interrupted\n")), (signal.SIGTERM, (143, "")), (signal.SIGHUP, (129, ""))])
def test_a_signal_leaves_nothing_behind(tmp_path, number, expected):
    assert _signalled(tmp_path, number, "generate", "--engine", "model", "--tokens", "200") == expected


def test_designs_that_are_dropped_are_not_mourned(tmp_path):
    """Amaranth warns of every part that was made and never converted."""
    assert _signalled(tmp_path, signal.SIGTERM, "build", "vector-unit") == (143, "")


def test_a_hangup_that_is_ignored_stays_so(tmp_path):
    """As under nohup."""
    process = _start("generate", "--engine", "model", "--tokens", "20", "--json", tmp_path / "report.json",
                     preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    while not list(tmp_path.iterdir()):
        time.sleep(0.1)
    process.send_signal(signal.SIGHUP)
    process.communicate()
    assert process.returncode == 0 and [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_memory_that_is_not_there(celosia, monkeypatch):
    def fail(path):
        raise MemoryError("Unable to allocate 9 TiB")
    monkeypatch.setattr("host.gguf.model.load", fail)
    assert celosia("inspect") == (2, b"", "celosia: there is not enough memory: Unable to allocate 9 TiB\n")


def test_a_file_that_fails_where_nobody_expects_it(celosia, monkeypatch):
    def fail(path):
        raise OSError(5, "Input/output error", "/some/file")
    monkeypatch.setattr("host.gguf.model.load", fail)
    assert celosia("inspect") == (2, b"", "celosia: /some/file: Input/output error\n")


def test_help_and_version(celosia):
    status, version, err = celosia("--version")
    assert (status, err) == (0, "") and re.fullmatch(rb"celosia \d+\.\d+\.\d+\n", version)
    status, out, err = celosia("-h")
    assert (status, err) == (0, "") and celosia("--help")[1] == celosia()[1] == out
    for line in (b"Exit status:", b"  0    success", b"  129, 130, 143    ended by"):
        assert line in out
    for command in re.findall(rb"^  ([a-z-]+)  ", out.partition(b"Commands:")[2], re.MULTILINE):
        status, text, err = celosia(command.decode(), "-h")
        assert (status, err) == (0, "") and text.startswith(b"Usage: celosia " + command)
        assert celosia(command.decode(), "--version") == (0, version, "")


def test_long_messages_are_cut(refused):
    line = refused("inspect", "x" * 5000)
    assert line == "x" * 1000 + " ... " + ("x" * 5000 + ": File name too long")[-1000:]
    assert refused("generate", "--config", "x" * 5000).endswith(f"not '{'x' * 60}'... (5,000 characters)")
