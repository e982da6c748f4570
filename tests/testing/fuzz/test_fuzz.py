"""Two thousand mutated models, and whether the campaign would see a fault."""

import json
import os
import subprocess
import sys
import tempfile

import pytest

from host.errors import CelosiaError
from host.gguf.model import load
from host.text import tokenizer
from testing.fuzz import trial as trials
from testing.fuzz.__main__ import main
from testing.fuzz.bases import bases
from testing.fuzz.campaign import Campaign
from testing.fuzz.trial import Outcome, run_trial, write_files

SECONDS, MEGABYTES = 10, 400
"""Bounds of a file that has 12 KB of header and 60 KB of weights; measured are 0.3 s and 70 MB."""


def test_two_thousand_files():
    report = Campaign(seed=1, count=2000, seconds=SECONDS, megabytes=MEGABYTES).run()
    assert not report.faults, report.faults[0]
    assert report.done == 2000 and report.refused > 1000 and report.ran > 300
    assert report.largest < MEGABYTES and report.slowest.seconds < SECONDS


@pytest.mark.parametrize("name", bases())
def test_bases_are_sound(tmp_path, name):
    """Unchanged, each is loaded by any of its parts."""
    documents = bases()[name]
    names = ["a.gguf"] if len(documents) == 1 else ["a-00001-of-00002.gguf", "a-00002-of-00002.gguf"]
    for part, document in zip(names, documents, strict=True):
        (tmp_path / part).write_bytes(document.to_bytes())
    for part in names:
        model = load(tmp_path / part)
        tokens = tokenizer.load(model)
        assert tokens.decode(tokens.encode("a lost code")) == "a lost code"


def test_files_are_those_of_their_numbers(tmp_path):
    files = []
    for folder, number in (("a", 5), ("b", 5), ("c", 6)):
        (tmp_path / folder).mkdir()
        path = write_files(tmp_path / folder, 1, number)
        files.append((path.name, {file.name: file.read_bytes() for file in path.parent.iterdir()}))
    assert files[0] == files[1] != files[2]


@pytest.fixture
def log():
    with tempfile.TemporaryFile("w+") as file:
        yield file


def ends(monkeypatch, log, what):
    """Outcome and text of a trial that does something else."""
    monkeypatch.setattr(trials, "_run", what)
    found = run_trial(1, 5, log)
    return found.outcome, found.text


def test_traceback_is_a_fault(monkeypatch, log):
    def fail(_path, _number):
        raise ValueError("boom")

    outcome, text = ends(monkeypatch, log, fail)
    assert outcome == Outcome.FAULT and text.endswith("ValueError: boom\n")


@pytest.mark.parametrize("message, outcome", [
    ("one line", Outcome.REFUSED), ("two\nlines", Outcome.FAULT), ("", Outcome.FAULT), ("x" * 3000, Outcome.FAULT),
    ("a \x1b[31m red line", Outcome.FAULT),
])
def test_messages_are_lines(monkeypatch, log, message, outcome):
    def refuse(_path, _number):
        raise CelosiaError(message)

    assert ends(monkeypatch, log, refuse)[0] == outcome


def test_words_on_stderr_are_a_fault(monkeypatch, log):
    def warn(_path, _number):
        os.write(log.fileno(), b"warning: a library says so\n")
        return Outcome.RAN, "text"

    assert ends(monkeypatch, log, warn) == (Outcome.FAULT, "text\nstderr: warning: a library says so\n")
    assert ends(monkeypatch, log, lambda _path, _number: (Outcome.RAN, "text")) == (Outcome.RAN, "text")


def test_text_that_does_not_survive_is_a_fault(monkeypatch, log, tmp_path):
    (tmp_path / "model.gguf").write_bytes(bases()["sentencepiece Q8_0"][0].to_bytes())
    model = load(tmp_path / "model.gguf")
    tokens = tokenizer.load(model)
    monkeypatch.setattr(tokens, "decode", lambda ids: "else")
    assert trials._round_trip(model, tokens).endswith(" became 'else'")


LONG = 5
"""Numbers of seed 1 that compute something, and so take a few hundredths of a second at least."""


def test_too_much_time(capfd):
    """A process that takes too long is ended, and another one goes on."""
    report = Campaign(seed=1, first=LONG, count=4, seconds=0.01).run()
    assert LONG in [fault.number for fault in report.faults] and report.done == 4
    assert {fault.text for fault in report.faults} == {"more than 0.01 s of CPU time"}
    assert capfd.readouterr() == ("", "")


def test_too_much_memory():
    """In a process of its own, which has the limits of one."""
    code = ("from testing.fuzz import trial, worker\n"
            "trial._run = lambda path, number: ('ran', str(len(bytearray(number << 20))))\n"
            "worker.main(1, 20, 300)\n")
    run = subprocess.run([sys.executable, "-c", code], input="10\n1000\n", capture_output=True, text=True, check=True)
    small, large = map(json.loads, run.stdout.splitlines())
    assert small[:3] == [10, "ran", str(10 << 20)]
    assert large[:2] == [1000, "fault"] and large[2].endswith("MemoryError\n")


def test_command(tmp_path, capsys):
    """The report, the files of faults, and the exit status."""
    report, saved = tmp_path / "report.json", tmp_path / "saved"
    arguments = ["--count", "6", "--seed", "1", "--first", str(LONG), "--jobs", "2", "--json", str(report),
                 "--save", str(saved)]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith(f"6 files of seed 1 from {LONG}: ")
    found = json.loads(report.read_text())
    assert (found["seed"], found["first"], found["count"], found["faults"]) == (1, LONG, 6, [])
    assert found["refused"] + found["ran"] == 6 and not saved.exists()
    assert main([*arguments, "--count", "1", "--seconds", "0.01"]) == 1
    folder, = saved.iterdir()
    assert folder.name == f"1-{LONG}" and any(folder.iterdir())
    out = capsys.readouterr().out
    assert out.startswith(f"FAULT --seed 1 --first {LONG}: {folder}/") and "\nmore than 0.01 s of CPU time\n" in out


def test_help(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--count 30000 --seed 1 --jobs 2 --json report.json" in capsys.readouterr().out
