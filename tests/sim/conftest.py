"""A small design with all ports of the memory, and both ways to simulate it."""

import pytest
from amaranth.hdl import Assert, Format, Module, Mux, Print, Signal
from amaranth.lib import data, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from gateware.memory_port import MemoryPort
from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from sim.dram import Dram
from sim.interpreted import InterpretedSimulation

BURST = 8


class CopyEngine(wiring.Component):
    """Copies `length` bus words, in bursts of 8, through a FIFO of 16; every write goes to the trace.

    `fault` breaks a rule of the memory: `empty` (bursts of no beats), `withdraw` (a request that was not
    taken at once) or `change` (write data that was not taken at once).
    """

    def __init__(self, bus_bits, *, fault=None):
        self.bus_bits, self.fault = bus_bits, fault
        super().__init__({
            "memory": Out(MemoryPort(bus_bits)), "program_counter": Out(16), "start": In(1), "busy": Out(1),
            "source": In(32), "target": In(32), "length": In(32), "mask": In(bus_bits // 8), "say": In(1),
            "trace": Out(wiring.Signature({"valid": Out(1), "payload": Out(data.StructLayout({
                "number": 20, "data": bus_bits}))}))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = SyncFIFO(width=self.bus_bits, depth=16)
        memory = self.memory
        to_read, to_write, unfinished = Signal(32), Signal(32), Signal(32)
        owed, number = Signal(16), Signal(20)
        with m.If(self.start):
            m.d.sync += [to_read.eq(self.length), to_write.eq(self.length), self.busy.eq(1),
                         memory.read_request.p.address.eq(self.source),
                         memory.write_request.p.address.eq(self.target),
                         unfinished.eq((self.length + BURST - 1) // BURST),
                         Assert(~self.busy, "Started while busy")]
        for request, left in ((memory.read_request, to_read), (memory.write_request, to_write)):
            length = Mux(left > BURST, BURST, left)
            m.d.comb += [request.valid.eq(left != 0), request.p.length.eq(length)]
            with m.If(request.valid & request.ready):
                m.d.sync += [left.eq(left - length), request.p.address.eq(request.p.address + length)]
        m.d.comb += [fifo.w_en.eq(memory.read_data.valid), fifo.w_data.eq(memory.read_data.payload),
                     memory.read_data.ready.eq(fifo.w_rdy),
                     memory.write_data.valid.eq(fifo.r_rdy & (owed != 0)), memory.write_data.p.mask.eq(self.mask),
                     memory.write_data.p.data.eq(fifo.r_data),
                     fifo.r_en.eq(memory.write_data.ready & (owed != 0)),
                     # Depends on an input of the same cycle.
                     self.trace.valid.eq(memory.write_data.valid & memory.write_data.ready),
                     self.trace.payload.number.eq(number), self.trace.payload.data.eq(fifo.r_data)]
        asked = memory.write_request.valid & memory.write_request.ready
        m.d.sync += [owed.eq(owed + Mux(asked, memory.write_request.p.length, 0) - self.trace.valid),
                     number.eq(number + self.trace.valid), self.program_counter.eq(number >> 3)]
        with m.If(memory.write_done):
            m.d.sync += unfinished.eq(unfinished - 1)
            with m.If(unfinished == 1):
                m.d.sync += self.busy.eq(0)
        with m.If(self.say & self.trace.valid):
            m.d.sync += Print(Format("word {:d}: {:04x}", number, fifo.r_data))
        self.break_rule(m)
        return m

    def break_rule(self, m):
        held, memory = Signal(), self.memory
        if self.fault == "empty":
            m.d.comb += memory.read_request.p.length.eq(0)
        if self.fault == "withdraw":
            m.d.sync += held.eq(memory.write_request.valid & ~memory.write_request.ready)
            with m.If(held):
                m.d.comb += memory.write_request.valid.eq(0)
        if self.fault == "change":
            m.d.sync += held.eq(memory.write_data.valid & ~memory.write_data.ready)
            m.d.comb += memory.write_data.p.data.eq(m.submodules.fifo.r_data ^ held)


@pytest.fixture(scope="session")
def copy_engine():
    return CopyEngine


@pytest.fixture(params=["compiled", "interpreted"])
def simulate(request):
    """Function that makes the simulation of a design: `simulate(design, name, dram=..., ...)`."""
    def make(design, name, **options):
        if request.param == "interpreted":
            return InterpretedSimulation(design, **options)
        return CompiledSimulation(compile_design(design, name=name), **options)
    return make


@pytest.fixture
def copy(copy_engine):
    """Function that copies words: `copy(simulation, source=..., target=..., length=...)`; returns cycles."""
    def run(simulation, *, source, target, length, mask=-1, limit=60_000):
        job = {"source": source, "target": target, "length": length, "mask": mask, "start": 1}
        for name, value in job.items():
            simulation.set(name, value)
        simulation.run(1)
        simulation.set("start", 0)
        return 1 + simulation.run(limit, until=("busy", 0))
    return run


@pytest.fixture
def memory():
    """Function that makes a `Dram` of random bytes."""
    import numpy as np

    def make(size, **options):
        return Dram(np.random.default_rng(1).integers(0, 256, size, np.uint8), **options)
    return make
