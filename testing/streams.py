"""Send to and receive from `amaranth.lib.stream` ports in Amaranth's own simulator.

Quick use, for a component whose ports are streams::

    got = run_stream_test(dut, inputs={"i": [1, 2, 3]}, outputs={"o": 3}, deadline=100)
    assert got["o"] == [2, 4, 6]

Payloads are plain Python on both sides: an `int` for a shape, a `dict` for a structure, a `list` for an
array, nested as the layout is. A plain `int` is also accepted for a whole structure: its raw bits.
"""

import random
from collections.abc import Mapping

from amaranth.hdl import Const, Shape, Value, ValueCastable
from amaranth.lib import data
from amaranth.sim import Simulator


__all__ = ["pack", "unpack", "send", "receive", "run_stream_test"]


CLOCK_PERIOD = 1e-6
STALLS = (0.0, 0.1, 0.5, 0.9)
"""Probabilities of a stall, one of which a seeded run draws for each port."""


def _layout(shape):
    """The layout behind a shape, or `None` for a scalar."""
    if isinstance(shape, data.Layout) or (
            isinstance(shape, type) and issubclass(shape, (data.Struct, data.Union))):
        return data.Layout.cast(shape)
    return None


def pack(shape, value):
    """Bits of a payload.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    value : int, dict, sequence or data.Const
        Structures take a mapping, arrays a sequence, both also an unsigned `int` of raw bits. Fields that
        a mapping leaves out are zero.

    Returns
    -------
    int
        Unsigned, two's complement for signed shapes.

    Raises
    ------
    ValueError
        If a number does not fit its shape.
    """
    if isinstance(value, data.Const):
        return value.as_bits()
    layout = _layout(shape)
    if layout is not None:
        if hasattr(value, "__index__"):
            return pack(layout.size, value)
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        bits = 0
        for key, item in items:
            field = layout[key]
            bits |= pack(field.shape, item) << field.offset
        return bits
    if not hasattr(value, "__index__"):
        return Const.cast(shape.const(value)).value & (1 << Shape.cast(shape).width) - 1
    value = value.__index__()
    cast = Shape.cast(shape)
    low = -1 << cast.width >> 1 if cast.signed else 0
    high = low + (1 << cast.width)
    if not low <= value < high:
        raise ValueError(f"Payload must fit {cast!r}, not be {value!r}")
    return value & (1 << cast.width) - 1


def unpack(shape, bits):
    """Payload of some bits: the inverse of `pack`. Structures become `dict`, arrays become `list`."""
    layout = _layout(shape)
    if isinstance(layout, data.ArrayLayout):
        width = Shape.cast(layout.elem_shape).width
        return [unpack(layout.elem_shape, bits >> i * width) for i in range(layout.length)]
    if layout is not None:
        return {key: unpack(field.shape, bits >> field.offset) for key, field in layout}
    cast = Shape.cast(shape)
    bits &= (1 << cast.width) - 1
    if cast.signed and bits >> cast.width - 1:
        bits -= 1 << cast.width
    if isinstance(shape, (int, Shape, range)):
        return bits
    try:
        return shape.from_bits(bits)
    except ValueError:  # No member of the enumeration: let the caller's comparison show the number.
        return bits


def _shape(payload):
    return payload.shape() if isinstance(payload, (Value, ValueCastable)) else Shape.cast(payload)


def _driven(value):
    """Whether a handshake signal can be set (streams may be always valid or always ready)."""
    return not isinstance(value, Const)


