# amaranth: UnusedElaboratable=no
"""The quick conversion refuses what Amaranth's refuses, with its words, and gives the same for all else."""

import random

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, ClockDomain, Elaboratable, Module, Mux, Signal, _nir
from amaranth.lib.memory import Memory

from flow.rtlil import convert


class Design(Elaboratable):
    """What a function adds to a module with three signals of 8 bits, of which all are ports."""

    def __init__(self, build):
        self.build = build

    def elaborate(self, platform):
        m = Module()
        self.build(m, *self.ports)
        return m

    def convert(self, with_function):
        self.ports = [Signal(8, name=name) for name in "abc"]
        return with_function(self, name="top", ports=self.ports)


def _itself(m, a, b, c):
    m.d.comb += a.eq(a + 1)


def _names_only(m, a, b, c):
    m.d.comb += [a.eq(b), b.eq(a)]


def _two_adders(m, a, b, c):
    m.d.comb += [a.eq(b + 1), b.eq(a + c)]


def _one_bit_of_many(m, a, b, c):
    m.d.comb += [a.eq(Cat(c[0], a[:6], b[3])), b.eq(a << 0)]
    with m.If(c[1]):
        m.d.comb += a[2].eq(b[7])


def _memory(m, a, b, c):
    m.submodules.memory = memory = Memory(shape=8, depth=16, init=[])
    read = memory.read_port(domain="comb")
    m.d.comb += [read.addr.eq(a), a.eq(read.data)]


def _clock(m, a, b, c):
    m.domains.gated = domain = ClockDomain()
    m.d.comb += [domain.clk.eq(b[0] & a[0]), domain.rst.eq(0)]
    m.d.gated += b.eq(c)


def _shift_through(m, a, b, c):
    m.d.comb += a.eq(Cat(c[0], a[:7]))


def _crossed(m, a, b, c):
    m.d.comb += [a[:4].eq(c), b[4:].eq(a[:4] + 1), a[4:].eq(b[4:]), b[:4].eq(a[4:] ^ c[4:])]
    with m.If(a[7]):
        m.d.comb += b[0].eq(c[2])


def _registers(m, a, b, c):
    m.submodules.memory = memory = Memory(shape=8, depth=16, init=[])
    read = memory.read_port()
    m.d.comb += [read.addr.eq(a ^ b), read.en.eq(a[0]), a.eq(read.data)]
    m.d.sync += b.eq(Mux(a[0], a + b, c))


@pytest.mark.parametrize("build", [_itself, _names_only, _two_adders, _one_bit_of_many, _memory, _clock])
def test_cycles_are_refused(build):
    messages = []
    for function in rtlil.convert, convert:
        with pytest.raises(_nir.CombinationalCycle) as caught:
            Design(build).convert(function)
        messages.append(str(caught.value))
    assert messages[0] == messages[1] and "Combinational cycle detected, path:" in messages[0]


@pytest.mark.parametrize("build", [_shift_through, _crossed, _registers])
def test_designs_without_cycles_are_the_same(build, monkeypatch):
    expected = Design(build).convert(rtlil.convert)

    def thorough(netlist):
        raise AssertionError("the quick search must suffice")
    monkeypatch.setattr(_nir.Netlist, "check_comb_cycles", thorough)
    assert Design(build).convert(convert) == expected
    assert _nir.Netlist.check_comb_cycles is thorough


def test_random_designs():
    """Bits that depend on random others: both find a cycle, or neither does."""
    found = []
    for seed in range(100):
        results = []
        for function in rtlil.convert, convert:
            rng = random.Random(seed)

            def build(m, *signals):
                bits, conditions = Cat(*signals[:2]), signals[2]
                order = rng.sample(range(16), 16)
                for place, index in enumerate(order):
                    before = order[:place] or [index]
                    if rng.random() < 0.1:
                        before = range(16)
                    value = bits[rng.choice(before)] if place else conditions[0]
                    if rng.random() < 0.5:
                        value = value ^ bits[rng.choice(before)] if place else conditions[1]
                    with m.If(conditions[rng.randrange(8)]):
                        m.d.comb += bits[index].eq(value)
            try:
                results.append(Design(build).convert(function))
            except _nir.CombinationalCycle as error:
                results.append(str(error))
        assert results[0] == results[1], f"seed {seed}"
        found.append(results[0].startswith("Combinational"))
    assert 20 < sum(found) < 80
