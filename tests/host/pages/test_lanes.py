"""docs/lanes.md against the formats."""

from pathlib import Path

import pytest

from gateware.shapes.dot_shape import DotShape
from host.image.formats import FORMATS
from host.pages.lanes import BUS_BITS, LANES, lanes_needed, page

ROOT = Path(__file__).resolve().parents[3]


def test_committed_page_is_the_printed_one():
    assert (ROOT / "docs" / "lanes.md").read_text() == page(), "python -m host.pages.lanes > docs/lanes.md"


@pytest.mark.parametrize("name, needed", [
    ("Q2_K", [16, 32, 64, None]), ("Q3_K", [16, 32, 64, None]), ("TQ1_0", [32, 64, None, None]),
    ("Q4_0", [8, 16, 32, 64]), ("Q5_K", [8, 16, 32, 64]), ("Q8_0", [4, 8, 16, 32]), ("F16", [4, 4, 8, 16]),
    ("Q1_0", [32, 64, None, None]), ("Q2_0", [16, 32, 64, None]), ("NVFP4", [8, 16, 64, None])])
def test_lanes_needed(name, needed):
    assert [lanes_needed(FORMATS[name], bus_bits) for bus_bits in BUS_BITS] == needed


def test_one_bit_takes_the_lanes_of_two_columns():
    assert [lanes_needed(FORMATS["Q1_0"], bus_bits, columns=2) for bus_bits in BUS_BITS] == [16, 32, 64, None]
    assert lanes_needed(FORMATS["Q2_0"], 64, columns=2) == 32


def test_sub_scales_need_no_more_lanes_than_codes():
    assert all(form.sub_bits > form.code_bits for form in FORMATS.values() if form.sub_bits)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("bus_bits", BUS_BITS)
def test_entries_are_possible_configurations(lanes, bus_bits):
    if lanes <= bus_bits:
        DotShape(lanes=lanes).check_ports("x", bus_bits=bus_bits, vector_lanes=4)
