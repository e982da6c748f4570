"""The PHY of an SDR SDRAM: what is at the pins, and when."""

from amaranth.lib import io
from amaranth.sim import Simulator
import numpy as np

from soc.dram.core import generate_controller
from boards.memories import MEMORIES
from soc.dram.sdr_phy import COMMANDS, SdrPhy


def test_everything_is_a_cycle_late_and_masks_count_for_writes():
    memory = MEMORIES["ulx3s"]
    core = generate_controller(memory, end="dfi")
    widths = dict.fromkeys(COMMANDS, 1) | {"a": 13, "ba": 2, "dm": 2}
    pins = {name: io.SimulationPort("o", width, name=name) for name, width in widths.items()}
    pins["dq"] = io.SimulationPort("io", 16, name="dq")
    phy = SdrPhy(core=core, pins=pins)
    rng = np.random.default_rng(1)
    names = {"a": "address", "ba": "bank", "dm": "wrdata_mask"}
    driven = {name: getattr(phy, f"dfi_{names.get(name, name)}_0") for name in widths}

    async def bench(ctx):
        before, enabled, line = None, [], None
        for _ in range(200):
            values = {name: int(rng.integers(1 << width)) for name, width in widths.items()}
            data, writes, reads, returned = (int(value) for value in rng.integers([1 << 16, 2, 2, 1 << 16]))
            for name, value in values.items():
                ctx.set(driven[name], value)
            ctx.set(phy.dfi_wrdata_0, data)
            ctx.set(phy.dfi_wrdata_en_0, writes)
            ctx.set(phy.dfi_rddata_en_0, reads)
            ctx.set(pins["dq"].i, returned)
            # While the port drives the lines, it reads what it drives.
            expected = returned if line is None else line
            if before is not None:
                for name, value in before.items():
                    assert ctx.get(pins[name].o) == value
            await ctx.tick()
            enabled.append(reads)
            before = values | {"dm": values["dm"] * writes}
            assert ctx.get(pins["dq"].oe) == 0xffff * writes and ctx.get(pins["dq"].o) == data
            line = data if writes else None
            assert ctx.get(phy.dfi_rddata_0) == expected
            late = core.settings["read_latency"] + 1
            assert ctx.get(phy.dfi_rddata_valid_0) == (enabled[-late] if len(enabled) >= late else 0)

    simulator = Simulator(phy)
    simulator.add_clock(1 / memory.clock_hz)
    simulator.add_testbench(bench)
    simulator.run()


def test_it_is_registered_as_litedram_says_of_its_own():
    """CAS latency, a register for commands and one for data: what the controller was generated for."""
    settings = generate_controller(MEMORIES["ulx3s"], end="dfi").settings
    assert settings["cl"] == 2 and settings["read_latency"] == settings["cl"] + 1 and settings["write_latency"] == 0
