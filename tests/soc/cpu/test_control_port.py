"""The processor reaches every register of the controller, once per access."""

import random

from amaranth.sim import Simulator
import pytest

from soc.cpu.control_port import ControlPort
from soc.cpu.map import ControllerRegister
from testing.processor_bus import access, accesses


@pytest.mark.parametrize("stall", [0, 0.5, 0.9])
def test_random_accesses(stall):
    """Against a bus that answers in the cycle after `read` and with noise in every other."""
    dut, rng = ControlPort(address_bits=14), random.Random(f"{stall}")
    content, seen = {}, []

    async def registers(ctx):
        control = dut.control
        pending = None
        while True:
            ctx.set(control.read_data, rng.getrandbits(32) if pending is None else content.get(pending, 7))
            ctx.set(control.started, rng.getrandbits(1))
            *_, write, read, address, data = await ctx.tick().sample(
                control.write, control.read, control.address, control.write_data)
            assert not (write and read)
            pending = address if read else None
            if write:
                content[address] = data
                seen.append((address, data))
            if read:
                seen.append((address, None))

    async def processor(ctx):
        expected, steps = {}, []
        for _ in range(300):
            word, strobes = rng.choice([0, 1, 5, (1 << 14) - 1, rng.getrandbits(14)]), rng.choice([0, 0, 15, 15, 8])
            steps.append((0xa000_0000 | word << 2, strobes, rng.getrandbits(32)))
        index = 0
        async for read, _ in accesses(ctx, dut.bus, steps, random.Random(1), stall):
            place, strobes, data = steps[index]
            word = place >> 2 & (1 << 14) - 1
            assert seen == [(word, data if strobes else None)]
            if strobes:
                expected[word] = data
            else:
                assert read == expected.get(word, 7)
            seen.clear()
            index += 1
        assert index == len(steps)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(registers, background=True)
    simulator.add_testbench(processor)
    simulator.run()


def test_cycles_and_state(simulate):
    dut, state = ControlPort(address_bits=14), 0xa000_0000 | ControllerRegister.STATE

    async def testbench(ctx):
        assert await access(ctx, dut.bus, state) == (0, 4)
        ctx.set(dut.control.started, 1)
        assert await access(ctx, dut.bus, state) == (1, 4)
        assert not ctx.get(dut.control.trained)
        assert (await access(ctx, dut.bus, state, strobes=15, data=0xffff_fffd))[1] == 2
        assert ctx.get(dut.control.trained) and not ctx.get(dut.control.write)
        assert await access(ctx, dut.bus, state) == (3, 4)
        # A register of the controller is not STATE.
        await access(ctx, dut.bus, 0xa000_0000, strobes=15, data=0)
        assert ctx.get(dut.control.trained)
        await access(ctx, dut.bus, state, strobes=1, data=2)
        assert not ctx.get(dut.control.trained)

    simulate(dut, testbench)


@pytest.mark.parametrize("bits", [0, 15, 14.5])
def test_parameters(bits):
    with pytest.raises(ValueError, match=f"^Address bits of the control bus must be 1..14, not {bits!r}$"):
        ControlPort(address_bits=bits)
