"""Runs the dot engine on matrices and vectors, and says what it must answer."""

from dataclasses import dataclass
import random

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.dot import exact
from gateware.dot.engine import DotEngine
from gateware.isa import CodeKind, CodeOrder, Scale, VECTOR_CODES
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
    def free(self):
        growth = (self.codes.shape[1] - 1).bit_length() + self.extra_growth
        return exact.free_bits(code_bits=self.code_bits, code_kind=CodeKind.SIGNED, growth=growth)

    @property
    def command(self):
        rows, vectors, _ = self.codes.shape
        return {"code_bits": self.code_bits, "code_order": self.order, "scale": self.scale, "expand": self.expand,
                "vectors": vectors, "rows": rows, "free": self.free, "columns": self.columns}

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
        """Results as the engine sends them; ``x`` has a `Vector` per logical column."""
        scale, settings = self._unpacked_scales, {"free": self.free}
        if self.expand:
            values = np.empty((VECTOR_CODES * self.codes.shape[1], 1), np.float32)
            unit_exponents = np.full(self.codes.shape[1], exact.EXPAND_EXPONENT)
            for index in range(len(values)):
                one_hot = np.zeros(len(values))
                one_hot[index] = exact.EXPAND_MANTISSA
                values[index] = exact.exact_dot(
                    self.codes.astype(float), scale, one_hot.reshape(-1, VECTOR_CODES), unit_exponents,
                    **settings)
        else:
            vectors = self.codes.shape[1]
            values = np.stack([exact.exact_dot(
                self.codes.astype(float), scale, *column.vectors(vectors), **settings)
                for column in map(x.get, range(self.columns))], axis=1)
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
        for testbench in self._write_x, self._send_commands, self._send_beats, self._check_results:
            self.simulator.add_testbench(testbench)
        self.simulator.add_process(self._monitor)
        self.used = False

    def run(self, *phases, seed=0, stalls=(0.0, 0.0)):
        """Run the commands of some phases and check all results.

        Parameters
        ----------
        phases : pairs of (dict of int to Vector, list of Matrix)
            Columns to write, and matrices to run, one right after the other, when these are written and the results
            of the phase before are complete. The columns are written while the matrices of the phase before run,
            which must not use them; a phase without matrices keeps these apart.
        seed : int
        stalls : tuple of two floats
            Probability of a stall on inputs and on results.

        Returns
        -------
        int array
            Cycles, from the first one on, in which a beat was accepted.
        """
        self.phases, self.seed, self.stalls = phases, seed, stalls
        self.written = self.begun = self.completed = 0  # phases
        self.accepted = []
        if self.used:
            self.simulator.reset()
        self.used = True
        self.simulator.run()
        return np.array(self.accepted) - self.accepted[0]

    def _rng(self, name):
        return random.Random(f"{name} {self.seed}")

    async def _write_x(self, ctx):
        rng = self._rng("x")
        for index, (x, _) in enumerate(self.phases):
            while self.begun < index:
                await ctx.tick()
            for column, vector in x.items():
                await send(ctx, self.dut.x, vector.groups(column, self.config.vector_lanes), rng, self.stalls[0])
            self.written += 1

    async def _send_commands(self, ctx):
        for index, (_, matrices) in enumerate(self.phases):
            while self.written <= index or self.completed < index:
                await ctx.tick()
            self.begun += 1
            await send(ctx, self.dut.command, [matrix.command for matrix in matrices])

    async def _send_beats(self, ctx):
        beats = [beat for _, matrices in self.phases for matrix in matrices
                 for beat in matrix.beats(self.config.bus_bytes)]
        await send(ctx, self.dut.beats, beats, self._rng("beats"), self.stalls[0])

    async def _check_results(self, ctx):
        rng, columns = self._rng("results"), {}
        for x, matrices in self.phases:
            columns |= x
            for index, matrix in enumerate(matrices):
                expected = matrix.results(columns)
                received = await receive(ctx, self.dut.results, len(expected), rng, self.stalls[1])
                for got, want in zip(received, expected):
                    assert got == want, f"matrix {index}, seed {self.seed}, stalls {self.stalls}: " \
                                        f"{got} must be {want}"
            self.completed += 1
        for _ in range(50):
            *_, valid = await ctx.tick().sample(self.dut.results.valid)
            assert not valid, f"seed {self.seed}: a result too many"

    async def _monitor(self, ctx):
        cycle = 0
        async for *_, valid, ready in ctx.tick().sample(self.dut.beats.valid, self.dut.beats.ready):
            if valid and ready:
                self.accepted.append(cycle)
            cycle += 1


@pytest.fixture(scope="session")
def matrix():
    """Class `Matrix`: one command of the dot engine."""
    return Matrix


@pytest.fixture(scope="session")
def vector():
    """Class `Vector`: one logical column."""
    return Vector


@pytest.fixture(scope="session")
def engine_bench():
    """Class `EngineBench`: function of a `Config` to a dot engine in the simulator."""
    return EngineBench
