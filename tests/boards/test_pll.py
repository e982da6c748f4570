# amaranth: UnusedElaboratable=no
"""Dividers and phases of the ECP5's PLL."""

from hypothesis import given, strategies
import pytest

from boards.pll import Pll


def reached(pll, input_hz):
    """Frequencies of phase detector, oscillator and output, from the parameters."""
    p = pll.parameters
    output = input_hz / p["CLKI_DIV"] * p["CLKFB_DIV"]
    return input_hz / p["CLKI_DIV"], output * p["CLKOP_DIV"], output


@given(strategies.sampled_from([12e6, 25e6, 48e6, 100e6]), strategies.integers(1, 10), strategies.integers(1, 40),
       strategies.floats(0, 359))
def test_every_pll_keeps_to_the_data_sheet(input_hz, before, times, phase):
    wanted = input_hz / before * times
    try:
        pll = Pll(input_hz=input_hz, output_hz=wanted, phase=phase)
    except ValueError:
        assert not (10e6 <= input_hz / before and 3.2e6 <= wanted <= 400e6)
        return
    detector, vco, output = reached(pll, input_hz)
    assert output == pytest.approx(wanted) and 10e6 <= detector <= 400e6 and 400e6 <= vco <= 800e6
    assert pll.vco_hz == pytest.approx(vco)
    p = pll.parameters
    shift = p["CLKOS_CPHASE"] - p["CLKOP_CPHASE"] + p["CLKOS_FPHASE"] / 8
    assert 0 <= p["CLKOS_FPHASE"] < 8 and p["CLKOS_CPHASE"] <= 127 + p["CLKOP_DIV"]
    assert abs(shift / p["CLKOP_DIV"] * 360 - phase) <= 22.5 / p["CLKOP_DIV"] + 1e-9


def test_the_clock_of_the_ulx3s():
    pll = Pll(input_hz=25e6, output_hz=75e6, phase=67.5)
    assert reached(pll, 25e6) == (25e6, 600e6, 75e6)
    p = pll.parameters
    assert (p["CLKOP_CPHASE"], p["CLKOS_CPHASE"], p["CLKOS_FPHASE"]) == (7, 8, 4)  # One and a half of eight.


@pytest.mark.parametrize("arguments, message", [
    (dict(input_hz=5e6, output_hz=75e6), "Input of a PLL must be 8..400 MHz, not 5"),
    (dict(input_hz=25e6, output_hz=500e6), "Output of a PLL must be 3.125..400 MHz, not 500"),
    (dict(input_hz=25e6, output_hz=75e6, phase=360),
     "Phase of a PLL must be at least 0 and less than 360 degrees, not 360"),
    (dict(input_hz=25e6, output_hz=76e6),
     "Output of a PLL must be one that dividers make from 25 MHz, not 76 MHz"),
])
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError) as error:
        Pll(**arguments)
    assert str(error.value) == message
