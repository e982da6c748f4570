"""A board file from a simulated card to DRAM, by the firmware's own code."""

import zlib

import numpy as np
import pytest

from boards.configs import ALL_CONFIGS
from host.compiler.compiled import compile_model
from host.gguf.model import load
from host.image.board_image import BoardImage, BoardText
from host.image.image import build_image
from host.text import tokenizer
from host.text.turns import PLAIN
from soc.cpu.board_file import BoardFile, SECTOR, Section
from soc.link.protocol import Register
from testing.card_reader import CardReader
from testing.fat_image import fat_image

ROOM = 2 * SECTOR
"""What the loader needs of DRAM beside the model."""


@pytest.fixture
def packed(write_gguf):
    """The micro model as a board file (BoardImage)."""
    model = load(write_gguf())
    image = build_image(compile_model(model, ALL_CONFIGS["sim"], 32))
    return BoardImage(image, BoardText(tokenizer.load(model), PLAIN, path=model.path), name="A model")


def file_of(packed):
    return bytearray(b"".join(bytes(piece) for _what, piece in packed.parts))


def repaired(data):
    """With the CRC that belongs to the header."""
    header = BoardFile.from_buffer(data)
    header.crc = zlib.crc32(bytes(data[:BoardFile.crc.offset]))
    return data


@pytest.fixture
def board(packed):
    """Function (content of the card, **options) -> CardReader, the slot of a board that the model was packed for."""
    readers = []

    def make(content, *, memory_bytes=None, **options):
        header = packed.header
        memory_bytes = memory_bytes or -(-(header.memory_bytes + ROOM) // SECTOR) * SECTOR
        registers = {Register.CONFIG_LOW: header.key_low, Register.CONFIG_HIGH: header.key_high,
                     Register.MEMORY_BYTES: memory_bytes}
        readers.append(CardReader(content, dram_bytes=memory_bytes, registers=registers, access_clocks=20, **options))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


def raw(data):
    content = np.zeros(len(data) + -len(data) % SECTOR + 64 * SECTOR, np.uint8)
    content[:len(data)] = np.frombuffer(bytes(data), np.uint8)
    return content


@pytest.mark.parametrize("card", [raw, lambda data: fat_image([("MODEL~1.CEL", bytes(data))], bits=16, scattered=True)],
                         ids=["raw", "fat"])
def test_a_model_is_loaded(board, packed, card):
    reader = board(card(file_of(packed)))
    shown = reader.run("/load")
    size = packed.header.file_bytes / 1e6
    assert shown.endswith(f" of {int(size * 10) / 10:.1f} MB\nA model, loaded in 0 s\n"), shown
    expected, kept = packed.memory(), packed.header.address
    text = sum(piece.size for what, piece in packed.parts[:-2])
    for begin, end in ((0, packed.header.sections[Section.IMAGE].bytes), (kept, kept + text)):
        np.testing.assert_array_equal(reader.dram[begin:end], expected[begin:end])
    assert "A model\n" in reader.run("/stats")


@pytest.mark.parametrize("change, message", [
    (lambda data: data.__setitem__(8, 9),
     "the model is not as this firmware knows it: pack it with the celosia that made the firmware"),
    (lambda data: data.__setitem__(30, data[30] ^ 1), "the header of the model is damaged: its CRC is wrong"),
    (lambda data: data.__setitem__(slice(-600, -599), [data[-600] ^ 4]),
     "the model on the card is damaged: wrong CRC of section 0"),
    (lambda data: data.__setitem__(SECTOR + 1, data[SECTOR + 1] ^ 128),
     "the model on the card is damaged: wrong CRC of section 1"),
])
def test_a_damaged_model_is_none(board, packed, change, message):
    data = file_of(packed)
    change(data)
    reader = board(raw(data))
    shown = reader.run("/load")
    assert shown.split("\n")[-2] == message, shown
    assert reader.run("/stats") == "there is no model to talk to; commands begin with a slash\n"


def test_another_configuration(board, packed):
    data = file_of(packed)
    BoardFile.from_buffer(data).key_low ^= 1
    assert "the model was packed for another configuration, " in board(raw(repaired(data))).run("/load")


def test_a_file_that_is_too_short(board, packed):
    card = fat_image([("MODEL~1.CEL", bytes(file_of(packed))[:-SECTOR])], bits=16)
    assert board(card).run("/load") == "the file on the card is shorter than its header says\n"


def test_a_memory_without_room(board, packed):
    least = -(-packed.header.memory_bytes // SECTOR) * SECTOR
    assert board(raw(file_of(packed)), memory_bytes=least).run("/load") == (
        "the model leaves no room in DRAM to load it\n")


def test_control_c(board, packed):
    """Between two pieces; what was there before is no model any more, and the next try succeeds."""
    reader = board(raw(file_of(packed)))
    reader.run("/load")
    reader.typed.append(3)
    assert reader.run("/load").endswith("\n^C: there is no model in DRAM now\n")
    assert reader.run("/stats") == "there is no model to talk to; commands begin with a slash\n"
    assert "loaded in" in reader.run("/load")


def test_a_card_that_is_pulled(board, packed):
    reader = board(raw(file_of(packed)), haste=50)
    begin = reader.cycle

    def pull(cycle):
        reader.card.present = cycle < begin + 600_000

    reader.on_access = pull
    message = reader.run("/load").split("\n")[-2]
    assert message in ("the card gives no data", "a response of the card is damaged or missing")
    reader.on_access = lambda cycle: None
    assert reader.run("/load") == "no card answers\n"
    reader.card.present = True
    assert "loaded in" in reader.run("/load")
