"""The C++ runtime of compiled designs against Amaranth's simulator: every operation, at many widths."""

import random

import pytest
from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from sim.interpreted import InterpretedSimulation

WIDTHS = (1, 2, 7, 8, 9, 16, 18, 31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 130, 200)


def fold(values):
    """All bits of some values in one word of 64 bits."""
    word, turn = Const(0, 64), 0
    for value in values:
        for start in range(0, len(value), 64):
            word ^= Cat(value[start:start + 64], Const(0, 64))[:64].rotate_left(turn)
            turn += 7
    return word


class Expressions(wiring.Component):
    """A random circuit: inputs, then signals each computed from earlier ones, some of them registers.

    With `parts`, some signals are assigned in pieces and under conditions. Each output folds a group of the
    signals into one word.
    """

    def __init__(self, seed, *, parts, inputs=10, signals=60):
        self.rng, self.parts = random.Random(seed), parts
        shapes = [self.shape() for _ in range(inputs)]
        self.signals = signals
        super().__init__({f"i{n}": In(shape) for n, shape in enumerate(shapes)} |
                         {f"o{n}": Out(64) for n in range(signals // 10)})

    def shape(self, most=max(WIDTHS)):
        width = self.rng.choice([width for width in WIDTHS if width <= most])
        return signed(width) if self.rng.random() < 0.5 else unsigned(width)

    def operation(self, pool):
        rng, pick = self.rng, lambda: self.rng.choice(pool)
        a, b = pick(), pick()
        # Beyond the end of a signed value, Amaranth's simulator selects its sign; its RTLIL, zeros.
        plain = rng.choice([value for value in pool if not value.shape().signed])
        amount = pick()[:rng.randint(1, 7)]
        start = rng.randrange(len(a))
        return rng.choice([
            lambda: a + b, lambda: a - b, lambda: (a * b)[:200], lambda: a // b, lambda: a % b, lambda: -a,
            lambda: a & b, lambda: a | b, lambda: a ^ b, lambda: ~a,
            lambda: a == b, lambda: a != b, lambda: a < b, lambda: a <= b, lambda: a > b, lambda: a >= b,
            lambda: (a << amount)[:200], lambda: a >> amount,
            lambda: plain.bit_select(amount, rng.randint(1, len(plain))),
            lambda: plain.word_select(amount, rng.randint(1, len(plain))),
            lambda: a.any(), lambda: a.all(), lambda: a.xor(), lambda: a.bool(),
            lambda: Mux(a.any() ^ b[0], a, b), lambda: Cat(a, b, pick()[:9])[:200],
            lambda: a[start:rng.randint(start + 1, len(a))], lambda: a.rotate_left(rng.randrange(70)),
            lambda: a.as_signed(), lambda: a.as_unsigned(), lambda: abs(a),
            lambda: a + Const(rng.getrandbits(70), 70), lambda: a.replicate(2)[:200],
        ])()

    def elaborate(self, platform):
        m = Module()
        rng = self.rng
        pool = [getattr(self, name) for name in self.signature.members if name.startswith("i")]
        folded = []
        for n in range(self.signals):
            shape = self.shape()
            value = Signal(shape, name=f"s{n}", init=rng.getrandbits(shape.width - 1))
            kind = rng.randrange(6 if self.parts else 2)
            domain = m.d.sync if kind == 0 else m.d.comb
            kind = kind if self.parts else 4
            if kind == 1 and len(value) > 1:  # in parts
                cut = rng.randrange(1, len(value))
                domain += value[:cut].eq(self.operation(pool))
                domain += value[cut:].eq(self.operation(pool))
            elif kind == 2:  # to a place that is computed
                domain += value.eq(self.operation(pool))
                domain += value.bit_select(rng.choice(pool)[:4], 2).eq(self.operation(pool))
            elif kind == 3:  # under conditions
                domain += value.eq(self.operation(pool))
                with m.Switch(Cat(rng.choice(pool)[:3], Const(0, 2))[:3]):
                    with m.Case(1, 2):
                        domain += value.eq(self.operation(pool))
                    with m.Case("1--"):
                        domain += value[0].eq(self.operation(pool))
            else:
                domain += value.eq(self.operation(pool))
            pool.append(value)
            folded.append(value)
        for n in range(self.signals // 10):
            m.d.comb += getattr(self, f"o{n}").eq(fold(folded[10 * n:10 * n + 10]))
        return m


@pytest.mark.parametrize("seed, parts", [(0, True), (1, True), (2, False), (3, False)])
def test_random_circuits_agree(seed, parts):
    compiled = CompiledSimulation(compile_design(Expressions(seed, parts=parts), name=f"expressions-{seed}"))
    interpreted = InterpretedSimulation(Expressions(seed, parts=parts))
    assert compiled.single_pass
    rng = random.Random(seed)
    inputs = {name: bits for name, (bits, direction) in interpreted.ports.items() if direction == "input"}
    for cycle in range(40):
        for name, bits in inputs.items():
            corners = [0, 1, (1 << bits) - 1, 1 << bits - 1]
            value = rng.choice([*corners, *(rng.getrandbits(bits) for _ in range(3))])
            compiled.set(name, value)
            interpreted.set(name, value)
        for name in interpreted.ports:
            assert compiled.get(name) == interpreted.get(name), f"seed {seed}, cycle {cycle}, port {name}"
        compiled.run(1)
        interpreted.run(1)


class PrefixParity(wiring.Component):
    """Each bit depends on a lower bit of the same operation: no loop, but no order of operations either."""

    i: In(70)
    parity: Out(70)
    total: Out(70)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.parity.eq(self.i ^ Cat(Const(0, 1), self.parity[:-1]))
        m.d.sync += self.total.eq(self.total + self.parity)
        return m


def test_feedback_within_an_operation_agrees():
    compiled = CompiledSimulation(compile_design(PrefixParity(), name="prefix-parity"))
    interpreted = InterpretedSimulation(PrefixParity())
    assert not compiled.single_pass
    rng = random.Random(4)
    for _ in range(20):
        value = rng.getrandbits(70)
        for simulation in (compiled, interpreted):
            simulation.set("i", value)
            simulation.run(3)
        for name in ("parity", "total"):
            assert compiled.get(name) == interpreted.get(name)


class Memories(wiring.Component):
    """Memories of several widths and depths with two writers, byte enables, and all kinds of reading."""

    address: In(5)
    other: In(5)
    data: In(200)
    enable: In(4)
    both: In(1)
    out: Out(64)

    def elaborate(self, platform):
        m = Module()
        read_data = []
        kinds = [(8, 32, 8), (36, 40, 9), (64, 32, 16), (200, 33, 50)]
        for n, (width, depth, granularity) in enumerate(kinds):
            m.submodules[f"m{n}"] = store = memory.Memory(
                shape=width, depth=depth, init=[(i * 0x9e3779b9) & (1 << width) - 1 for i in range(depth)])
            first = store.write_port(granularity=granularity)
            second = store.write_port()
            reads = [store.read_port(), store.read_port(transparent_for=(first, second)),
                     store.read_port(domain="comb")]
            m.d.comb += [first.addr.eq(self.address), first.data.eq(self.data), first.en.eq(self.enable),
                         # Different addresses: what two writers of one word leave is not defined.
                         second.addr.eq(self.address ^ 1), second.data.eq(~self.data),
                         second.en.eq(self.both)]
            for read in reads:
                m.d.comb += read.addr.eq(self.other)
                read_data.append(read.data)
        m.d.comb += self.out.eq(fold(read_data))
        return m


def test_memories_agree():
    compiled = CompiledSimulation(compile_design(Memories(), name="memories"))
    interpreted = InterpretedSimulation(Memories())
    rng = random.Random(1)
    for cycle in range(400):
        for name in ("address", "other", "data", "enable", "both"):
            value = rng.getrandbits(compiled.ports[name][0])
            compiled.set(name, value)
            interpreted.set(name, value)
        assert compiled.get("out") == interpreted.get("out"), f"cycle {cycle}"
        compiled.run(1)
        interpreted.run(1)