async def send(ctx, stream, values, rng=None, stall=0.0, *, domain="sync"):
    """Send values into an input stream; usable in a testbench and in a process.

    While the stream is not valid its payload holds random bits, so that a design which looks at it then
    shows itself. Leaves the stream not valid.

    Parameters
    ----------
    ctx : amaranth.sim.SimulatorContext
    stream : amaranth.lib.stream.Interface
        Input of the design: this function drives `valid` and `payload`.
    values : iterable
        Payloads; see `pack`.
    rng : random.Random
        Needed if `stall` is not zero.
    stall : float
        Probability, 0 to below 1, of a cycle without a payload before each payload, again and again.
    domain : str
    """
    shape, payload = _shape(stream.payload), Value.cast(stream.payload)
    driven = _driven(stream.valid)
    ticks = aiter(ctx.tick(domain).sample(stream.ready))
    valid = False
    for value in values:
        while driven and stall and rng.random() < stall:
            if valid:
                ctx.set(stream.valid, 0)
                valid = False
            ctx.set(payload, rng.getrandbits(len(payload)))
            await anext(ticks)
        ctx.set(payload, pack(shape, value))
        if driven and not valid:
            ctx.set(stream.valid, 1)
            valid = True
        ready = False
        while not ready:
            *_, ready = await anext(ticks)
    if valid:
        ctx.set(stream.valid, 0)


async def receive(ctx, stream, count, rng=None, stall=0.0, *, domain="sync"):
    """Receive values from an output stream; usable in a testbench and in a process.

    Checks what every stream promises: once valid, it stays valid with the same payload until accepted.
    Leaves the stream not ready.

    Parameters
    ----------
    ctx : amaranth.sim.SimulatorContext
    stream : amaranth.lib.stream.Interface
        Output of the design: this function drives `ready`.
    count : int
        How many payloads to receive.
    rng : random.Random
        Needed if `stall` is not zero.
    stall : float
        Probability, 0 to below 1, that a cycle is not ready.
    domain : str

    Returns
    -------
    list
        Payloads; see `unpack`.

    Raises
    ------
    AssertionError
        If a payload was withdrawn or changed before it was accepted.
    """
    received = []
    await _receive(ctx, stream, count, rng, stall, received, domain=domain)
    return received


async def _receive(ctx, stream, count, rng, stall, received, *, domain="sync"):
    shape, payload = _shape(stream.payload), Value.cast(stream.payload)
    driven = _driven(stream.ready)
    ticks = aiter(ctx.tick(domain).sample(stream.valid, payload))
    ready, held = not driven, None
    while len(received) < count:
        next_ready = not (driven and stall and rng.random() < stall)
        if next_ready != ready:
            ctx.set(stream.ready, next_ready)
            ready = next_ready
        *_, valid, bits = await anext(ticks)
        if held is not None and not (valid and bits == held):
            what = "changed" if valid else "withdrawn"
            raise AssertionError(f"Payload {len(received)} was {what} before it was accepted: "
                                 f"{unpack(shape, held)!r}")
        held = bits if valid and not ready else None
        if valid and ready:
            received.append(unpack(shape, bits))
    if driven and ready:
        ctx.set(stream.ready, 0)


def run_stream_test(dut, *, inputs, outputs, seeds=range(4), stall=None, deadline=10_000, quiet=8,
                    settings=None, vcd=None):
    """Run a component with random stalls on all its streams, once per seed, and return what it sent.

    The design is elaborated once and reset between seeds. Every seed must give the same outputs.

    Parameters
    ----------
    dut : wiring.Component
    inputs : dict of str to sequence
        Payloads to send into each input stream, by the name of the port (dots for nested ports).
    outputs : dict of str to (int or sequence)
        How many payloads to receive from each output stream, or the payloads themselves, which are then
        compared.
    seeds : iterable of int
        Seed 0 runs without stalls; the others draw a probability from `STALLS` for each port.
    stall : float or dict of str to float
        Fixes the probability (for all ports, or by port) in place of the drawn one, also for seed 0.
    deadline : int
        Cycles within which all payloads must have passed. With `stall=0` this is a test of throughput.
    quiet : int
        Cycles after the last output, once all inputs are sent, in which no output may become valid. With 0
        the run ends with the last output, even when inputs are left.
    settings : dict of str to value
        Values of plain input ports, constant during the run.
    vcd : path
        Writes a waveform of the last seed, for debugging by hand.

    Returns
    -------
    dict of str to list
        The payloads of each output.

    Raises
    ------
    AssertionError
        On a missed deadline, a payload too many, a broken handshake or a difference; names the seed.
    """
    ports = {name: _port(dut, name) for name in (*inputs, *outputs)}
    settings = [(_port(dut, name), value) for name, value in (settings or {}).items()]
    expected = {name: want if hasattr(want, "__index__") else len(want) for name, want in outputs.items()}
    run = _Run(ports, inputs, expected, settings, quiet)
    simulator = Simulator(dut)
    simulator.add_clock(CLOCK_PERIOD)
    for name in inputs:
        simulator.add_process(run.sender(name))
    for name in outputs:
        simulator.add_process(run.receiver(name))
    if settings:
        simulator.add_process(run.setter())
    first, seeds = None, list(seeds)
    for index, seed in enumerate(seeds):
        if index:
            simulator.reset()
        try:
            run.start(seed, stall)
            if vcd is not None and index == len(seeds) - 1:
                with simulator.write_vcd(str(vcd)):
                    run.advance(simulator, deadline)
            else:
                run.advance(simulator, deadline)
            for name, want in outputs.items():
                if not hasattr(want, "__index__"):
                    _compare(name, run.received[name], list(want), "expected")
            if first is not None:
                for name in outputs:
                    _compare(name, run.received[name], first[name], f"with seed {seeds[0]}")
        except Exception as error:
            error.add_note(f"run_stream_test: seed {seed}, stall probabilities {run.stalls}")
            raise
        first = first or run.received
    return first


