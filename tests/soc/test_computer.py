"""A board with a processor: link and processor on one line, one DRAM, one accelerator.

The processor runs a program that does with its bus what is typed (`testing.bench_program`); the rest is the board, with
the smallest accelerator, compiled once for all of these tests.
"""

import random

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.engine.board_engine import BoardEngine
from host.engine.model_engine import ModelEngine
from host.gguf.model import load
from host.image.image import build_image
from host.transport.frame_stream import FrameStream
from host.transport.link_client import LinkClient
from host.transport.link_error import LinkError
from sim.board import SimulatedBoard
from sim.dram import Dram
from soc.cpu.map import AcceleratorRegister, OwnBit, Region, StateBit, WindowError, address
from soc.link.protocol import Fault, Frame, GUARDED_VERSION, Opcode, Register, Status, encode
from testing.bench_program import BenchTerminal, bench_program
from testing.filler import Filler, filled
from testing.simulated_transport import SimulatedTransport

CONFIG = CONFIGS["micro"]
BUS = CONFIG.memory.bus_bytes
MEMORY_BYTES = 1 << 22
OWN_BYTES = 1 << 14
"""At the end of the memory, for the processor alone."""
OWN = MEMORY_BYTES - OWN_BYTES


def _peripherals():
    """Its sources are no part of what the compiled design is known by: changed, it needs another name."""
    return {Region.SD: Filler(bus_bits=CONFIG.memory.bus_bits)}


class Board:
    """A simulated board, a host and somebody at its terminal."""

    def __init__(self, **options):
        self.content = np.random.default_rng(5).integers(0, 256, MEMORY_BYTES, np.uint8)
        memory = Dram(self.content, bus_bits=CONFIG.memory.bus_bits, latency=24, **options)
        self.board = SimulatedBoard(CONFIG, memory=memory, program=bench_program(), peripherals=_peripherals)
        self.transport, self.terminal = SimulatedTransport(self.board), BenchTerminal()
        self.client = self.terminal.client = LinkClient(self.transport, timeout=0.1, text=self.terminal.show)
        while not self.terminal.shown.endswith(b"> "):
            assert self.client.listen(0.01)

    def read(self, register):
        """A register, as the processor has it."""
        return self.terminal.read(address(Region.ACCELERATOR, register))

    def write(self, register, value):
        self.terminal.write(address(Region.ACCELERATOR, register), value)

    def dram(self, place):
        """Address of a byte of the DRAM, as the processor has it."""
        return address(Region.DRAM) + place

    def ask(self, opcode, **fields):
        """A request past the client, which has to connect again then; its answer."""
        stream = FrameStream(text=self.terminal.show)
        self.transport.write(encode(Frame(opcode=Opcode.CONNECT, sequence=99))
                             + encode(Frame(opcode=opcode, sequence=100, **fields)))
        frames = []
        while len(frames) < 2:
            frames += stream.push(self.transport.read(0.01))
        return frames[1]


@pytest.fixture
def make_board():
    """Function (**options of the Dram) -> Board; closed after the test."""
    boards = []

    def make(**options):
        boards.append(Board(**options))
        return boards[-1]

    yield make
    for board in boards:
        board.transport.close()


@pytest.fixture
def image(write_gguf):
    """Memory image of the micro model."""
    made = build_image(compile_model(load(write_gguf()), CONFIG))
    assert made.header.image_bytes < OWN
    return made


def test_load_and_run_while_somebody_types(make_board, image):
    """Every request and every command is answered, whatever comes between; the tokens are those of the golden model."""
    board, rng = make_board(stall_probability=0.2, seed=3), random.Random(1)
    terminal, write, pending = board.terminal, board.transport.write, []

    def typed(data):
        # Somebody types between the frames of the host: letter by letter, without waiting.
        write(data)
        if pending and rng.random() < 0.3:
            write(pending[0][:1])
            pending[0] = pending[0][1:]
            if not pending[0]:
                pending.pop()

    def command(text):
        pending.append(text.encode() + b"\r")
        return len(terminal.shown)

    def answer(start):
        while pending or not terminal.shown[start:].endswith(b"\n> "):
            board.client.read_registers(Register.BUSY)
        return terminal.shown[start:].decode()

    board.transport.write = typed
    start = command(f"t {board.dram(OWN):x} 200 1234567")
    engine, model = BoardEngine(image, board.client), ModelEngine(image)
    assert engine.sent_bytes == engine.content_bytes
    # Some of it was typed while the model was loaded.
    assert not pending or len(pending[0]) < 20
    assert answer(start) == f"t {board.dram(OWN):x} 200 1234567\r\n00000000\r\n> "
    for tokens in [1, 200, 7], [30], [5]:
        start = command(f"r {address(Region.ACCELERATOR, AcceleratorRegister.VERSION):x}")
        assert engine.extend(tokens).tobytes() == model.extend(tokens).tobytes()
        assert engine.choices == model.choices
        assert answer(start).endswith(f"\r\n{GUARDED_VERSION:08x}\r\n> ")
    assert board.client.troubles == 0


