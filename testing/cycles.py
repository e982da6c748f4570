"""Drive a component without handshakes cycle by cycle, and see what its outputs are."""

from functools import reduce

from amaranth.hdl import Value
from amaranth.sim import Simulator

from testing.streams import pack, unpack

__all__ = ["run_cycles"]


def _member(dut, name):
    return reduce(getattr, name.split("."), dut)


def run_cycles(dut, inputs, outputs, *, tail=0):
    """Set inputs in one cycle after another, and record outputs.

    Parameters
    ----------
    dut : wiring.Component
    inputs : iterable of dict of str to payload
        What is set in each cycle, by the name of a member (``"step.valid"``); see `testing.streams.pack`. What a cycle
        does not name stays as it was.
    outputs : iterable of str
        Names of members.
    tail : int
        Cycles that follow, in which nothing is set.

    Returns
    -------
    dict of str to list
        What each output was in each cycle, before the edge that ends it.
    """
    ports = {name: _member(dut, name) for name in outputs}
    record = {name: [] for name in ports}

    async def drive(ctx):
        for cycle in [*inputs, *[{}] * tail]:
            for name, value in cycle.items():
                port = _member(dut, name)
                ctx.set(Value.cast(port), pack(port.shape(), value))
            _, _, *values = await ctx.tick().sample(*map(Value.cast, ports.values()))
            for (name, port), bits in zip(ports.items(), values):
                record[name].append(unpack(port.shape(), bits & (1 << len(Value.cast(port))) - 1))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    return record
