"""The PLL of a 7-series device: several clocks from one."""

import math

from amaranth.hdl import Const, Instance, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Series7Pll"]

# Xilinx DS181 (Artix-7), "PLL Specification", speed grade -1, in Hz. DS187 (Zynq-7000) has the same figures.
_INPUT = 19e6, 800e6
_OUTPUT = 6.25e6, 800e6
_VCO = 800e6, 1600e6
_DETECTOR = 19e6, 450e6
# Xilinx UG472, "PLLE2_ADV attributes".
_INPUT_DIVIDERS = range(1, 57)
_MULTIPLIERS = range(2, 65)
_OUTPUT_DIVIDERS = range(1, 129)
_MOST_OUTPUTS = 6
_STEPS = 8
"""Of the phase, in a period of the oscillator."""


class Series7Pll(wiring.Component):
    """PLLE2_ADV with feedback inside it, and a BUFG behind each output.

    Every output is reached exactly, or refused. Of several ways the one is taken with the least division of the input,
    and then with the oscillator nearest to the middle of its range.

    Parameters
    ----------
    input_hz : float
    outputs : dict of str to (float, float)
        By name, 1..6 of them: Hz, and degrees by which the output is later, 0 <= degrees < 360; a multiple of the
        oscillator's step, an eighth of its period.

    Members
    -------
    clk_in : In(1)
    clk_NAME : Out(1)
        For each of ``outputs``.
    locked : Out(1)

    Attributes
    ----------
    parameters : dict
        Of the PLLE2_ADV.
    vco_hz : float

    Raises
    ------
    ValueError
        If there are too many outputs, if a frequency or a phase is out of range, or if no dividers give the outputs.
    """

    def __init__(self, *, input_hz, outputs):
        if len(outputs) not in range(1, _MOST_OUTPUTS + 1):
            raise ValueError(f"A PLL must have 1..{_MOST_OUTPUTS} outputs, not {len(outputs)}")
        frequencies = [("Input", input_hz, _INPUT)] + [("Output", hertz, _OUTPUT) for hertz, _ in outputs.values()]
        for name, value, (low, high) in frequencies:
            if not low <= value <= high:
                raise ValueError(f"{name} of a PLL must be {low / 1e6:g}..{high / 1e6:g} MHz, not {value / 1e6:g}")
        before, times, after = _dividers(input_hz, [hertz for hertz, _ in outputs.values()])
        self.vco_hz = input_hz / before * times
        self.parameters = {
            "BANDWIDTH": "OPTIMIZED", "COMPENSATION": "INTERNAL", "STARTUP_WAIT": "FALSE",
            "CLKIN1_PERIOD": 1e9 / input_hz, "DIVCLK_DIVIDE": before, "CLKFBOUT_MULT": times}
        for number, ((_, degrees), divider) in enumerate(zip(outputs.values(), after)):
            steps = degrees / 360 * divider * _STEPS
            if not 0 <= degrees < 360 or steps != round(steps):
                raise ValueError(f"Phase of a PLL's output must be a multiple of {360 / divider / _STEPS:g} degrees, "
                                 f"at least 0 and less than 360, not {degrees!r}")
            self.parameters |= {f"CLKOUT{number}_DIVIDE": divider, f"CLKOUT{number}_PHASE": float(degrees)}
        self._outputs = tuple(outputs)
        super().__init__({"clk_in": In(1), "locked": Out(1)} | {f"clk_{name}": Out(1) for name in outputs})

    def elaborate(self, platform):
        m = Module()
        feedback = Signal()
        clocks = [Signal(name=f"unbuffered_{name}") for name in self._outputs]
        m.submodules.block = Instance(
            "PLLE2_ADV",
            **{f"p_{name}": value for name, value in self.parameters.items()},
            i_CLKIN1=self.clk_in, i_CLKIN2=0, i_CLKINSEL=1, i_CLKFBIN=feedback, o_CLKFBOUT=feedback,
            **{f"o_CLKOUT{number}": clock for number, clock in enumerate(clocks)}, o_LOCKED=self.locked,
            i_RST=0, i_PWRDWN=0, i_DCLK=0, i_DEN=0, i_DWE=0, i_DI=Const(0, 16), i_DADDR=Const(0, 7))
        for name, clock in zip(self._outputs, clocks):
            m.submodules[f"buffer_{name}"] = Instance("BUFG", i_I=clock, o_O=getattr(self, f"clk_{name}"))
        return m


def _dividers(input_hz, outputs):
    """Dividers of the input and of the feedback, and a list of those of the outputs."""
    found = []
    for before in _INPUT_DIVIDERS:
        for times in _MULTIPLIERS:
            vco_hz = input_hz * times / before
            after = [round(vco_hz / hertz) for hertz in outputs]
            exact = all(divider in _OUTPUT_DIVIDERS and math.isclose(hertz * divider, vco_hz)
                        for hertz, divider in zip(outputs, after))
            if exact and _VCO[0] <= vco_hz <= _VCO[1] and _DETECTOR[0] <= input_hz / before <= _DETECTOR[1]:
                found.append((before, abs(vco_hz - sum(_VCO) / 2), times, after))
    if not found:
        wanted = ", ".join(f"{hertz / 1e6:g}" for hertz in outputs)
        raise ValueError(f"Outputs of a PLL must be what dividers make from {input_hz / 1e6:g} MHz, not {wanted} MHz")
    before, _, times, after = min(found)
    return before, times, after