def test_the_processor_runs_a_token(make_board, image):
    """By the registers that the link has; the link sees that the accelerator is busy, and has it afterwards."""
    board = make_board()
    engine, model = BoardEngine(image, board.client), ModelEngine(image)
    assert board.read(AcceleratorRegister.OWN) == 1 << OwnBit.LINK
    expected = model.step(200, logits=False)
    program = image.compiled.program_address(1, Part.CHOOSE) // BUS
    board.write(AcceleratorRegister.OWN, 1)
    for register, value in ((AcceleratorRegister.POSITION, 0), (AcceleratorRegister.PROGRAM, program),
                            (AcceleratorRegister.MEMBER, 0), (AcceleratorRegister.TOKEN, 200)):
        board.write(register, value)
    # Meanwhile nothing of the host's changes anything.
    assert not board.board.busy
    board.write(AcceleratorRegister.START, 1)
    while board.read(AcceleratorRegister.BUSY):
        pass
    assert board.read(AcceleratorRegister.FAULT) == Fault.NONE
    assert expected is None and board.read(AcceleratorRegister.ARGMAX) == model.choices[0]
    board.write(AcceleratorRegister.OWN, 0)
    # The host goes on, from the beginning.
    model.reset()
    assert engine.extend([1, 40, 41]).tobytes() == model.extend([1, 40, 41]).tobytes()
    assert board.read(AcceleratorRegister.OWN) == 1 << OwnBit.LINK


def test_what_the_processor_claims_is_busy_to_the_link(make_board):
    board = make_board()
    board.client.write_registers((Register.POSITION, 5))
    board.write(AcceleratorRegister.OWN, 1)
    assert board.read(AcceleratorRegister.OWN) == 1 << OwnBit.OWN
    for opcode, fields in ((Opcode.WRITE_REGISTER, dict(address=Register.POSITION, value=6)),
                           (Opcode.WRITE_MEMORY, dict(address=0, payload=bytes(BUS))),
                           (Opcode.READ_MEMORY, dict(address=0, value=BUS))):
        assert board.ask(opcode, **fields).status == Status.BUSY
    assert board.client.read_registers(Register.POSITION, Register.BUSY) == [5, 0]
    board.write(AcceleratorRegister.OWN, 0)
    board.client.write_registers((Register.POSITION, 6))
    assert board.read(AcceleratorRegister.POSITION) == 6


def test_both_use_the_memory(make_board):
    """Each in its part of it, at once; then each reads what the other has written."""
    board, rng = make_board(stall_probability=0.3, seed=8), random.Random(9)
    data = rng.randbytes(1 << 14)
    for seed in (0x1111, 0x2222):
        command = f"t {board.dram(OWN):x} {OWN_BYTES // 4:x} {seed:x}"
        board.terminal.begin(command)
        board.client.write_memory(4096, data)
        assert board.client.read_memory(4096, len(data)) == data
        assert board.terminal.end(command) == 0
        data = data[::-1]
    # The processor's word is in the DRAM after a flush, and what the link has written is read anew without one.
    place = 2048
    board.terminal.write(board.dram(place), 0x1234_5678)
    board.write(AcceleratorRegister.WINDOW_FLUSH, 1)
    assert board.client.read_memory(place, BUS)[:4] == bytes.fromhex("78563412")
    assert board.terminal.read(board.dram(place)) == 0x1234_5678
    board.client.write_memory(place, bytes(range(BUS)))
    assert board.terminal.read(board.dram(place)) == 0x0302_0100
    assert board.read(AcceleratorRegister.WINDOW_ERRORS) == 0
    assert board.terminal.read(board.dram(MEMORY_BYTES)) == 0
    assert board.read(AcceleratorRegister.WINDOW_ERRORS) == 1 << WindowError.OUTSIDE


def test_what_writes_by_itself_takes_turns_as_well(make_board, image):
    """A third master, behind the processor's window: while link and processor use the memory, and while a program
    runs."""
    board, rng = make_board(stall_probability=0.3, seed=11), random.Random(12)
    base, count, filler = 3 * MEMORY_BYTES // 4 // BUS, 2000, address(Region.SD)
    expected = b"".join(filled(index, 8 * BUS).to_bytes(BUS, "little") for index in range(base, base + count))
    data = rng.randbytes(1 << 12)

    def fill():
        board.content[base * BUS:(base + count) * BUS] = 0
        assert board.terminal.read(board.dram(base * BUS)) == 0
        board.terminal.write(filler, base)
        board.terminal.write(filler + 4, count)

    fill()
    board.client.write_memory(4096, data)
    assert board.terminal.do(f"t {board.dram(OWN):x} 200 77") == 0
    assert board.client.read_memory(4096, len(data)) == data
    while board.terminal.read(filler):
        pass
    assert board.client.read_memory(base * BUS, count * BUS) == expected
    # What the window held before is read anew.
    assert board.terminal.read(board.dram(base * BUS)) == int.from_bytes(expected[:4], "little")
    engine, model = BoardEngine(image, board.client), ModelEngine(image)
    fill()
    assert engine.extend([1, 200, 7]).tobytes() == model.extend([1, 200, 7]).tobytes()
    while board.terminal.read(filler):
        pass
    assert board.client.read_memory(base * BUS, count * BUS) == expected


