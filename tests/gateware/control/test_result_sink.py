"""Result sink: addresses in scratchpad and DRAM, the largest result with its ties, one instruction after another."""

import random

import numpy as np
from amaranth.sim import Simulator

from gateware.control.result_sink import ResultSink
from gateware.exact.fp32 import fp32_total_order_key
from testing.deadline import run_with_deadline
from testing.streams import run_stream_test, send

# Infinities, both zeros, the canonical NaN, neighbours.
_CORNERS = [0xff800000, 0xff7fffff, 0xbf800001, 0xbf800000, 0x80000000, 0x00000000, 0x3f800000, 0x3f800001,
            0x7f800000, 0x7fc00000]


def _results(rng, rows, columns):
    return [{"row": row, "column": column, "value": rng.getrandbits(32),
             "last": (row, column) == (rows - 1, columns - 1)}
            for row in range(rows) for column in range(columns)]


def test_scratchpad_addresses():
    rng = random.Random(1)
    commands, results, expected = [], [], []
    for index in range(12):
        command = {"scratchpad": 1, "start": 4 * rng.randrange(1 << 18), "row_stride": 4,
                   "column_stride": rng.randrange(1 << 12), "index": index}
        of_command = _results(rng, rng.randint(1, 9), rng.choice([1, 2, 5, 32]))
        commands.append(command)
        results += of_command
        stride = command["column_stride"]
        expected += [{"address": command["start"] // 4 + r["column"] * stride + r["row"],
                      "value": r["value"]} for r in of_command]
    run_stream_test(ResultSink(), inputs={"command": commands, "results": results},
                    outputs={"scratchpad": expected, "writes": []}, deadline=10_000)


def test_one_result_per_cycle():
    results = _results(random.Random(2), 100, 1)
    run_stream_test(ResultSink(), inputs={"command": [{"scratchpad": 1, "row_stride": 4}], "results": results},
                    outputs={"scratchpad": 100}, stall=0, deadline=105)


def test_argmax_of_one_instruction_after_another():
    rng, dut, shown = random.Random(3), ResultSink(), []
    cases = [[corner] for corner in _CORNERS] + [_CORNERS, _CORNERS[::-1], _CORNERS * 2]
    cases += [[rng.choice(_CORNERS) for _ in range(rng.randint(1, 12))] for _ in range(60)]

    async def commands(ctx):
        await send(ctx, dut.command, [{"argmax": 1, "index": 7 * n} for n in range(len(cases))])

    async def results(ctx):
        for values in cases:
            await send(ctx, dut.results, [{"row": row, "value": value, "last": row == len(values) - 1}
                                          for row, value in enumerate(values)])

    async def testbench(ctx):
        complete = []
        async for *_, done, stored, index in ctx.tick().sample(dut.done, dut.stored, dut.index):
            # The second cycle after the pulse has begun.
            shown.extend((before, ctx.get(dut.argmax)) for before in complete)
            complete = [index] if done else []
            assert not (stored and done)
            if len(shown) == len(cases):
                return

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_process(commands)
    simulator.add_process(results)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 4000)
    for number, (values, (index, row)) in enumerate(zip(cases, shown, strict=True)):
        floats = np.array(values, np.uint32).view(np.float32)
        assert (index, row) == (7 * number, fp32_total_order_key(floats).argmax()), list(map(hex, values))


def test_results_to_dram():
    """Columns apart from each other, rows apart from each other, and both at once as in a transposed matrix."""
    rng = random.Random(4)
    commands = [{"memory": 1, "argmax": index % 2, "start": start, "column_stride": column_stride,
                 "row_stride": row_stride}
                for index, (start, column_stride, row_stride) in enumerate((
                    (0x1000, 0, 4), (0x20000, 20, 4), (0x7fff_0004, 151_936, 4), (0x400, 1, 128), (0x40, 5, 0xffff00)))]
    results, expected = [], []
    for command, columns in zip(commands, (1, 3, 32, 32, 2)):
        of_command = _results(rng, 20, columns)
        results += of_command
        expected += [{"address": command["start"] + 4 * r["column"] * command["column_stride"]
                      + r["row"] * command["row_stride"], "data": r["value"], "size": 2, "last": r["last"]}
                     for r in of_command]
    run_stream_test(ResultSink(), inputs={"command": commands, "results": results},
                    outputs={"writes": expected, "scratchpad": []}, deadline=8000)


def test_results_that_go_nowhere_wait_for_nobody():
    results = _results(random.Random(5), 50, 2)
    run_stream_test(ResultSink(), inputs={"command": [{"argmax": 1}], "results": results},
                    outputs={"writes": [], "scratchpad": []}, stall=0, deadline=104)


def test_the_largest_beside_either_place():
    """Rows of the largest results while the results themselves go to the scratchpad, to DRAM, nowhere, and to DRAM
    without their largest being wanted: then those of the instruction before stay."""
    rng, dut = random.Random(6), ResultSink()
    commands = [{"scratchpad": 1, "argmax": 1}, {"memory": 1, "argmax": 1}, {"argmax": 1}, {"memory": 1}]
    values = [[rng.getrandbits(31) for _ in range(60)] for _ in commands]
    largest, written = [], {"scratchpad": 0, "writes": 0}

    async def send_commands(ctx):
        await send(ctx, dut.command, [command | {"row_stride": 4, "column_stride": 100} for command in commands])

    async def send_results(ctx):
        for of_command in values:
            await send(ctx, dut.results, [{"row": n // 3, "column": n % 3, "value": value, "last": n == 59}
                                          for n, value in enumerate(of_command)])

    async def take(ctx):
        for port in (dut.scratchpad, dut.writes):
            ctx.set(port.ready, 1)
        async for *_, scratchpad, writes in ctx.tick().sample(dut.scratchpad.valid, dut.writes.valid):
            written["scratchpad"] += scratchpad
            written["writes"] += writes

    async def testbench(ctx):
        for _ in commands:
            await ctx.tick().until(dut.done)
            await ctx.tick().repeat(2)
            rows = []
            for column in range(3):
                ctx.set(dut.member, column)
                rows.append(ctx.get(dut.argmax))
            largest.append(rows)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for process in (send_commands, send_results, take):
        simulator.add_process(process)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 1000)
    # All positive, so their order is that of their bits.
    expected = [[max(range(20), key=lambda row: (of_command[3 * row + column], -row)) for column in range(3)]
                for of_command in values]
    assert largest == expected[:3] + [expected[2]]
    assert written == {"scratchpad": 60, "writes": 120}
