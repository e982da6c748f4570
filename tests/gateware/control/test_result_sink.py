"""Result sink: addresses, the largest result with its ties, logits in DRAM, one instruction after another."""

import random

import numpy as np
from amaranth.sim import Simulator

from gateware.control.result_sink import ResultSink
from gateware.exact.fp32 import fp32_total_order_key
from gateware.isa import Sink
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
        command = {"sink": Sink.SCRATCHPAD, "destination": rng.randrange(1 << 18),
                   "destination_stride": rng.randrange(1 << 12), "index": index}
        of_command = _results(rng, rng.randint(1, 9), rng.choice([1, 2, 5, 32]))
        commands.append(command)
        results += of_command
        stride = command["destination_stride"]
        expected += [{"address": command["destination"] + r["column"] * stride + r["row"],
                      "value": r["value"]} for r in of_command]
    run_stream_test(ResultSink(), inputs={"command": commands, "results": results},
                    outputs={"scratchpad": expected, "writes": []}, deadline=10_000)


def test_one_result_per_cycle():
    results = _results(random.Random(2), 100, 1)
    run_stream_test(ResultSink(), inputs={"command": [{"sink": Sink.SCRATCHPAD}], "results": results},
                    outputs={"scratchpad": 100}, stall=0, deadline=105)


def test_argmax_of_one_instruction_after_another():
    rng, dut, shown = random.Random(3), ResultSink(), []
    cases = [[corner] for corner in _CORNERS] + [_CORNERS, _CORNERS[::-1], _CORNERS * 2]
    cases += [[rng.choice(_CORNERS) for _ in range(rng.randint(1, 12))] for _ in range(60)]

    async def commands(ctx):
        await send(ctx, dut.command, [{"sink": Sink.ARGMAX, "index": 7 * n} for n in range(len(cases))])

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
            assert stored or not done
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


def test_logits_to_dram():
    rng = random.Random(4)
    commands = [{"sink": Sink.ARGMAX, "store_base": base, "destination_stride": stride}
                for base, stride in ((0x1000, 0), (0x20000, 20), (0x7fff_0004, 151_936))]
    results, expected = [], []
    for command, columns in zip(commands, (1, 3, 32)):
        of_command = _results(rng, 20, columns)
        results += of_command
        stride = command["destination_stride"]
        expected += [{"address": command["store_base"] + 4 * (r["column"] * stride + r["row"]), "data": r["value"],
                      "size": 2, "last": r["last"]} for r in of_command]
    inputs = {"command": commands, "results": results}
    run_stream_test(ResultSink(), inputs=inputs, outputs={"writes": expected, "scratchpad": []},
                    settings={"store_logits": 1}, deadline=4000)
    run_stream_test(ResultSink(), inputs=inputs, outputs={"writes": [], "scratchpad": []}, deadline=4000)
