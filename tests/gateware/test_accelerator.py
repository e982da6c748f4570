# amaranth: UnusedElaboratable=no
"""The whole accelerator runs a hand-written program in Amaranth's simulator; its ports keep their rules.

Every value of the program is compared with the functions that define the arithmetic. That a compiled model
runs bit for bit as in the golden model is tested with the compiled simulation.
"""

import random

import numpy as np
import pytest
from amaranth.hdl import Value
from amaranth.sim import Simulator

from gateware.accelerator import Accelerator
from gateware.activity import Counter
from boards.configs import ALL_CONFIGS
from gateware.config import CONFIGS
from gateware.control.counters import Counters
from gateware.exact.dot import exact_dot, headroom_bits, unpack_fp16, unpack_power
from gateware.exact.fp32 import fp32_total_order_key
from gateware.exact.vector_pass import column, scale_bits, stored
from gateware.isa import (CodeKind, CodeOrder, INSTRUCTION_BITS, Index, Instruction, Opcode, Reduce, Scale, Sink,
                          Source, encode)
from host.image.planes import to_planes
from testing.burst_memory import BurstMemory
from testing.deadline import run_with_deadline

CONFIG = CONFIGS["micro"]
BUS = CONFIG.memory.bus_bytes
ONE = 0x3f800000
ELEMENTS, ROWS, POSITIONS = 64, 12, 8
ROW_BEATS = -(-ELEMENTS // 32 * 2 // BUS) + ELEMENTS // BUS
CACHE_HEADROOM = headroom_bits(code_bits=16, code_kind=CodeKind.SIGNED, growth=0)
MATRIX_HEADROOM = headroom_bits(code_bits=8, code_kind=CodeKind.SIGNED, growth=1)

# Memory map, in bus words of 8 bytes.
TABLE, MATRIX, CACHE, CACHE_SCALES, LOGITS, PROGRAM = 0, 0x200, 0x400, 0x500, 0x600, 0x800
CHOOSE = 0x900
WORDS = 0xa00


def _program(logits):
    """Loads a row of a table, stores half of it in a cache, reads the cache and a matrix against the row.

    The largest result of the matrix is found in either case, with ``logits`` all of them go to DRAM.
    """
    def vector(**fields):
        return Instruction(**{"opcode": Opcode.VECTOR, "b_source": Source.IMMEDIATE, "b": ONE,
                              "c_source": Source.IMMEDIATE} | fields)

    row = {"a_source": Source.SCRATCHPAD, "a": 32}
    return [
        vector(length=1, a_source=Source.SCALAR, c=ONE, reduce=Reduce.SUM, reduce_destination=1),
        vector(length=ELEMENTS, a_source=Source.SCALAR, a=1, b_source=Source.STREAM, stream_base=TABLE,
               stream_index=Index.TOKEN, stream_index_stride=ELEMENTS * 4 // BUS, stream_lines=1,
               stream_line_beats=ELEMENTS * 4 // BUS, sink=Sink.SCRATCHPAD, destination=32),
        vector(length=32, **row, sink=Sink.STORE, code_bits=16, store_base=CACHE * BUS, store_index_stride=64,
               store_stride=2, scale_base=CACHE_SCALES * BUS),
        vector(length=ELEMENTS, **row, sink=Sink.COLUMN, destination=0),
        Instruction(opcode=Opcode.DOT, stream_base=CACHE, stream_lines_grow=1, stream_line_beats=64 // BUS,
                    stream_line_stride=64 // BUS, wait=1, code_bits=16, code_order=CodeOrder.ELEMENTS,
                    scale=Scale.NONE, vectors=1, rows_grow=1, headroom=CACHE_HEADROOM, columns=1, sink=Sink.SCRATCHPAD,
                    destination=128),
        Instruction(opcode=Opcode.DOT, stream_base=MATRIX, stream_lines=1, stream_line_beats=ROWS * ROW_BEATS,
                    code_bits=8, scale=Scale.FP16, vectors=ELEMENTS // 32, rows=ROWS, headroom=MATRIX_HEADROOM,
                    columns=1, reduce=Reduce.ARGMAX, sink=Sink.MEMORY if logits else Sink.NONE, store_base=LOGITS * BUS,
                    store_stride=4),
        Instruction(opcode=Opcode.END),
    ]


class _Model:
    """What the program must compute, and the memory it starts from."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.table = rng.standard_normal((4, ELEMENTS)).astype(np.float32)
        self.codes = rng.integers(-127, 128, (ROWS, ELEMENTS // 32, 32)).astype(np.int16)
        self.scales = rng.uniform(0.001, 1, (ROWS, ELEMENTS // 32)).astype(np.float16)
        self.cache = []
        self.image = bytearray(rng.bytes(WORDS * BUS))
        rows = [self.scales[row].tobytes().ljust(BUS, b"\xff") + to_planes(self.codes[row], 8).tobytes()
                for row in range(ROWS)]
        self._put(TABLE, self.table.tobytes())
        self._put(MATRIX, b"".join(rows))
        for word, logits in ((PROGRAM, True), (CHOOSE, False)):
            self._put(word, b"".join(encode(instruction) for instruction in _program(logits)))
        self.words = [int.from_bytes(self.image[at:at + BUS], "little")
                      for at in range(0, len(self.image), BUS)]

    def _put(self, word, content):
        self.image[word * BUS:word * BUS + len(content)] = content

    def step(self, token, position):
        """The stored codes and their scale, the scores, the logits."""
        x = self.table[token]
        codes, exponent = stored(x[:32])
        self.cache[position:] = [codes]
        mantissas, exponents = column(x)
        x_mantissa = mantissas.reshape(-1, 32).astype(np.float64)
        x_exponent = np.repeat(exponents, 2).astype(np.int64)
        cached = np.array(self.cache, np.float64)[:, None, :]
        scores = exact_dot(cached, unpack_power(np.zeros((1, 1))), x_mantissa[:1], x_exponent[:1],
                           headroom=CACHE_HEADROOM)
        logits = exact_dot(self.codes.astype(np.float64), unpack_fp16(self.scales.view(np.uint16)),
                           x_mantissa, x_exponent, headroom=MATRIX_HEADROOM)
        return codes, scale_bits(exponent), scores, logits


def _memory_bytes(words, word, count):
    return b"".join(value.to_bytes(BUS, "little") for value in words[word:word + -(-count // BUS)])[:count]


@pytest.mark.parametrize("stall", [0.0, 0.3])
def test_program(stall):
    model, dut, rng = _Model(1), Accelerator(CONFIG), random.Random(2)
    dram = BurstMemory(model.words, bus_bits=CONFIG.memory.bus_bits, stall=stall)
    scratchpad, tokens, length = {}, [2, 0, 3], len(_program(True)) - 1
    control = dut.control

    async def trace(ctx):
        port = dut.trace_scratchpad
        async for *_, valid, payload in ctx.tick().sample(port.valid, port.payload):
            if valid:
                for lane in range(CONFIG.vector.lanes):
                    if payload.write.mask >> lane & 1:
                        key = (payload.index, payload.write.address + lane)
                        scratchpad[key] = payload.write.data[lane]

    async def testbench(ctx):
        for position, token in enumerate(tokens):
            store_logits = position != 1
            model.words[LOGITS:LOGITS + ROWS] = [rng.getrandbits(8 * BUS) for _ in range(ROWS)]
            before = model.words[LOGITS:LOGITS + ROWS]
            scratchpad.clear()
            for port, value in ((control.token, token), (control.position, position),
                                (control.program, PROGRAM if store_logits else CHOOSE), (control.start, 1)):
                ctx.set(port, value)
            await ctx.tick()
            ctx.set(control.start, 0)
            assert ctx.get(control.busy)
            await ctx.tick().until(control.done)
            assert not ctx.get(control.busy) and dram.writing == 0
            codes, scale, scores, logits = model.step(token, position)
            assert _memory_bytes(model.words, CACHE + position * 64 // BUS, 64) == codes.tobytes()
            assert int.from_bytes(_memory_bytes(model.words, CACHE_SCALES, 4 * POSITIONS)[4 * position:][:4],
                                  "little") == scale
            expected = {(1, 32 + n): bits for n, bits in enumerate(model.table[token].view(np.uint32))}
            expected |= {(4, 128 + n): bits for n, bits in enumerate(scores.view(np.uint32))}
            assert scratchpad == expected
            assert ctx.get(control.argmax) == fp32_total_order_key(logits).argmax()
            if store_logits:
                assert _memory_bytes(model.words, LOGITS, 4 * ROWS) == logits.tobytes()
            else:
                assert model.words[LOGITS:LOGITS + ROWS] == before
            assert ctx.get(dut.program_counter) == length
        await ctx.tick().repeat(Counters.LATENCY)
        counted = {}
        for counter in Counter:
            ctx.set(control.counter_index, counter)
            await ctx.tick().repeat(2)
            counted[counter] = ctx.get(control.counter_value)
        assert counted[Counter.INSTRUCTIONS] == length * len(tokens)
        assert counted[Counter.WRITE_BEATS] == len(dram.writes)
        assert counted[Counter.READ_BEATS] == sum(beats for _, beats in dram.reads)
        assert counted[Counter.DOT_BUSY] + counted[Counter.VECTOR_BUSY] < counted[Counter.BUSY]
        lost = sum(count for counter, count in counted.items() if counter.name.startswith("LOST_"))
        assert counted[Counter.READ_BEATS] + lost == counted[Counter.BUSY]
        assert 0 < counted[Counter.SCORE_BUSY] < counted[Counter.DOT_BUSY] and counted[Counter.MIX_BUSY] == 0

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    dram.add_to(simulator, dut.memory)
    simulator.add_process(trace)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 20_000)
    beyond = CHOOSE + (length + 8) * INSTRUCTION_BITS // 8 // BUS
    assert all(PROGRAM <= at < beyond or at < CACHE_SCALES for at, _ in dram.reads)


def test_handshakes_depend_on_registers_only():
    """Whatever the memory does within a cycle, what it sees of the accelerator in that cycle stays the
    same."""
    model, dut, rng = _Model(3), Accelerator(CONFIG), random.Random(4)
    dram = BurstMemory(model.words, bus_bits=CONFIG.memory.bus_bits, stall=0.3)
    control, memory = dut.control, dut.memory
    outputs = (memory.read_request.valid, memory.read_request.payload, memory.read_data.ready,
               memory.write_request.valid, memory.write_request.payload, memory.write_data.valid,
               memory.write_data.payload, dut.stream_counter)
    inputs = (memory.read_request.ready, memory.read_data.valid, memory.write_request.ready, memory.write_data.ready,
              memory.write_done)
    seen = set()

    async def testbench(ctx):
        ctx.set(control.program, PROGRAM)
        ctx.set(control.start, 1)
        await ctx.tick()
        ctx.set(control.start, 0)
        while not ctx.get(control.done):
            before = [ctx.get(port) for port in outputs]
            values = [ctx.get(port) for port in inputs]
            for _ in range(2):
                for port in inputs:
                    ctx.set(port, rng.getrandbits(1))
                assert [ctx.get(port) for port in outputs] == before
            for port, value in zip(inputs, values):
                ctx.set(port, value)
            seen.update(index for index in (0, 2, 3, 5) if before[index])
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    dram.add_to(simulator, dut.memory)
    simulator.add_testbench(testbench)
    run_with_deadline(simulator, 20_000)
    assert seen == {0, 2, 3, 5}


@pytest.mark.parametrize("config", ALL_CONFIGS.values(), ids=ALL_CONFIGS)
def test_ports(config):
    """The names and widths that simulation, boards and host rely on."""
    dut = Accelerator(config)
    flat = {"__".join(path): len(Value.cast(value)) for path, _, value in dut.signature.flatten(dut)}
    expected = {"read_request": 48, "read_data": config.memory.bus_bits, "write_request": 48,
                "write_data": config.memory.bus_bits * 9 // 8}
    for stream, width in expected.items():
        assert flat[f"memory__{stream}__payload"] == width
        assert flat[f"memory__{stream}__valid"] == flat[f"memory__{stream}__ready"] == 1
    control = {"start": 1, "member": 5, "token": 32, "load": 1, "position": 16, "program": 32, "busy": 1, "done": 1,
               "argmax": 32, "counter_index": 4, "counter_value": 32}
    assert {name: width for name, width in flat.items() if name.startswith("control__")} == {
        f"control__{name}": width for name, width in control.items()}
    for port, width in {"memory__write_done": 1, "program_counter": 16, "stream_counter": 16, "activity": 55}.items():
        assert flat[port] == width
    for trace in ("scratchpad", "scalar", "column", "store", "argmax"):
        assert flat[f"trace_{trace}__valid"] == 1 and flat[f"trace_{trace}__payload"] > 16
