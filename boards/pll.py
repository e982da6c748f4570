"""The PLL of an ECP5: one clock, and the same clock shifted."""

from amaranth.hdl import Instance, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Pll"]

# Lattice FPGA-DS-02012, "sysCLOCK PLL timing", in Hz.
_INPUT = 8e6, 400e6
_OUTPUT = 3.125e6, 400e6
_VCO = 400e6, 800e6
_DETECTOR = 10e6, 400e6
_DIVIDERS = range(1, 129)
_MULTIPLIERS = range(1, 81)


class Pll(wiring.Component):
    """EHXPLLL with feedback from its first output.

    ``output_hz`` is reached exactly, or refused. Of several ways the one is taken whose oscillator is nearest to the
    middle of its range. The phase has steps of an eighth of the oscillator's period.

    Parameters
    ----------
    input_hz, output_hz : float
    phase : float
        Degrees by which ``clk_shifted`` is later than ``clk``, 0 <= ``phase`` < 360; rounded to the nearest step.

    Members
    -------
    clk_in : In(1)
    clk, clk_shifted : Out(1)
    locked : Out(1)

    Attributes
    ----------
    parameters : dict
        Of the EHXPLLL.
    vco_hz : float

    Raises
    ------
    ValueError
        If a frequency or the phase is out of range, or if no dividers give the output.
    """

    clk_in: In(1)
    clk: Out(1)
    clk_shifted: Out(1)
    locked: Out(1)

    def __init__(self, *, input_hz, output_hz, phase=0.0):
        for name, value, (low, high) in (("Input", input_hz, _INPUT), ("Output", output_hz, _OUTPUT)):
            if not low <= value <= high:
                raise ValueError(f"{name} of a PLL must be {low / 1e6:g}..{high / 1e6:g} MHz, not {value / 1e6:g}")
        if not 0 <= phase < 360:
            raise ValueError(f"Phase of a PLL must be at least 0 and less than 360 degrees, not {phase!r}")
        before, times, after = _dividers(input_hz, output_hz)
        self.vco_hz = output_hz * after
        # Phases count from the divider's last state; an output without delay has the divider less one.
        whole, eighths = divmod(round(phase * after * 8 / 360), 8)
        self.parameters = {
            "CLKI_DIV": before, "CLKFB_DIV": times, "FEEDBK_PATH": "CLKOP",
            "CLKOP_ENABLE": "ENABLED", "CLKOP_DIV": after, "CLKOP_CPHASE": after - 1, "CLKOP_FPHASE": 0,
            "CLKOS_ENABLE": "ENABLED", "CLKOS_DIV": after, "CLKOS_CPHASE": after - 1 + whole, "CLKOS_FPHASE": eighths,
        }
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.block = Instance(
            "EHXPLLL",
            # Charge pump and filter of the loop, as Project Trellis' ecppll sets them.
            a_ICP_CURRENT="12", a_LPF_RESISTOR="8", a_MFG_ENABLE_FILTEROPAMP="1", a_MFG_GMCREF_SEL="2",
            **{f"p_{name}": value for name, value in self.parameters.items()},
            i_CLKI=self.clk_in, i_CLKFB=self.clk, o_CLKOP=self.clk, o_CLKOS=self.clk_shifted, o_LOCK=self.locked,
            i_RST=0, i_STDBY=0, i_ENCLKOP=0, i_ENCLKOS=0,
            i_PHASESEL0=0, i_PHASESEL1=0, i_PHASEDIR=0, i_PHASESTEP=0, i_PHASELOADREG=0, i_PLLWAKESYNC=0)
        return m


def _dividers(input_hz, output_hz):
    """Dividers of input, feedback and output."""
    found = []
    for before in _DIVIDERS:
        times = round(output_hz * before / input_hz)
        exact = times in _MULTIPLIERS and input_hz * times == output_hz * before
        if exact and _DETECTOR[0] <= input_hz / before <= _DETECTOR[1]:
            found += [(before, times, after) for after in _DIVIDERS if _VCO[0] <= output_hz * after <= _VCO[1]]
    if not found:
        raise ValueError(f"Output of a PLL must be one that dividers make from {input_hz / 1e6:g} MHz, "
                         f"not {output_hz / 1e6:g} MHz")
    return min(found, key=lambda dividers: (dividers[0], abs(output_hz * dividers[2] - sum(_VCO) / 2)))