def test_a_dram_that_is_not_up(make_board):
    """Nobody hangs: the processor reads 0 and is told so, the link is told to ask again."""
    board = make_board()
    assert board.read(AcceleratorRegister.STATE) & 1 << StateBit.READY
    board.board.dram_ready = False
    assert board.terminal.read(board.dram(0)) == 0
    assert board.read(AcceleratorRegister.WINDOW_ERRORS) == 1 << WindowError.NOT_READY
    assert not board.read(AcceleratorRegister.STATE) & 1 << StateBit.READY
    assert board.ask(Opcode.READ_MEMORY, address=0, value=BUS).status == Status.BUSY
    board.board.dram_ready = True
    assert board.client.read_memory(0, BUS) == board.content[:BUS].tobytes()
    assert board.terminal.read(board.dram(0)) == int.from_bytes(board.content[:4].tobytes(), "little")


def test_programs_that_are_none(make_board, image):
    """Rubbish for a program: it ends by itself, or is ended, whoever aborts, and whenever; it reaches no memory that is
    not there. Then the host runs tokens that are exact to the bit."""
    board, rng, seen = make_board(stall_probability=0.2, seed=4), random.Random(6), set()
    BoardEngine(image, board.client)
    words = OWN // BUS
    for number in range(24):
        rubbish = rng.randbytes(1 << 10)
        if number % 2:
            # Some of the model's own program, with a few wrong bits.
            begin = image.compiled.program_address(1, Part.DECODE)
            rubbish = bytearray(image.memory[begin:begin + (1 << 10)])
            for _ in range(rng.choice((1, 3, 20))):
                rubbish[rng.randrange(len(rubbish))] ^= 1 << rng.randrange(8)
        board.client.write_memory(OWN, bytes(rubbish))
        board.client.write_registers((Register.PROGRAM, words), (Register.MEMBER, 0),
                                     (Register.TOKEN, rng.randrange(272)), (Register.START, 1))
        board.transport.read(rng.choice((1e-6, 1e-5, 3e-4)))
        if board.client.read_registers(Register.BUSY) == [1]:
            if number % 3:
                board.client.write_registers((Register.ABORT, 1))
            else:
                board.write(AcceleratorRegister.ABORT, 1)
        assert board.client.read_registers(Register.BUSY) == [0], number
        seen.add(Fault(board.client.read_registers(Register.FAULT)[0]))
        assert board.read(AcceleratorRegister.FAULT) in list(Fault)
    assert {Fault.ABORTED, Fault.OUTSIDE} <= seen
    engine, model = BoardEngine(image, board.client), ModelEngine(image)
    for tokens in [1, 200, 7], [9]:
        assert engine.extend(tokens).tobytes() == model.extend(tokens).tobytes()
    assert board.client.read_registers(Register.FAULT) == [Fault.NONE]


def test_tokens_that_are_none(make_board, image):
    """Beyond the vocabulary that the host has told."""
    board = make_board()
    assert board.client.read_registers(Register.TOKEN_BOUND) == [(1 << 32) - 1]
    engine, vocab = BoardEngine(image, board.client), image.header.vocab
    assert board.client.read_registers(Register.TOKEN_BOUND) == [vocab]
    board.client.write_registers((Register.TOKEN, vocab - 1))
    with pytest.raises(LinkError, match="^the simulation: the board refuses WRITE_REGISTER of 0xb: RANGE$"):
        board.client.write_registers((Register.TOKEN, vocab))
    board.write(AcceleratorRegister.TOKEN, vocab)
    assert board.read(AcceleratorRegister.WINDOW_ERRORS) == 1 << WindowError.REGISTER
    assert engine.step(vocab - 1, logits=False) is None


def test_a_host_is_told_in_words(make_board, image, monkeypatch):
    board = make_board()
    engine = BoardEngine(image, board.client)
    # What lies behind the end of the memory is no program.
    monkeypatch.setattr(type(image.compiled), "program_address", lambda *arguments: MEMORY_BYTES)
    message = "^the simulation: the program asked for memory that is not there, and was ended$"
    with pytest.raises(LinkError, match=message):
        engine.step(1)
    with pytest.raises(LinkError, match=message):
        engine.step(1)
