"""The order of the files of tests."""

from pathlib import Path
from types import SimpleNamespace

from testing.order import FIRST, longest_first

ROOT = Path(__file__).parents[2]


def test_the_files_are_there():
    assert [name for name in FIRST if not (ROOT / name).is_file()] == []


def test_long_files_come_first():
    """Otherwise all stays as it was collected."""
    names = ["tests/b.py::x[::]", f"{FIRST[1]}::second", "tests/a.py::x", f"{FIRST[0]}::b", f"{FIRST[1]}::first",
             f"{FIRST[0]}::a"]
    items = [SimpleNamespace(nodeid=name) for name in names]
    longest_first(items)
    assert [item.nodeid for item in items] == [names[at] for at in (3, 5, 1, 4, 0, 2)]
