"""A unit with ports of plain bits, so that it can be counted on its own."""

from amaranth.hdl import Elaboratable, Module, Signal, Value

from gateware.ports import port_signals

__all__ = ["BareUnit"]


class BareUnit(Elaboratable):
    """A top around ``unit`` whose ports are as wide as those of the unit and have no fields.

    Yosys names the wires of fields, and mapping to LUTs stops with an error where such names meet those of ports
    (0.70). Nothing is added to the unit.

    Parameters
    ----------
    unit : wiring.Component
        Ports whose name begins with ``trace_`` are left open: only simulations watch them.

    Attributes
    ----------
    ports : list of Signal
    """

    def __init__(self, unit):
        self._unit = unit
        self._inner = port_signals(unit, traces=False)
        self.ports = [Signal(len(port), name=f"port_{index}") for index, port in enumerate(self._inner)]
        self._inputs = {id(Value.cast(value)) for _, member, value in unit.signature.flatten(unit)
                        if member.flow.name == "In"}

    def elaborate(self, platform):
        m = Module()
        m.submodules.unit = self._unit
        for outer, inner in zip(self.ports, self._inner):
            m.d.comb += inner.eq(outer) if id(inner) in self._inputs else outer.eq(inner)
        return m
