"""Cycles that the docstrings of the control name, where nobody waits."""

from amaranth.sim import Simulator
import pytest

from gateware.control.fetch import ProgramFetch
from gateware.control.line_issuer import LineIssuer
from gateware.control.memory_side import MemorySide
from gateware.control.result_sink import ResultSink
from gateware.control.store_unit import StoreUnit
from gateware.isa import Instruction, Opcode, encode
from testing.cycles import transfer_cycles
from testing.deadline import run_with_deadline
from testing.streams import send


@pytest.mark.parametrize("bus_bits,cycles", [(32, 17), (64, 9), (128, 5), (256, 3)])
def test_fetch(bus_bits, cycles):
    """An instruction takes one cycle more than it has bus words."""
    dut, passed = ProgramFetch(bus_bits=bus_bits), []

    async def testbench(ctx):
        for port in (dut.reads, dut.instruction):
            ctx.set(port.ready, 1)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        await ctx.tick().repeat(2)
        # No instruction of these is an END.
        ctx.set(dut.beats.payload, int(Opcode.DOT))
        ctx.set(dut.beats.valid, 1)
        for cycle in range(100):
            *_, valid = await ctx.tick().sample(dut.instruction.valid)
            passed.extend([cycle] if valid else [])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert passed == list(range(cycles - 1, 100, cycles))


def test_lines():
    """The lines of a block one per cycle, two cycles after it has come."""
    blocks = [{"lines": 5, "beats": 1}, {"lines": 1, "beats": 1}, {"lines": 1, "beats": 1}]
    passed = transfer_cycles(LineIssuer(), {"blocks": blocks}, ["lines"], cycles=20)
    assert passed == {"blocks": [0, 7, 10], "lines": [2, 3, 4, 5, 6, 9, 12]}


def test_work_leaves_the_queue_every_second_cycle():
    dut = MemorySide(queue=8, bus_bits=128)
    word = int.from_bytes(encode(Instruction(opcode=Opcode.VECTOR)), "little")

    async def feed(ctx):
        await send(ctx, dut.instruction, [word] * 12)

    async def testbench(ctx):
        while not ctx.get(dut.blocked):
            await ctx.tick()
        ctx.set(dut.work.ready, 1)
        passed = []
        for cycle in range(20):
            *_, valid = await ctx.tick().sample(dut.work.valid)
            passed.extend([cycle] if valid else [])
        # The queue, and what is offered.
        assert passed[:9] == list(range(0, 18, 2))

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 200)


def test_results_one_per_cycle():
    results = [{"row": n, "last": n == 9} for n in range(10)]
    for place in "scratchpad", "memory":
        name = "writes" if place == "memory" else place
        passed = transfer_cycles(ResultSink(), {"command": [{place: 1, "row_stride": 4}], "results": results}, [name],
                                 cycles=20)
        assert passed["results"] == list(range(1, 11)) and passed[name] == list(range(2, 12))


def test_the_largest_two_cycles_after_its_result():
    """Rows 0 and 3 are larger than those before."""
    dut, seen = ResultSink(), []

    async def feed(ctx):
        await send(ctx, dut.command, [{"argmax": 1}])
        await send(ctx, dut.results, [{"row": row, "value": value, "last": row == 4}
                                      for row, value in enumerate((5, 4, 5, 6, 6))])

    async def testbench(ctx):
        for cycle in range(16):
            *_, passed, row, valid, largest = await ctx.tick().sample(
                dut.results.valid & dut.results.ready, dut.results.p.row, dut.largest.valid, dut.largest.p.row)
            seen.extend([("result", cycle, row)] if passed else [])
            seen.extend([("largest", cycle, largest)] if valid else [])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(feed)
    simulator.add_testbench(testbench)
    simulator.run()
    results = {row: cycle for what, cycle, row in seen if what == "result"}
    assert len(results) == 5
    assert [entry[1:] for entry in seen if entry[0] == "largest"] == [(results[0] + 2, 0), (results[3] + 2, 3)]


@pytest.mark.parametrize("code_bits,codes,writes", [(16, 20, 20), (8, 20, 20), (4, 20, 10)])
def test_stored_codes(code_bits, codes, writes):
    """A code per cycle, and a cycle for the scale of each pass."""
    passed = transfer_cycles(
        StoreUnit(), {"command": [{"stride": 2, "code_bits": code_bits}] * 2,
                      "codes": [{"last": n % codes == codes - 1} for n in range(2 * codes)]}, ["writes"], cycles=80)
    assert passed["codes"][:codes] == list(range(passed["codes"][0], passed["codes"][0] + codes))
    assert len(passed["writes"]) == 2 * (writes + 1)
    assert passed["writes"][writes] == passed["writes"][writes - 1] + 1


def test_stored_elements():
    passed = transfer_cycles(StoreUnit(), {"command": [{"stride": 4, "elements": 1}],
                                           "elements": [{"last": n == 19} for n in range(20)]}, ["writes"], cycles=40)
    assert passed["writes"] == list(range(passed["writes"][0], passed["writes"][0] + 20))
