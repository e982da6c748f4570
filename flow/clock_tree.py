"""Where the clocks of an ECP5 netlist come from: their periods, and when their edges are."""

from dataclasses import dataclass
from fractions import Fraction
import re

__all__ = ["Clock", "ClockTree"]

_PLL_OUTPUTS = ("CLKOP", "CLKOS", "CLKOS2", "CLKOS3")
_PASSES = {"ECLKSYNCB": "ECLKI", "ECLKBRIDGECS": "CLK0", "DCCA": "CLKI"}
"""Cells that pass a clock on, by the name of the input that it comes in by."""
_FREQUENCY = re.compile(r'FREQUENCY (?:PORT|NET) "([^"]+)" ([\d.]+) HZ;')
_SUFFIX = re.compile(r"\$eclk\d+_\d+$")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock: its rising edges are at ``phase + n * period``.

    Attributes
    ----------
    source : str
        Clocks with the same source keep their phases to each other: name of the PLL, or of the net where there is none.
    period, phase : fractions.Fraction
        Nanoseconds; the phase counts from something that all clocks of the source share.
    """

    source: str
    period: Fraction
    phase: Fraction


class ClockTree:
    """The clocks of a design, traced back through the netlist's cells.

    ::

        input buffer, register --> EHXPLLL --> ECLKBRIDGECS, ECLKSYNCB, DCCA --> CLKDIVF --> net

    Outputs of a PLL are related to each other, not to the clock that goes into it: its delay to the PLL is no part of
    any description. What a register drives is a source by itself. Cells and wires of a clock have no delay here, as in
    nextpnr, which takes the edges of a clock to be at all of its registers at once.

    Parameters
    ----------
    module : dict
        The top module of yosys's netlist, flattened.
    constraints : str
        LPF with the frequencies of what is no output of a PLL.

    Raises
    ------
    ValueError
        If a frequency is that of no net: nextpnr would only warn, and go without.
    """

    def __init__(self, module, constraints):
        self._frequencies = {name: Fraction(hertz) for name, hertz in _FREQUENCY.findall(constraints)}
        self._bits = {name: net["bits"][0] for name, net in module["netnames"].items() if len(net["bits"]) == 1}
        for name in self._frequencies:
            if name not in self._bits:
                raise ValueError(f"Frequency in the constraints must be that of a net of the design, not of {name!r}")
        self._names = {}
        for name, bit in self._bits.items():
            self._names.setdefault(bit, []).append(name)
        self._drivers = {
            bits[0]: (name, cell, port) for name, cell in module["cells"].items()
            for port, bits in cell["connections"].items()
            if cell["port_directions"][port] == "output" and len(bits) == 1}

    def same_net(self, first, second):
        """Whether two names of nets are names of one net, as nextpnr or the source call it."""
        return self._bit(first) == self._bit(second)

    def name(self, net):
        """The shortest name of a net that the source has, which is one near the top of the design."""
        return self._name(self._bit(net))

    def clock(self, name):
        """The clock on a net.

        Parameters
        ----------
        name : str
            One of the net's names, as nextpnr or the source call it.

        Returns
        -------
        Clock

        Raises
        ------
        ValueError
            If there is no such net, if nothing says how fast it is, or if it comes from a PLL whose feedback is not
            that of :class:`boards.pll.Pll`.
        """
        return self._trace(self._bit(name))

    def _bit(self, name):
        # What nextpnr puts before the names of nets on the global network, and behind those of edge clocks.
        name = _SUFFIX.sub("", name.removeprefix("$glbnet$"))
        if name not in self._bits:
            raise ValueError(f"Clock must be a net of the design, not {name!r}")
        return self._bits[name]

    def _trace(self, bit):
        cell_name, cell, port = self._drivers.get(bit, ("", {"type": ""}, ""))
        kind = cell["type"]
        if kind == "EHXPLLL" and port in _PLL_OUTPUTS:
            return self._pll(cell_name, cell, port)
        if kind == "CLKDIVF":
            before = self._trace(cell["connections"]["CLKI"][0])
            return Clock(source=before.source, period=before.period * Fraction(cell["parameters"]["DIV"]),
                         phase=before.phase)
        if kind in _PASSES:
            return self._trace(cell["connections"][_PASSES[kind]][0])
        return Clock(source=self._name(bit), period=Fraction(10 ** 9) / self._root_hz(bit, cell), phase=Fraction(0))

    def _pll(self, name, cell, port):
        parameters, connections = cell["parameters"], cell["connections"]
        if parameters.get("FEEDBK_PATH") != "CLKOP" or connections["CLKFB"] != connections["CLKOP"]:
            raise ValueError(f"Feedback of PLL {name} must be from CLKOP to CLKFB")

        def number(parameter):
            return int(parameters[parameter], 2)

        bit = connections["CLKI"][0]
        before = self._trace(bit)
        # Of the oscillator.
        period = before.period * number("CLKI_DIV") / number("CLKFB_DIV") / number("CLKOP_DIV")
        divider = number(f"{port}_DIV")
        # An output without delay has its divider less one.
        delay = number(f"{port}_CPHASE") - divider + 1 + Fraction(number(f"{port}_FPHASE"), 8)
        return Clock(source=name, period=period * divider, phase=period * delay)

    def _root_hz(self, bit, cell):
        # nextpnr applies the frequency of a pin to the net behind its buffer.
        bits = [bit, *cell["connections"].get("B", [])] if cell["type"] == "TRELLIS_IO" else [bit]
        for name in (name for each in bits for name in self._names.get(each, [])):
            if name in self._frequencies:
                return self._frequencies[name]
        raise ValueError(f"Clock {self._name(bit)} must have a frequency in the constraints")

    def _name(self, bit):
        return min(self._names.get(bit, [f"net {bit}"]), 
                   key=lambda name: ("$" in name, not name.endswith("clk"), len(name), name))
