"""Passes of the vector unit, with what the golden functions say of them."""

import random

from amaranth.sim import Simulator
import numpy as np

from gateware.exact.vector_pass import (column, hide, reduce_largest, reduce_max, reduce_sum, scale_bits, stored,
                                         stored_integers, swap, vector_pass)
from gateware.isa import Function, Reduce, Sink, Source
from gateware.vector.unit import VectorUnit
from testing.streams import send

__all__ = ["REDUCTIONS", "VectorProgram", "numbers"]

_CORNERS = np.array([0x00000000, 0x80000000, 0x00000001, 0x807fffff, 0x00800000, 0x80ffffff, 0x3f800000,
                    0xbf800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345],
                   np.uint32)


def _bits(x):
    return np.atleast_1d(np.asarray(x, np.float32)).view(np.uint32)


def numbers(rng, count, corners=0.0):
    """Random fp32 of mixed magnitude; ``corners`` is the share of corner values."""
    x = (rng.standard_normal(count) * 2.0**rng.integers(-6, 6, count)).astype(np.float32)
    chosen = rng.random(count) < corners
    x[chosen] = rng.choice(_CORNERS, chosen.sum()).view(np.float32)
    return x


REDUCTIONS = {Reduce.SUM: reduce_sum, Reduce.MAX: reduce_max, Reduce.LARGEST: reduce_largest}