def _port(dut, path):
    for part in path.split("."):
        dut = dut[int(part)] if part.isdigit() else getattr(dut, part)
    return dut


def _compare(name, got, want, whose):
    for index, (a, b) in enumerate(zip(got, want)):
        if a != b:
            raise AssertionError(
                f"Output {name!r}, number {index} of {len(want)}: {a!r}, but {whose}: {b!r}")


class _Run:
    """State of one seeded run, shared by the processes that drive the ports."""

    def __init__(self, ports, inputs, expected, settings, quiet):
        self.ports, self.inputs, self.expected = ports, inputs, expected
        self.settings, self.quiet = settings, quiet

    def start(self, seed, stall):
        rng = random.Random(seed)
        self.stalls = {}
        for name in self.ports:
            drawn = rng.choice(STALLS) if seed else 0.0
            given = stall.get(name) if isinstance(stall, Mapping) else stall
            self.stalls[name] = drawn if given is None else given
        self.rngs = {name: random.Random(f"{seed} {name}") for name in self.ports}
        self.received = {name: [] for name in self.expected}
        self.sent = set()
        self.finished = set()

    def sender(self, name):
        async def process(ctx):
            await send(ctx, self.ports[name], self.inputs[name], self.rngs[name], self.stalls[name])
            self.sent.add(name)
        return process

    def receiver(self, name):
        async def process(ctx):
            port, received = self.ports[name], self.received[name]
            await _receive(ctx, port, self.expected[name], self.rngs[name], self.stalls[name], received)
            quiet = 0 if _driven(port.valid) else self.quiet
            async for *_, valid in ctx.tick().sample(port.valid):
                if quiet >= self.quiet:
                    self.finished.add(name)
                    return
                if valid:
                    raise AssertionError(f"Output {name!r} must send {len(received)} payloads, not more")
                # The others may still be stalling an input that this output waits for.
                quiet += len(self.sent) == len(self.inputs)
        return process

    def setter(self):
        async def process(ctx):
            for port, value in self.settings:
                ctx.set(Value.cast(port), pack(_shape(port), value))
        return process

    def advance(self, simulator, deadline):
        """Run until all is done; the deadline counts the cycles before the quiet ones."""
        for _ in range(2 * (deadline + self.quiet + 2)):
            simulator.advance()
            if len(self.finished) == len(self.expected) and (
                    len(self.sent) == len(self.inputs) or self.expected and not self.quiet):
                return
        progress = ", ".join(f"{name!r} {len(self.received[name])} of {count}"
                             for name, count in self.expected.items())
        waiting = ", ".join(repr(name) for name in self.inputs if name not in self.sent) or "none"
        raise AssertionError(
            f"Not done after {deadline} cycles; received: {progress}; inputs not sent: {waiting}")
