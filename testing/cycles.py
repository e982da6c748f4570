"""Drive a component without handshakes cycle by cycle, and see what its outputs are."""

from functools import reduce

from amaranth.hdl import Value
from amaranth.sim import Simulator

from testing.streams import pack, unpack

__all__ = ["run_cycles", "transfer_cycles"]


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


def transfer_cycles(dut, inputs, outputs, *, cycles, settings=None):
    """When payloads pass while nobody waits: inputs are valid as long as there is something to send, outputs are ready.

    Parameters
    ----------
    dut : wiring.Component
    inputs : dict of str to sequence
        Payloads of each input stream.
    outputs : iterable of str
        Names of output streams.
    cycles : int
        How many are run.
    settings : dict of str to payload, optional
        Values of other inputs, constant.

    Returns
    -------
    dict of str to list of int
        Of each stream the numbers of the cycles, from 0, in which a payload passed.
    """
    passed = {name: [] for name in [*inputs, *outputs]}
    ports = {name: _member(dut, name) for name in passed}

    async def drive(ctx):
        for name, value in (settings or {}).items():
            port = _member(dut, name)
            ctx.set(Value.cast(port), pack(port.shape(), value))
        for name in outputs:
            ctx.set(ports[name].ready, 1)
        for cycle in range(cycles):
            for name, payloads in inputs.items():
                index = len(passed[name])
                ctx.set(ports[name].valid, index < len(payloads))
                if index < len(payloads):
                    payload = ports[name].payload
                    ctx.set(Value.cast(payload), pack(payload.shape(), payloads[index]))
            handshakes = [port.valid & port.ready for port in ports.values()]
            for name, now in zip(ports, (await ctx.tick().sample(*handshakes))[2:]):
                if now:
                    passed[name].append(cycle)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    return passed