class VectorProgram:
    """Passes, and what the golden functions say that they write.

    Parameters
    ----------
    unit : (gateware.shapes.vector_shape.VectorShape, int)
        Shape of the unit, and bits of the bus.
    rng : numpy.random.Generator
        Of the scratchpad and of the streams.
    corners : float
        Share of zeros, subnormals, infinities, NaNs and the largest numbers among them.
    """

    def __init__(self, unit, rng, corners=0.0):
        (self.vector, self.bus_bits), self.rng, self.corners = unit, rng, corners
        self.scratchpad = numbers(rng, self.vector.scratchpad, corners)
        self.initial = self.scratchpad.copy()
        self.scalars = {}
        self.commands, self.beats = [], []
        self.effects = []   # of each pass

    def add(self, *, length, a, b=1.0, c=0.0, a_swap=0, b_wrap=0, function=Function.IDENTITY,
            reduce=Reduce.NONE, into=0, sink=Sink.NONE, destination=0, code_bits=16, sinks=0, hidden=0):
        """Append a pass.

        Parameters
        ----------
        a, b, c : (str, int), str or float
            ``("s", address)``, ``("r", register)``, ``"stream"``, ``"same"`` or an immediate.
        into : int
            Register of the reduction.
        sinks, hidden : int
            Elements from ``sinks`` to below ``hidden`` are hidden.

        Others are fields of the instruction.
        """
        lanes = self.vector.lanes
        if into not in self.scalars or reduce != Reduce.NONE:
            code_bits = 16  # The register has no value that could be a scale, or is written.
        command = {"length": length, "function": function, "reduce": reduce, "reduce_destination": into,
                   "sink": sink, "destination": destination, "a_swap": a_swap, "b_wrap": b_wrap,
                   "code_bits": code_bits, "sinks": sinks, "hidden": hidden}
        values = {}
        for name, operand in (("a", a), ("b", b), ("c", c)):
            if operand == "stream":
                command[f"{name}_source"] = Source.STREAM
                words = numbers(self.rng, length, self.corners)
                values[name] = words
                per_beat = self.bus_bits // 32
                rest = self.rng.integers(0, 2**32, -length % per_beat, np.uint32)
                self.beats += [int.from_bytes(row.tobytes(), "little")
                               for row in np.concatenate((_bits(words), rest)).reshape(-1, per_beat)]
            elif operand == "same":
                command[f"{name}_source"] = Source.SAME
                values[name] = values["a"]
            elif isinstance(operand, tuple) and operand[0] == "s":
                command |= {f"{name}_source": Source.SCRATCHPAD, name: operand[1]}
                index = np.arange(length + length % 2)
                if name == "b" and b_wrap:
                    index %= b_wrap
                values[name] = self.scratchpad[operand[1] + index]
                if name == "a" and a_swap:
                    values[name] = swap(values[name])
                values[name] = values[name][:length]
            elif isinstance(operand, tuple):
                command |= {f"{name}_source": Source.SCALAR, name: operand[1]}
                values[name] = self.scalars[operand[1]]
            else:
                command |= {f"{name}_source": Source.IMMEDIATE, name: int(_bits(operand)[0])}
                values[name] = np.float32(operand)
        result = np.broadcast_to(vector_pass(values["a"], values["b"], values["c"], function), length)
        result, counts = hide(result, range(sinks, hidden))

        effects = []
        if sink == Sink.SCRATCHPAD:
            self.scratchpad[destination:destination + length] = result
            for first in range(0, length, lanes):
                stripe = _bits(result[first:first + lanes])
                effects.append(("scratchpad", destination + first, stripe.tolist()))
        elif sink == Sink.COLUMN:
            mantissas, exponents = column(result)
            for index, stripe in enumerate(mantissas.reshape(-1, lanes)):
                exponent = int(exponents[index * lanes // 256])
                effects.append(("x", destination, index, exponent, stripe.tolist()))
        elif sink == Sink.STORE:
            if code_bits == 16:
                codes, exponent = stored(result)
                scale = scale_bits(exponent)
            else:
                codes, scale = stored_integers(result, code_bits), int(_bits(self.scalars[into])[0])
            effects += [("code", code, scale, int(index == length - 1))
                        for index, code in enumerate(codes.tolist())]
        elif sink == Sink.MEMORY:
            effects += [("element", value, int(index == length - 1))
                        for index, value in enumerate(_bits(result).tolist())]
        if reduce != Reduce.NONE:
            value = REDUCTIONS[reduce](result if reduce == Reduce.SUM else counts)
            self.scalars[into] = value
            effects.append(("scalar", into, int(_bits(value)[0])))
        self.commands.append(command)
        self.effects.append(effects)

    def run(self, *, stall=0.0, seed=0, deadline=20000):
        """Run it, compare it, and return the cycles of each pass, from command to done.

        Each command waits while its predecessor executes, so that passes follow each other as closely as they
        can.
        """
        unit = VectorUnit(vector=self.vector, bus_bits=self.bus_bits)
        effects, cycles = [], []
        rngs = {name: random.Random(f"{seed} {name}") for name in ("operand", "codes", "elements")}

        def finish(took):
            index = len(cycles)
            where = f"seed {seed}: pass {index} {self.commands[index]}"
            for kind in ("scratchpad", "x", "code", "element", "scalar"):
                want = [effect for effect in self.effects[index] if effect[0] == kind]
                got = [effect for effect in effects if effect[0] == kind]
                assert got == want, where
            effects.clear()
            cycles.append(took)

        async def passes(ctx):
            writes = [{"address": address, "value": int(value)}
                      for address, value in enumerate(self.initial.view(np.uint32))]
            await send(ctx, unit.results, writes)
            await ctx.tick()
            assert effects == [("scratchpad", write["address"], [write["value"]]) for write in writes]
            effects.clear()
            await send(ctx, unit.command, self.commands)
            while len(cycles) < len(self.commands):
                await ctx.tick()
            await ctx.tick().repeat(4)
            assert not effects

        async def feed(ctx):
            await send(ctx, unit.operand, self.beats, rngs["operand"], stall)
            await ctx.tick()
            assert not ctx.get(unit.operand.ready)

        async def drain(ctx):
            ready = False
            async for *_, valid, payload in ctx.tick().sample(unit.codes.valid, unit.codes.payload):
                if valid and ready:
                    effects.append(("code", payload.code, payload.scale, payload.last))
                ready = rngs["codes"].random() >= stall
                ctx.set(unit.codes.ready, ready)

        async def drain_elements(ctx):
            ready = False
            async for *_, valid, payload in ctx.tick().sample(unit.elements.valid, unit.elements.payload):
                if valid and ready:
                    effects.append(("element", payload.value, payload.last))
                ready = rngs["elements"].random() >= stall
                ctx.set(unit.elements.ready, ready)

        async def watch(ctx):
            took = 0
            sampled = ctx.tick().sample(
                unit.trace_scratchpad.valid, unit.trace_scratchpad.payload, unit.x.valid, unit.x.payload,
                unit.trace_scalar.valid, unit.trace_scalar.payload, unit.done,
                unit.command.valid & unit.command.ready)
            async for *_, writes, write, quantises, stripe, reduces, scalar, done, starts in sampled:
                took += 1
                if writes:
                    lanes = [lane for lane in range(self.vector.lanes) if write.mask >> lane & 1]
                    assert lanes == list(range(lanes[0], lanes[-1] + 1))
                    effects.append(
                        ("scratchpad", write.address + lanes[0], [write.data[lane] for lane in lanes]))
                if quantises:
                    effects.append(("x", stripe.column, stripe.index, stripe.exponent, list(stripe.mantissas)))
                if reduces:
                    effects.append(("scalar", scalar.register, scalar.value))
                if done:
                    finish(took)
                if starts:
                    took = 0
                assert took < deadline, f"pass {len(cycles)} {self.commands[len(cycles)]} does not end"

        simulator = Simulator(unit)
        simulator.add_clock(1e-6)
        simulator.add_testbench(passes)
        if self.beats:
            simulator.add_testbench(feed)
        simulator.add_process(drain)
        simulator.add_process(drain_elements)
        simulator.add_process(watch)
        simulator.run()
        return cycles
