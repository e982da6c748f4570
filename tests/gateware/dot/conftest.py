"""Runs the dot engine on matrices and vectors, and says what it must answer."""

from dataclasses import dataclass
import random

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot import exact
from gateware.dot.engine import DotEngine
from gateware.isa import CodeOrder, Scale, VECTOR_CODES
from gateware.numeric.block_float import BLOCK
from host.image.planes import to_planes
from sim.streams import receive, send


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """One command: codes int16 (rows, vectors, 32); scales uint16 or int8 (rows, vectors), or None."""

    codes: np.ndarray
    scales: np.ndarray | None = None
    code_bits: int
    columns: int = 1
    order: CodeOrder = CodeOrder.PLANES
    expand: bool = False
    extra_growth: int = 0

    @property
    def scale(self):
        if self.scales is None:
            return Scale.NONE
        return Scale.FP16 if self.scales.dtype == np.uint16 else Scale.POWER

    @property
    def growth(self):
        return (self.codes.shape[1] - 1).bit_length() + self.extra_growth

    @property
    def command(self):
        rows, vectors, _ = self.codes.shape
        return {"code_bits": self.code_bits, "code_order": self.order, "scale": self.scale, "expand": self.expand,
                "vectors": vectors, "rows": rows, "growth": self.growth, "columns": self.columns}

    @property
    def _unpacked_scales(self):
        if self.scale == Scale.FP16:
            return exact.unpack_fp16(self.scales)
        return exact.unpack_power(np.zeros(self.codes.shape[:2]) if self.scales is None else self.scales)

    def beats(self, bus_bytes):
        """Bus words as int, padded with ones, which must not matter."""
        beats = []
        for row, codes in enumerate(self.codes):
            if self.order == CodeOrder.PLANES:
                code_bytes = to_planes(codes, self.code_bits).tobytes()
            else:
                code_bytes = codes.astype("<i2").tobytes()
            scale_bytes = b"" if self.scales is None else self.scales[row].tobytes()
            for part in scale_bytes, code_bytes:
                part += b"\xff" * (-len(part) % bus_bytes)
                beats += [int.from_bytes(part[i:i + bus_bytes], "little") for i in range(0, len(part), bus_bytes)]
        return beats

    def results(self, x):
        """Results as the engine sends them, for vectors ``x`` (one `Vector` per logical column)."""
        mantissa, exponent = self._unpacked_scales
        settings = {"code_bits": self.code_bits, "growth": self.growth}
        if self.expand:
            values = np.empty((VECTOR_CODES * self.codes.shape[1], 1), np.float32)
            unit_exponents = np.full(self.codes.shape[1], exact.EXPAND_EXPONENT)
            for index in range(len(values)):
                one_hot = np.zeros(len(values))
                one_hot[index] = exact.EXPAND_MANTISSA
                values[index] = exact.exact_dot(
                    self.codes.astype(float), mantissa, exponent, one_hot.reshape(-1, VECTOR_CODES), unit_exponents,
                    **settings)
        else:
            vectors = self.codes.shape[1]
            values = np.stack([exact.exact_dot(
                self.codes.astype(float), mantissa, exponent, *column.vectors(vectors), **settings)
                for column in x[:self.columns]], axis=1)
        rows, columns = values.shape
        return [{"column": column, "row": row, "value": int(values[row, column].view(np.uint32)),
                 "last": int((row, column) == (rows - 1, columns - 1))}
                for row in range(rows) for column in range(columns)]


@dataclass(frozen=True, kw_only=True)
class Vector:
    """A logical column: mantissas int (n,), n a multiple of 32; exponents int (ceil(n / 256),)."""

    mantissas: np.ndarray
    exponents: np.ndarray

    def vectors(self, count):
        """Arguments of `exact_dot`, for a row of ``count`` vectors."""
        exponents = np.repeat(self.exponents, BLOCK // VECTOR_CODES)[:count]
        # The anchor is that of the whole column, also for a shorter row.
        assert count * VECTOR_CODES == len(self.mantissas)
        return self.mantissas.astype(float).reshape(-1, VECTOR_CODES), exponents

    def groups(self, column, vector_lanes):
        """Payloads of the x-buffer."""
        for index, start in enumerate(range(0, len(self.mantissas), vector_lanes)):
            yield {"column": column, "index": index, "exponent": int(self.exponents[start // BLOCK]),
                   "mantissas": self.mantissas[start:start + vector_lanes].tolist()}


class EngineBench:
    """A dot engine in Amaranth's simulator, elaborated once."""

    def __init__(self, config):
        self.config = config
        self.dut = DotEngine(config)
        self.simulator = Simulator(self.dut)
        self.simulator.add_clock(1e-6)
        self.simulator.add_testbench(self._x)
        self.simulator.add_testbench(self._commands)
        self.simulator.add_testbench(self._beats)
        self.simulator.add_testbench(self._results)
        self.simulator.add_process(self._monitor)
        self.fresh = True

    def run(self, matrices, x, *, seed=0, stalls=(0.0, 0.0)):
        """Run commands one after another, with probabilities of stalls on beats and on results.

        Returns the cycles in which a beat was accepted, counted from the first one, and checks all results.
        """
        self.matrices, self.x, self.seed, self.stalls = matrices, x, seed, stalls
        self.expected = [result for matrix in matrices for result in matrix.results(x)]
        self.written, self.accepted = False, []
        if not self.fresh:
            self.simulator.reset()
        self.fresh = False
        self.simulator.run()
        return np.array(self.accepted) - self.accepted[0]

    async def _x(self, ctx):
        rng = random.Random(f"x {self.seed}")
        for column, vector in enumerate(self.x):
            await send(ctx, self.dut.x, vector.groups(column, self.config.vector_lanes), rng, self.stalls[0])
        self.written = True

    async def _wait_for_x(self, ctx):
        while not self.written:
            await ctx.tick()

    async def _commands(self, ctx):
        await self._wait_for_x(ctx)
        await send(ctx, self.dut.command, [matrix.command for matrix in self.matrices])

    async def _beats(self, ctx):
        beats = [beat for matrix in self.matrices for beat in matrix.beats(self.config.bus_bytes)]
        await send(ctx, self.dut.beats, beats, random.Random(f"beats {self.seed}"), self.stalls[0])

    async def _results(self, ctx):
        received = await receive(ctx, self.dut.results, len(self.expected), random.Random(f"results {self.seed}"),
                                 self.stalls[1])
        for got, want in zip(received, self.expected):
            assert got == want, f"seed {self.seed}, stalls {self.stalls}: {got} must be {want}"
        for _ in range(40):
            *_, valid = await ctx.tick().sample(self.dut.results.valid)
            assert not valid, f"seed {self.seed}: a result too many"

    async def _monitor(self, ctx):
        cycle = 0
        async for _, _, valid, ready in ctx.tick().sample(self.dut.beats.valid, self.dut.beats.ready):
            if valid and ready:
                self.accepted.append(cycle)
            cycle += 1
