# amaranth: UnusedElaboratable=no
"""Compiled designs with the DRAM model, and that Amaranth's simulator says the same, cycle for cycle."""

import io
import re

import numpy as np
import pytest
from amaranth.hdl import Format, Module, Print
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from sim.dram import Dram
from sim.error import SimulationError
from sim.interpreted import InterpretedSimulation

MEMORIES = [
    dict(latency=1),
    dict(latency=50, outstanding=2),
    dict(bandwidth=(3, 4), stall_probability=0.3, seed=5),
    dict(bandwidth=(1, 7), latency=3, outstanding=1),
    dict(stall_probability=0.8, seed=(1 << 64) - 1, latency=2, outstanding=64),
]


@pytest.mark.parametrize("options", MEMORIES, ids=str)
@pytest.mark.parametrize("bus_bits", [32, 256])
def test_both_simulators_agree_on_every_cycle(copy_engine, copy, memory, bus_bits, options):
    results = []
    for make in (lambda design, dram: CompiledSimulation(compile_design(design, name="copy"), dram=dram),
                 lambda design, dram: InterpretedSimulation(design, dram=dram)):
        dram = memory(128 * bus_bits // 8 * 2, bus_bits=bus_bits, **options)
        before = dram.content.reshape(256, -1).copy()
        simulation = make(copy_engine(bus_bits), dram)
        simulation.tracing = True
        cycles = [copy(simulation, source=3, target=150, length=101),
                  copy(simulation, source=100, target=7, length=5, mask=0b0110)]
        words = dram.content.reshape(256, -1)
        assert (words[150:251] == before[3:104]).all()
        assert (words[7:12, 1:3] == before[100:105, 1:3]).all() and (words[7:12, 0] == before[7:12, 0]).all()
        trace_cycles, payload = simulation.take_trace()
        assert len(payload) == 106 and simulation.take_trace()[0].size == 0
        # The number of the word is in the 20 low bits of a record, the word above.
        records = [int.from_bytes(record.tobytes(), "little") for record in payload]
        assert [record & 0xfffff for record in records] == [*range(106)]
        assert records[100] >> 20 == int.from_bytes(before[103].tobytes(), "little")
        results.append((cycles, dram.counters.as_dict(), words.tobytes(), trace_cycles.tolist(), records,
                        simulation.cycle))
    assert results[0] == results[1]
    counters = results[0][1]
    assert counters["read_beats"] == counters["write_beats"] == 106 and counters["busy_cycles"] == 212
    assert counters["read_bursts"] == counters["write_bursts"] == 14
    assert counters["cycles"] == results[0][5] == sum(results[0][0])


def test_words_stay_in_a_mapped_file(copy_engine, copy, tmp_path):
    (tmp_path / "image").write_bytes(bytes(range(256)) * 4)
    content = np.memmap(tmp_path / "image", np.uint8, mode="c")
    dram = Dram(content, bus_bits=32)
    simulation = CompiledSimulation(compile_design(copy_engine(32), name="copy"), dram=dram)
    copy(simulation, source=1, target=2, length=1)
    assert content[:12].tobytes() == bytes([0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7])
    assert (tmp_path / "image").read_bytes() == bytes(range(256)) * 4


@pytest.mark.parametrize("job, message", [
    (dict(source=250, target=0, length=8),
     "Read of 8 beats at bus word 0xfa (bytes 0x7d0 to 0x80f) is outside the memory of 0x800 bytes; "
     "in cycle 1, at instruction 0 (op-0)"),
    (dict(source=0, target=(1 << 32) - 1, length=1),
     "Write of 1 beat at bus word 0xffffffff (bytes 0x7fffffff8 to 0x7ffffffff) is outside the memory of "
     "0x800 bytes; in cycle 1, at instruction 0 (op-0)"),
    (dict(source=0, target=228, length=29),
     "Write of 5 beats at bus word 0xfc (bytes 0x7e0 to 0x807) is outside the memory of 0x800 bytes; "
     "in cycle 17, at instruction 1 (op-1)"),
])
def test_an_access_outside_names_the_instruction(simulate, copy_engine, copy, memory, job, message):
    dram = memory(2048, bus_bits=64, latency=1, outstanding=3)
    simulation = simulate(copy_engine(64), "copy", dram=dram, name_instruction=lambda index: f"op-{index}")
    with pytest.raises(SimulationError, match=f"^{re.escape(message)}$") as caught:
        copy(simulation, **job)
    assert caught.value.instruction == re.search(r"instruction \d \(op-\d\)", message)[0]


@pytest.mark.parametrize("fault, message", [
    ("empty", "Read of 0 beats at bus word 0x1 must have at least one beat; in cycle 1, at instruction 0"),
    ("withdraw", r"Write of 8 beats at bus word 0x\w+ was withdrawn or changed before it was taken; "
                 r"in cycle \d+, at instruction \d+"),
    ("change", r"Write data was withdrawn or changed before it was taken; in cycle \d+, at instruction \d+"),
])
def test_broken_rules_are_errors(simulate, copy_engine, copy, memory, fault, message):
    dram = memory(2048, bus_bits=64, stall_probability=0.5 if fault != "empty" else 0.0)
    simulation = simulate(copy_engine(64, fault=fault), f"copy-{fault}", dram=dram)
    with pytest.raises(SimulationError, match=f"^{message}$"):
        copy(simulation, source=1, target=100, length=80)


def test_a_failed_assertion_is_an_error(simulate, copy_engine, memory):
    simulation = simulate(copy_engine(64), "copy", dram=memory(2048, bus_bits=64))
    simulation.set("length", 4)
    simulation.set("start", 1)
    place = r" \[tests/sim/conftest.py:\d+\]" if isinstance(simulation, CompiledSimulation) else ""
    message = f"Assertion failed: Started while busy{place}; in cycle 1, at instruction 0"
    with pytest.raises(SimulationError, match=f"^{message}$"):
        simulation.run(10)


def test_reset_forgets_an_error(copy_engine, memory):
    dram = memory(2048, bus_bits=64)
    simulation = CompiledSimulation(compile_design(copy_engine(64), name="copy"), dram=dram)
    simulation.set("start", 1)
    with pytest.raises(SimulationError):
        simulation.run(10)
    simulation.reset()
    assert simulation.cycle == 0 and simulation.get("busy") == 0
    assert simulation.run(1) == 1


def test_reset_repeats_the_run(copy_engine, copy, memory):
    dram = memory(4096, bus_bits=64, stall_probability=0.4, seed=2)
    simulation = CompiledSimulation(compile_design(copy_engine(64), name="copy"), dram=dram)
    first = copy(simulation, source=0, target=200, length=77)
    simulation.reset()
    assert copy(simulation, source=0, target=200, length=77) == first


def test_stopping(copy_engine, memory):
    dram = memory(2048, bus_bits=64)
    simulation = CompiledSimulation(compile_design(copy_engine(64), name="copy"), dram=dram)
    assert simulation.run(7, until="busy") == 7 and simulation.stopped_by is None and simulation.cycle == 7
    simulation.set("length", 3)
    simulation.set("start", 1)
    assert simulation.run(1) == 1
    simulation.set("start", 0)
    cycles = simulation.run(1000, until=[("program_counter", 5), "trace__valid", ("busy", 0)])
    assert simulation.stopped_by == "trace__valid" and 10 < cycles < 20
    assert simulation.run(1000, until=("busy", 0)) < 20 and simulation.stopped_by == "busy"


class Words(wiring.Component):
    """Says its inputs; `sum` follows them in the same cycle, `held` a cycle later."""

    a: In(100)
    b: In(4)
    sum: Out(100)
    held: Out(4)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.sum.eq(self.a + self.b)
        m.d.sync += self.held.eq(self.b)
        a, b = self.a, self.b
        text = Format("{:d} {:#x} {:06b} {:_d} {:>5o}|{:<4d}|{:+d}", a, a, b, a, b, b, b.as_signed())
        m.d.sync += Print(text)
        return m


def test_ports_and_text():
    output = io.StringIO()
    simulation = CompiledSimulation(compile_design(Words(), name="words"), output=output)
    assert simulation.ports["a"] == (100, "input") and simulation.ports["held"] == (4, "output")
    a = (1 << 99) + 12345
    simulation.set("a", a)
    simulation.set("b", -3)
    assert simulation.get("sum") == a + 13 and simulation.get("held") == 0
    simulation.run(1)
    assert simulation.get("held") == 13 and simulation.get("a") == a
    assert output.getvalue() == f"{a:d} {a:#x} {13:06b} {a:_d} {13:>5o}|{13:<4d}|{-3:+d}\n"
    with pytest.raises(ValueError, match="^Port 'sum' must be an input to be set, not an output$"):
        simulation.set("sum", 1)
    with pytest.raises(ValueError, match="^Value of port 'b' must fit 4 bits, not be 16$"):
        simulation.set("b", 16)
    with pytest.raises(ValueError, match="^Port 'sum' must have at most 64 bits, not 100$"):
        simulation.run(1, until="sum")


def test_ports_of_the_wrong_width(copy_engine, memory):
    design = compile_design(copy_engine(64), name="copy")
    with pytest.raises(ValueError, match="^Port 'memory__read_data__payload' must have 32 bits, not 64$"):
        CompiledSimulation(design, dram=memory(2048, bus_bits=32))


def test_a_memory_needs_a_port(simulate, memory):
    with pytest.raises(ValueError, match="^Design must have a port 'memory__read_request__valid'$"):
        simulate(Words(), "words", dram=memory(2048, bus_bits=32))
