"""Runs the dot engine on matrices and vectors, and says what it must answer."""

from dataclasses import dataclass
import functools
import random

from amaranth.sim import Simulator
import numpy as np
import pytest

import gateware
from gateware.dot.engine import DotEngine
from gateware.exact.block_float import BLOCK
from gateware.exact.dot import exact_dot, exact_expand, headroom_bits, unpack_fp16, unpack_power, unpack_ue4m3
from gateware.isa import CodeKind, CodeOrder, Scale, VECTOR_CODES
from gateware.ports import port_signals
from host.image.cache_codes import to_elements
from host.image.formats import FORMATS, trit_bytes
from host.image.planes import to_planes
from sim.compile import QUICK, compile_design, source_key
from sim.compiled import CompiledSimulation
from testing.compiled_testbench import CompiledTestbench
from testing.streams import receive, send

LONGEST_X = 2**17 - 1


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """One command.

    Codes are int16 (rows, vectors, 32), those of kind TABLE indices. Scales are uint16 or int8 (rows, vectors), or
    None; with ``scale_shift`` there is one for 2**scale_shift vectors. uint8 ones are two for each vector. Minimums are
    uint16 of the same shape. Sub-scales and
    sub-minimums are int16 (rows, vectors, 1 or 2) of ``sub_bits``. Of a paired matrix, ``codes`` has the single rows.
    """

    codes: np.ndarray
    scales: np.ndarray | None = None
    minimums: np.ndarray | None = None
    sub_scales: np.ndarray | None = None
    sub_minimums: np.ndarray | None = None
    code_bits: int
    kind: CodeKind = CodeKind.SIGNED
    table: tuple | None = None
    scale_shift: int = 0
    sub_bits: int = 0
    sub_signed: bool = False
    columns: int = 1
    order: CodeOrder = CodeOrder.PLANES
    paired: bool = False
    packed: bool = False
    expand: bool = False
    extra_growth: int = 0

    @property
    def scale(self):
        if self.scales is None:
            return Scale.NONE
        return {"u2": Scale.FP16, "i1": Scale.POWER, "u1": Scale.UE4M3}[self.scales.dtype.str[1:]]

    @property
    def halves(self):
        """Contributions of a vector."""
        return 2 if self.scale == Scale.UE4M3 else 1

    @property
    def headroom(self):
        growth = 0 if self.expand else (self.halves * self.codes.shape[1] - 1).bit_length()
        return headroom_bits(code_bits=self.code_bits, code_kind=self.kind, growth=growth + self.extra_growth,
                         sub_bits=self.sub_bits, sub_signed=self.sub_signed, minimum=self.minimums is not None)

    @property
    def digits(self):
        """Digits of radix 4 of a code."""
        bits = 8 if self.kind == CodeKind.TABLE else max(self.code_bits, 2) + (self.kind == CodeKind.UNSIGNED)
        return (bits + 1) // 2

    @property
    def command(self):
        rows, vectors, _ = self.codes.shape
        return {"code_bits": self.code_bits, "code_kind": self.kind, "code_order": self.order, "paired": self.paired,
                "packed": self.packed, "scale": self.scale, "scale_shift": self.scale_shift,
                "minimum": self.minimums is not None, "sub_bits": self.sub_bits, "sub_signed": self.sub_signed,
                "sub_wide": self.sub_scales is not None and self.sub_scales.shape[2] == 1, "expand": self.expand,
                "vectors": vectors, "rows": rows // 2 if self.paired else rows, "headroom": self.headroom,
                "columns": self.columns}

    @property
    def _arguments(self):
        """Arguments of `exact_dot` and `exact_expand`."""
        def per_vector(bits, unpack):
            return tuple(np.repeat(part, 1 << self.scale_shift, axis=1) for part in unpack(bits))

        def floats(subs):
            return None if subs is None else subs.astype(float)

        scales = np.zeros(self.codes.shape[:2]) if self.scales is None else self.scales
        unpack = {Scale.FP16: unpack_fp16, Scale.UE4M3: unpack_ue4m3}.get(self.scale, unpack_power)
        codes = (self.codes if self.table is None else np.array(self.table)[self.codes]).astype(float)
        return {
            "codes": codes.reshape(len(codes), -1, VECTOR_CODES // self.halves),
            "scale": per_vector(scales, unpack),
            "minimum": None if self.minimums is None else per_vector(self.minimums, unpack_fp16),
            "sub_scales": floats(self.sub_scales), "sub_minimums": floats(self.sub_minimums), "headroom": self.headroom}

    def row_parts(self, row):
        """Scales, sub-scales and codes of a row, as bytes."""
        scales = [part[row] for part in (self.scales, self.minimums) if part is not None]
        yield np.stack(scales, axis=1).tobytes() if scales else b""
        if not self.sub_bits:
            yield b""
        else:
            supers = self.codes.shape[1] // 8
            parts = [part[row].reshape(supers, -1) for part in (self.sub_scales, self.sub_minimums) if part is not None]
            subs = np.concatenate(parts, axis=1).ravel()
            # What fills up the last vector must not matter.
            subs = np.concatenate([subs, np.full(-len(subs) % VECTOR_CODES, -1)]).astype(np.int16)
            yield to_planes(subs.reshape(-1, VECTOR_CODES), self.sub_bits).tobytes()
        if self.kind == CodeKind.TRITS:
            yield trit_bytes(self.codes[row][None]).tobytes()
        elif self.order == CodeOrder.PLANES:
            yield to_planes(self.codes[row], self.code_bits).tobytes()
        else:
            codes = self.codes[row].ravel()
            if self.paired:
                codes = self.codes[2 * row:2 * row + 2].reshape(2, -1).T.ravel()
            yield to_elements(codes, self.code_bits).tobytes()

    def beats(self, bus_bytes):
        """Bus words as int, padded with ones, which must not matter."""
        def padded(part, unit):
            return part + b"\xff" * (-len(part) % unit)

        unit = 4 if self.packed else bus_bytes
        rows = b"".join(padded(part, unit) for row in range(self.command["rows"]) for part in self.row_parts(row))
        rows = padded(rows, bus_bytes)
        return [int.from_bytes(rows[i:i + bus_bytes], "little") for i in range(0, len(rows), bus_bytes)]

    def results(self, x):
        """Results as the engine sends them; ``x`` has a `Vector` per logical column."""
        if self.expand:
            values = exact_expand(**self._arguments)[:, None]
        else:
            values = np.stack([exact_dot(
                **self._arguments, **dict(zip(("x_mantissa", "x_exponent"),
                                              x[column].vectors(self.codes.shape[1], self.halves))))
                for column in range(self.columns)], axis=1)
        rows, columns = values.shape
        return [{"column": column, "row": row, "value": int(values[row, column].view(np.uint32)),
                 "last": int((row, column) == (rows - 1, columns - 1))}
                for row in range(rows) for column in range(columns)]


@dataclass(frozen=True, kw_only=True)
class Vector:
    """A logical column: mantissas int (n,), n a multiple of 32; exponents int (ceil(n / 256),)."""

    mantissas: np.ndarray
    exponents: np.ndarray

    def vectors(self, count, parts=1):
        """Arguments of `exact_dot`, for a row of ``count`` vectors, each in so many parts."""
        exponents = np.repeat(self.exponents, BLOCK // VECTOR_CODES)[:count]
        # The anchor is that of the whole column, also for a shorter row.
        assert count * VECTOR_CODES == len(self.mantissas)
        return self.mantissas.astype(float).reshape(-1, VECTOR_CODES // parts), np.repeat(exponents, parts)

    def stripes(self, column, vector_lanes):
        """Payloads of the x-buffer."""
        for index, start in enumerate(range(0, len(self.mantissas), vector_lanes)):
            yield {"column": column, "index": index, "exponent": int(self.exponents[start // BLOCK]),
                   "mantissas": self.mantissas[start:start + vector_lanes].tolist()}


class EngineBench:
    """A dot engine, elaborated once: in Amaranth's simulator or compiled.

    Compiling takes as long as Amaranth's simulator for some 5,000 cycles of an engine of 4 lanes, 7,000 of one of 32
    and 10,000 of one of 64; a cycle then takes a small part of the time, most of it in the testbenches.
    """

    def __init__(self, config, compiled):
        self.config = config
        parameters = {"dot": config.dot, "bus_bits": config.memory.bus_bits, "vector_lanes": config.vector.lanes}
        self.dut = DotEngine(**parameters)
        if compiled:
            library = compile_design(lambda: self.dut, name="dot-engine", ports=port_signals(self.dut), flags=QUICK,
                                     key=source_key(gateware, parameters=parameters))
            self.simulator = CompiledTestbench(self.dut, CompiledSimulation(library))
            self.simulate = functools.partial(self.simulator.run, max_cycles=100_000)
        else:
            self.simulator = Simulator(self.dut)
            self.simulator.add_clock(1e-6)
            self.simulate = self._interpret
        for testbench in self._write_x, self._send_commands, self._send_beats, self._check_results:
            self.simulator.add_testbench(testbench)
        self.simulator.add_testbench(self._monitor, background=True)
        self.used = False

    def _interpret(self):
        if self.used:
            self.simulator.reset()
        self.used = True
        self.simulator.run()

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
            Cycles, from the first one on, in which a beat was accepted. Those in which a result was taken, counted
            from the same one, are in `result_cycles`.
        """
        self.phases, self.seed, self.stalls = phases, seed, stalls
        self.written = self.begun = self.completed = 0  # phases
        self.sent = self.answered = 0  # matrices
        self.accepted, self.result_cycles = [], []
        self.simulate()
        self.result_cycles = np.array(self.result_cycles) - self.accepted[0]
        return np.array(self.accepted) - self.accepted[0]

    def _rng(self, name):
        return random.Random(f"{name} {self.seed}")

    async def _write_x(self, ctx):
        rng = self._rng("x")
        for index, (x, _) in enumerate(self.phases):
            while self.begun < index:
                await ctx.tick()
            for column, vector in x.items():
                await send(ctx, self.dut.x, vector.stripes(column, self.config.vector.lanes), rng, self.stalls[0])
            self.written += 1

    async def _send_commands(self, ctx):
        table = None
        for index, (_, matrices) in enumerate(self.phases):
            while self.written <= index or self.completed < index:
                await ctx.tick()
            self.begun += 1
            for matrix in matrices:
                if matrix.table not in (None, table):
                    while self.answered < self.sent:
                        await ctx.tick()
                    table = matrix.table
                    await send(ctx, self.dut.table, [table])
                await send(ctx, self.dut.command, [matrix.command])
                self.sent += 1

    async def _send_beats(self, ctx):
        rng = self._rng("beats")
        for index, matrix in enumerate(matrix for _, matrices in self.phases for matrix in matrices):
            while self.sent <= index:
                await ctx.tick()
            await send(ctx, self.dut.beats, matrix.beats(self.config.memory.bus_bytes), rng, self.stalls[0])

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
                self.answered += 1
            self.completed += 1
        for _ in range(50):
            *_, valid = await ctx.tick().sample(self.dut.results.valid)
            assert not valid, f"seed {self.seed}: a result too many"

    async def _monitor(self, ctx):
        cycle = 0
        beats, results = self.dut.beats, self.dut.results
        async for *_, valid, ready, answered, taken in ctx.tick().sample(
                beats.valid, beats.ready, results.valid, results.ready):
            if valid and ready:
                self.accepted.append(cycle)
            if answered and taken:
                self.result_cycles.append(cycle)
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
    """Function of a `Config`, and whether to compile, to a dot engine (EngineBench), the same for the same arguments.

    Each run begins at the reset, so tests may share it.
    """
    made = functools.lru_cache(maxsize=12)(EngineBench)
    return lambda config, *, compiled=False: made(config, compiled)


@pytest.fixture(scope="session")
def draw(matrix):
    """Function that draws a `Matrix` of a format; ``extreme`` ones have but the ends of every range."""
    def draw(rng, name, *, rows, vectors, extreme=False, **options):
        form = FORMATS[name]

        def numbers(low, high, shape):
            if extreme:
                return np.where(rng.integers(0, 2, shape), low, high).astype(np.int16)
            return rng.integers(low, high + 1, shape).astype(np.int16)

        def fp16(shape):
            if extreme:
                return rng.choice(np.array([0x7BFF, 0xFBFF, 0x0001, 0x8000], np.uint16), shape)
            # All finite numbers, subnormals and zeros included, in a range that differs from row to row.
            exponents = rng.integers(0, rng.integers(1, 32, (rows, 1)), shape) % 31
            return (rng.integers(0, 2, shape) << 15 | exponents << 10 | rng.integers(0, 1024, shape)).astype(np.uint16)

        can_pack = form.code_kind != CodeKind.TRITS and not options.get("expand")
        options = {"packed": can_pack and bool(rng.integers(0, 2)), **options}
        scales, subs = (rows, vectors * form.vector_scales // form.super_vectors), (rows, vectors, form.vector_subs)
        ends = (0, 15) if form.table else form.code_range
        return matrix(
            codes=(numbers(0, 1, (rows, vectors, 32)) * 2 - 1).astype(np.int16) if form.code_bits == 1
            else numbers(*ends, (rows, vectors, 32)), code_bits=form.code_bits, kind=form.code_kind,
            table=form.table, scale_shift=form.super_vectors.bit_length() - 1,
            scales=fp16(scales) if form.scale_kind == 1 else numbers(-128, 127, scales).astype(np.int8)
            if form.scale_kind == 2 else numbers(0, 126, scales).astype(np.uint8),
            minimums=fp16(scales) if form.minimum else None,
            sub_bits=form.sub_bits, sub_signed=form.sub_signed,
            sub_scales=numbers(*form.sub_range, subs) if form.sub_bits else None,
            sub_minimums=numbers(*form.sub_range, subs) if form.sub_bits and form.minimum else None, **options)
    return draw


@pytest.fixture(scope="session")
def draw_x(vector):
    """Function that draws a `Vector` per column, whose blocks have exponents far apart."""
    def draw(rng, columns, vectors):
        return {column: vector(mantissas=rng.integers(-LONGEST_X, LONGEST_X + 1, 32 * vectors),
                               exponents=rng.integers(-143, 115, -(-vectors // 8)) // rng.integers(1, 30))
                for column in range(columns)}
    return draw
