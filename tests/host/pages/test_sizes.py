"""docs/sizes.md: its blocks, and the numbers of those that are counted in seconds."""

from pathlib import Path
import re

import pytest

from flow.blocks import BLOCKS
from flow.toolchain import Toolchain
from host.pages.sizes import COLUMNS, count, page

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "sizes.md").read_text()
NUMBERS = {name: [int(cell.replace(",", "") or 0) for cell in cells.split(" | ")]
           for name, cells in re.findall(r"^\| `(\w+)`[^|]* \| ([0-9, |]*) \|$", PAGE, re.MULTILINE)}
SMALL = ("LutFifo", "Fp32Multiply", "BusMonitor", "Counters")


def test_committed_page_is_the_printed_one():
    """But for the numbers, and the version of the tool."""
    def numbers(block):
        return [f"{number:,}" if number else "" for number in NUMBERS[block.kind.__name__]]

    tool = re.search(r"estimates of (.*)$", PAGE, re.MULTILINE)[1]
    assert PAGE == page(numbers, tool), "python -m host.pages.sizes > docs/sizes.md"


def test_every_block_takes_something():
    assert list(NUMBERS) == [block.kind.__name__ for block in BLOCKS]
    assert all(len(numbers) == len(COLUMNS) and sum(numbers) for numbers in NUMBERS.values())


@pytest.mark.parametrize("name", SMALL)
def test_numbers_of_small_blocks(name):
    block = next(block for block in BLOCKS if block.kind.__name__ == name)
    assert count(block, Toolchain()) == NUMBERS[name]
