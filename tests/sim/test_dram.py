"""Latency, bandwidth and limits of the DRAM model; the parameters' errors."""

from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from gateware.memory_port import MemoryPort
from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from sim.dram import Dram


@pytest.mark.parametrize("latency", [1, 2, 10])
def test_latency(simulate, copy_engine, memory, latency):
    """A request taken in cycle 1 has its first beat in cycle 1 + latency."""
    simulation = simulate(copy_engine(64), "copy", dram=memory(1024, bus_bits=64, latency=latency))
    simulation.set("length", 1)
    simulation.set("start", 1)
    simulation.run(1)
    simulation.set("start", 0)
    simulation.run(1 + latency)
    assert simulation.get("memory__read_request__valid") == 0
    assert simulation.dram.counters.read_beats == 1 and simulation.dram.counters.write_beats == 0
    simulation.tracing = True
    simulation.run(10)
    # A cycle from the valid beat to the FIFO, which shows it in the next.
    assert simulation.take_trace()[0].tolist() == [1 + latency + 1]


@pytest.mark.parametrize("bandwidth", [1, (3, 4), 0.5, Fraction(2, 7)])
def test_bandwidth(copy_engine, copy, memory, bandwidth):
    dram = memory(1 << 16, bus_bits=32, bandwidth=bandwidth)
    simulation = CompiledSimulation(compile_design(copy_engine(32), name="copy"), dram=dram)
    cycles = copy(simulation, source=0, target=8192, length=4000)
    assert dram.counters.busy_cycles == 8000
    assert 8000 <= cycles * dram.bandwidth < 8060


def test_stalls_slow_down(copy_engine, copy, memory):
    def cycles(**options):
        dram = memory(1 << 14, bus_bits=32, **options)
        return copy(CompiledSimulation(compile_design(copy_engine(32), name="copy"), dram=dram),
                    source=0, target=2000, length=1000)
    assert cycles() < 2050
    assert cycles(stall_probability=0.75, seed=1) > 3900
    assert cycles(stall_probability=0.75, seed=1) != cycles(stall_probability=0.75, seed=2)


def test_large_memories_are_shared_and_not_touched(copy_engine, copy):
    content = np.zeros(1 << 29, np.uint8)
    dram = Dram(content, bus_bits=64)
    simulation = CompiledSimulation(compile_design(copy_engine(64), name="copy"), dram=dram)
    content[-8:] = 7
    copy(simulation, source=(1 << 26) - 1, target=(1 << 25), length=1)
    assert (content[1 << 28:][:9] == [7] * 8 + [0]).all()


class Adder(wiring.Component):
    """Reads 16 words and adds them up; nothing is connected to what it could write with."""

    def __init__(self):
        super().__init__({"memory": Out(MemoryPort(32)), "total": Out(64), "count": Out(8)})

    def elaborate(self, platform):
        m = Module()
        asked, memory = Signal(), self.memory
        m.d.comb += [memory.read_request.valid.eq(~asked), memory.read_request.p.address.eq(7),
                     memory.read_request.p.length.eq(16), memory.read_data.ready.eq(1)]
        with m.If(memory.read_request.ready):
            m.d.sync += asked.eq(1)
        with m.If(memory.read_data.valid):
            m.d.sync += [self.total.eq(self.total + memory.read_data.payload), self.count.eq(self.count + 1)]
        return m


def test_a_design_that_only_reads(simulate, memory):
    dram = memory(1024, bus_bits=32, stall_probability=0.2)
    simulation = simulate(Adder(), "adder", dram=dram)
    simulation.run(1000, until=("count", 16))
    simulation.run(50)
    assert simulation.get("total") == int(dram.content[28:92].view("<u4").sum(dtype=np.uint64))
    assert dram.counters.read_beats == 16 and dram.counters.write_bursts == 0


@pytest.mark.parametrize("options, message", [
    (dict(bus_bits=48), "Bus width must be 32, 64, 128, 256 or 512 bits, not 48"),
    (dict(latency=0), "Latency must be 1..100000 cycles, not 0"),
    (dict(bandwidth=1.5), "Bandwidth must be above 0 and at most 1 beat per cycle, not 1.5"),
    (dict(bandwidth=(0, 4)), r"Bandwidth must be above 0 and at most 1 beat per cycle, not \(0, 4\)"),
    (dict(stall_probability=1), "Stall probability must be 0 to below 1, not 1"),
    (dict(outstanding=65), "Number of outstanding bursts must be 1..64, not 65"),
    (dict(content=100), "Size must be a multiple of the bus word, 8 bytes, not 100"),
    (dict(content=np.zeros(8)), r"Content must be a contiguous, writable array of uint8 with one dimension, "
                                r"not float64 of shape \(8,\)"),
    (dict(content=np.zeros(64, np.uint8)[::2]), "Content must be a contiguous, writable array of uint8 with "
                                                r"one dimension, not uint8 of shape \(32,\)"),
])
def test_parameters(options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Dram(**{"content": 64, "bus_bits": 64} | options)
