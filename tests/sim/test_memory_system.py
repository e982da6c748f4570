"""Memories of boards: the accelerator through their controllers, how fast they read, and a model that knows
the rules."""

from dataclasses import replace

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.engine.model_engine import ModelEngine
from host.engine.trace import Trace
from host.gguf.model import load
from host.image.image import build_image
from sim.compile import compile_design
from sim.compiled import CompiledSimulation
from sim.error import SimulationError
from sim.on_memory import OnMemory
from sim.read_ceiling import read_ceiling
from sim.read_stream import ReadStream
from host.engine.rtl_engine import RtlEngine
from sim.sdram import Sdram
from soc.dram.controller import DramController
from soc.dram.core import generate_controller
from boards.memories import MEMORIES


@pytest.mark.parametrize("name", ["ulx3s", "pynq_z1"])
def test_accelerator_through_a_controller(write_gguf, name):
    """Every write of every instruction, with the KV cache written and read back through the controller."""
    compiled = compile_model(load(write_gguf()), CONFIGS["micro"], 16)
    model, gateware = ModelEngine(build_image(compiled)), RtlEngine(build_image(compiled), memory=name)
    for token in (1, 17, 30, 5):
        expected, found = Trace(), Trace()
        logits = model.step(token, trace=expected)
        assert gateware.step(token, trace=found).tobytes() == logits.tobytes()
        assert found.writes == expected.writes
    cache = slice(compiled.placement.content_bytes, model.image.header.results)
    assert model.image.memory[cache].any()
    assert np.array_equal(gateware.image.memory[cache], model.image.memory[cache])


@pytest.mark.parametrize("name,least", [("ulx3s-100", 0.98), ("ecpix5", 0.955), ("pynq_z1", 0.955)])
def test_read_ceiling(name, least):
    """Sequential reads and nothing else, of data that are checked; and no faster than the DRAM."""
    found = read_ceiling(name, cycles=50_000)
    assert least <= found.share < 1
    assert found.peak_bytes_per_cycle == MEMORIES[name].peak_bytes_per_cycle


def _reader(built_for, device):
    """Sequential reads through a controller that was built for one memory, with the device of another one."""
    core = generate_controller(built_for, end="dfi")
    inner = ReadStream(bus_bits=32, length=64, size=1 << 16)
    library = compile_design(OnMemory(inner, DramController(core=core, bus_bits=32)), name="read-stream-wrong")
    content = np.zeros(1 << 18, np.uint8)
    simulation = CompiledSimulation(library, memory=Sdram(content, memory=device, core=core))
    simulation.set("enable", 1)
    return simulation


def test_a_controller_that_breaks_the_data_sheet_is_caught():
    """One that was built for a faster part opens rows too fast for the slower one; and refreshes too
    seldom."""
    memory = MEMORIES["ulx3s-100"]
    fast = replace(memory, part=replace(memory.part, rcd=(0, 10), refresh_interval=4 * memory.part.refresh_interval))
    slow = replace(memory, part=replace(memory.part, refresh_interval=4 * memory.part.refresh_interval))
    with pytest.raises(SimulationError, match=r"^DRAM: READ after ACTIVATE, bank 0, 1 clocks after, not 2; in cycle"):
        _reader(fast, slow).run(100_000)
    tolerant = replace(fast.part, refresh_interval=memory.part.refresh_interval)
    with pytest.raises(SimulationError, match=r"^DRAM: no REFRESH, 7030 clocks after, not 7029; in cycle"):
        _reader(fast, replace(memory, part=tolerant)).run(100_000)


def test_banks_that_open_at_once_after_the_initialisation():
    """A DDR3 comes up without a REFRESH: the first row may be followed by one of another bank within tRFC.
    Rows of 128 bytes take less than tRFC to read."""
    memory = MEMORIES["ecpix5-75"]
    found = read_ceiling(replace(memory, part=replace(memory.part, columns=64)), cycles=20_000)
    assert 0.8 < found.share < 1


def test_what_does_not_fit_is_refused(write_gguf):
    memory = MEMORIES["ulx3s-100"]
    core = generate_controller(memory, end="dfi")
    with pytest.raises(ValueError, match=r"^Content must be at most the 33554432 bytes of ulx3s-100, not 33554433$"):
        Sdram(np.zeros(memory.bytes + 1, np.uint8), memory=memory, core=core)
    image = build_image(compile_model(load(write_gguf()), CONFIGS["micro"], 16))
    with pytest.raises(ValueError, match=r"^Memory of an interpreted simulation must be a MemoryTiming, not 'ulx3s'$"):
        RtlEngine(image, memory="ulx3s", interpreted=True)
