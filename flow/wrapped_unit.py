"""A unit between registers, so that all of its ports need four pins."""

from amaranth.hdl import Cat, ClockDomain, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WrappedUnit"]


class WrappedUnit(wiring.Component):
    """Registers around ``unit``: every input port of it is driven by one, every output port ends in one.

    Inputs are the bits of a shift register, outputs are folded into a second one (``folded[i+1] <= folded[i]
    ^ output[i]``), so that nothing of the unit can be optimised away. The reset is registered as well. So
    every path of the unit lies between two registers and is timed. The wrapper itself costs a flip-flop for
    each bit of a port and a LUT for each bit of an output.

    Parameters
    ----------
    unit : wiring.Component
        Its clock domain is ``sync``. Ports whose name begins with ``trace_`` are left open: only simulations
        watch them.

    Members
    -------
    clk, rst : In(1)
    shift_in : In(1)
    shift_out : Out(1)
    """

    def __init__(self, unit):
        self._unit = unit
        super().__init__({"clk": In(1), "rst": In(1), "shift_in": In(1), "shift_out": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = domain = ClockDomain(local=True)
        reset = Signal(reset_less=True)
        m.submodules.unit = self._unit
        inputs, outputs = [], []
        for path, member, value in self._unit.signature.flatten(self._unit):
            # The ready of a stream that cannot be refused is a constant, not a port.
            if not str(path[0]).startswith("trace_") and not isinstance(value, Const):
                (inputs if member.flow == In else outputs).append(Value.cast(value))
        driving = Signal(sum(map(len, inputs)), reset_less=True)
        folded = Signal(sum(map(len, outputs)), reset_less=True)
        m.d.comb += [
            domain.clk.eq(self.clk),
            domain.rst.eq(reset),
            Cat(inputs).eq(driving),
            self.shift_out.eq(folded[-1]),
        ]
        m.d.sync += [
            reset.eq(self.rst),
            driving.eq(Cat(self.shift_in, driving)),
            folded.eq(Cat(driving[-1], folded) ^ Cat(outputs)),
        ]
        return m
