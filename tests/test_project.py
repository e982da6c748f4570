"""The project's own files: constraints, the lock and the check of the interpreter."""

import runpy
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def constraints():
    """All requirements of pyproject.toml, as they are written there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    return [*project["project"]["dependencies"], *groups["dev"], *groups["train"]]


def test_every_constraint_says_why():
    lines = [line.strip() for line in (ROOT / "pyproject.toml").read_text().splitlines()]
    for constraint in constraints():
        assert lines[lines.index(f'"{constraint}",') - 1].startswith("# "), constraint


def test_lock_satisfies_the_constraints():
    packages = tomllib.loads((ROOT / "pdm.lock").read_text())["package"]
    locked = {canonicalize_name(package["name"]): package["version"] for package in packages}
    for requirement in map(Requirement, constraints()):
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier, requirement


@pytest.mark.parametrize("name", ["pdm.lock", "pyproject.toml", "Makefile", ".ci/pdm.txt"])
def test_no_addresses(name):
    assert "://" not in (ROOT / name).read_text()


def test_no_long_lines():
    """Lines of Python have 120 characters at most."""
    folders = [path.name for path in ROOT.iterdir() if path.is_dir() and list(path.glob("*.py"))] + ["tests"]
    assert {"gateware", "host", "examples", ".ci"} < set(folders)
    files = {file for folder in folders for file in (ROOT / folder).rglob("*.py")}
    assert not [f"{file.relative_to(ROOT)}:{number}" for file in sorted(files)
                for number, line in enumerate(file.read_text().splitlines(), 1) if len(line) > 120]


def test_old_python_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    with pytest.raises(SystemExit, match=r"^celosia: Python must be 3\.11 or newer, not 3\.10 \("):
        runpy.run_path(str(ROOT / ".ci" / "check_python.py"))


def test_this_python_is_accepted():
    runpy.run_path(str(ROOT / ".ci" / "check_python.py"))
