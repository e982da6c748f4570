"""`celosia doctor` against the installation that runs the test."""

import json
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from host.__main__ import main
from host.command.doctor import PACKAGES, checks

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def run(monkeypatch, capsys, signals):
    """Runs ``celosia ARGUMENTS``; returns its exit status, stdout and stderr."""
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["celosia", *map(str, arguments)])
        with pytest.raises(SystemExit) as raised:
            main()
        return raised.value.code or 0, *capsys.readouterr()
    return run


def program(folder, name, body):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_packages_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {"default": project["project"]["dependencies"], **project["dependency-groups"]}
    names = {group: [line.split("=")[0].rstrip("><~! ") for line in lines] for group, lines in groups.items()}
    assert names == {group: list(packages) for group, packages in PACKAGES.items()}


def test_versions_are_the_installed_ones():
    found = {check.name: check.found for check in checks()}
    assert found["amaranth"] == metadata.version("amaranth")
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))


def test_report_and_status_agree(run, tmp_path):
    report = tmp_path / "doctor.json"
    status, out, _ = run("doctor", "--json", report)
    contents = json.loads(report.read_text())
    assert contents["complete"] == (status == 0) == ("Nothing that is required is missing." in out)
    missing = {check["name"] for check in contents["checks"] if check["required"] and not check["found"]}
    assert bool(missing) == (status == 1)
    for check in contents["checks"]:
        assert (f"{check['name']}: {check['fix']}" in out) == (check["found"] is None)


def test_native_tools_are_required_only_when_asked_for(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CELOSIA_NATIVE", raising=False)
    assert not [check for check in checks() if check.group == "native"]
    monkeypatch.setenv("CELOSIA_NATIVE", "1")
    status, out, _ = run("doctor")
    assert status == 1
    assert "yosys: unset CELOSIA_NATIVE, or put yosys on the PATH" in out


def test_native_versions(tmp_path, monkeypatch):
    program(tmp_path, "yosys", "echo 'Yosys 1.2.3 (test)'; echo more")
    program(tmp_path, "clang++", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CELOSIA_NATIVE", "1")
    found = {check.name: check.found for check in checks() if check.group == "native"}
    assert found == {"yosys": "Yosys 1.2.3 (test)", "clang++": None}


def test_shared_data_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CELOSIA_DATA", str(tmp_path))
    assert checks()[-1].found == str(tmp_path)
    monkeypatch.setenv("CELOSIA_DATA", str(tmp_path / "absent"))
    assert checks()[-1].found is None


@pytest.mark.parametrize("arguments, message", [
    (["doctor", "--json", "/dev/null/report"], "cannot write /dev/null/report: Not a directory"),
    (["doctor", "--no-such-option"], "No such option: --no-such-option"),
    (["no-such-command"], "No such command 'no-such-command'."),
])
def test_bad_input_is_one_line(run, arguments, message):
    status, _, err = run(*arguments)
    assert (status, err) == (2, f"celosia: {message}\n")


def test_help_without_arguments(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    assert "doctor" in out
