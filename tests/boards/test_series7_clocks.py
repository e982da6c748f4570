# amaranth: UnusedElaboratable=no
"""Dividers and phases of the 7-series PLL, and the clocks of its DDR3 PHY."""

from hypothesis import given, strategies
import pytest

from boards.series7_ddr3_clocks import Series7Ddr3Clocks
from boards.series7_pll import Series7Pll


@given(strategies.sampled_from([50e6, 100e6, 120e6]),
       strategies.lists(strategies.integers(2, 60), min_size=1, max_size=6))
def test_every_pll_keeps_to_the_data_sheet(input_hz, dividers):
    wanted = {f"c{number}": (1200e6 / divider, 0) for number, divider in enumerate(dividers)}
    pll = Series7Pll(input_hz=input_hz, outputs=wanted)
    p = pll.parameters
    detector = input_hz / p["DIVCLK_DIVIDE"]
    assert 19e6 <= detector <= 450e6 and 800e6 <= pll.vco_hz <= 1600e6
    assert pll.vco_hz == pytest.approx(detector * p["CLKFBOUT_MULT"]) and 2 <= p["CLKFBOUT_MULT"] <= 64
    for number, (hertz, _) in enumerate(wanted.values()):
        assert 1 <= p[f"CLKOUT{number}_DIVIDE"] <= 128
        assert pll.vco_hz / p[f"CLKOUT{number}_DIVIDE"] == pytest.approx(hertz)


def test_the_clocks_of_the_arty():
    p = Series7Ddr3Clocks(input_hz=100e6, clock_hz=100e6).pll.parameters
    assert (p["CLKIN1_PERIOD"], p["DIVCLK_DIVIDE"], p["CLKFBOUT_MULT"]) == (10.0, 1, 12)
    assert [p[f"CLKOUT{number}_DIVIDE"] for number in range(4)] == [12, 3, 3, 6]
    assert [p[f"CLKOUT{number}_PHASE"] for number in range(4)] == [0, 0, 90, 0]


@pytest.mark.parametrize("arguments, message", [
    (dict(input_hz=10e6, outputs={"a": (100e6, 0)}), "Input of a PLL must be 19..800 MHz, not 10"),
    (dict(input_hz=100e6, outputs={"a": (900e6, 0)}), "Output of a PLL must be 6.25..800 MHz, not 900"),
    (dict(input_hz=100e6, outputs={}), "A PLL must have 1..6 outputs, not 0"),
    (dict(input_hz=100e6, outputs={"a": (400e6, 0), "b": (300e6, 0), "c": (250e6, 0)}),
     "Outputs of a PLL must be what dividers make from 100 MHz, not 400, 300, 250 MHz"),
    (dict(input_hz=100e6, outputs={"a": (400e6, 50)}),
     "Phase of a PLL's output must be a multiple of 15 degrees, at least 0 and less than 360, not 50"),
    (dict(input_hz=100e6, outputs={"a": (400e6, 360)}),
     "Phase of a PLL's output must be a multiple of 15 degrees, at least 0 and less than 360, not 360"),
])
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError) as error:
        Series7Pll(**arguments)
    assert str(error.value) == message
