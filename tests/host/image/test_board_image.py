"""Files for boards."""

import ctypes
import zlib

import numpy as np
import pytest

from boards.board import BOARDS
from boards.configs import ALL_CONFIGS
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.errors import CelosiaError
from host.gguf.model import load
from host.image.board_image import BoardImage, BoardText, Defaults
from host.image.header import Header, MAGIC
from host.image.image import build_image
from host.text import tokenizer
from host.text.turns import PLAIN, Turns
from soc.cpu.board_file import (
    BoardChat, BoardFile, BoardPrograms, BoardStop, BoardVocabulary, BoardWork, IMAGE_BYTES_OFFSET, IMAGE_MAGIC,
    LINE_BYTES, SECTOR, STRUCTURES, Section, TEXT_BYTES, board_header)


def packed(path, turns=PLAIN, config="sim-columns", context=None, window=None, **options):
    """A model as a file: image, BoardImage, and its bytes."""
    model = load(path)
    image = build_image(compile_model(model if window is None else model.within(window), ALL_CONFIGS[config], context))
    text = BoardText(tokenizer.load(model), turns, path=path)
    board = BoardImage(image, text, name=options.pop("name", "Ein Modell"), defaults=Defaults(**options))
    return image, board, b"".join(piece.tobytes() for _what, piece in board.parts)


def test_header_and_sections(write_gguf):
    """Read from the bytes of the file alone."""
    image, _board, content = packed(
        write_gguf(), temperature=45875, top_k=40, top_p=60000, seed=(7 << 32) + 5, tokens=9)
    header = BoardFile.from_buffer_copy(content)
    assert content[:8] == b"CELOSIA\1" and header.header_bytes == ctypes.sizeof(BoardFile) == SECTOR
    assert zlib.crc32(content[:508]) == header.crc == int.from_bytes(content[508:512], "little")
    assert header.key_high << 32 | header.key_low == ALL_CONFIGS["sim-columns"].image_key
    assert (header.bus_bytes, header.context, header.group, header.vocab) == (8, 32, 4, 272)
    assert (header.temperature, header.top_k, header.top_p, header.tokens) == (45875, 40, 60000, 9)
    assert (header.seed_high, header.seed_low) == (7, 5)
    assert header.logits == image.header.results and bytes(header.name).rstrip(b"\0") == b"Ein Modell"
    assert header.file_bytes == len(content) and len(content) % SECTOR == 0
    end = SECTOR
    for section in (Section.PROGRAMS, Section.VOCABULARY, Section.CHAT, Section.IMAGE):
        where = header.sections[section]
        end, start = where.offset + where.bytes + -where.bytes % SECTOR, end
        assert where.offset == start and where.crc == zlib.crc32(content[start:end])
        assert where.address == (0 if section == Section.IMAGE else header.address + where.offset)
    assert end == len(content)
    where = header.sections[Section.IMAGE]
    assert content[where.offset:where.offset + where.bytes] == image.memory[:image.header.content_bytes].tobytes()
    assert header.work >= header.address + header.sections[Section.CHAT].offset + header.sections[Section.CHAT].bytes
    assert header.memory_bytes == header.work + header.work_bytes
    assert header.work_bytes == ctypes.sizeof(BoardWork) + 8 * 272


def test_place_of_the_header(write_gguf):
    """The header of the memory image says it, as the firmware reads it."""
    image, board, content = packed(write_gguf())
    assert IMAGE_MAGIC == MAGIC
    memory = board.memory()
    place = int.from_bytes(memory[IMAGE_BYTES_OFFSET:IMAGE_BYTES_OFFSET + 8].tobytes(), "little")
    assert place == Header.unpack(memory[:128].tobytes()).image_bytes == board.header.address
    text = content[:board.header.sections[Section.IMAGE].offset]
    assert memory[place:place + len(text)].tobytes() == text
    assert memory.size == board.header.memory_bytes
    assert np.array_equal(memory[:image.header.content_bytes], image.memory[:image.header.content_bytes])


def test_programs(write_gguf):
    image, board, content = packed(write_gguf())
    where = board.header.sections[Section.PROGRAMS]
    programs = (BoardPrograms * 4).from_buffer_copy(content, where.offset)
    assert where.bytes == ctypes.sizeof(programs)
    for tokens, program in enumerate(programs, 1):
        last, choice = (Part.DECODE, Part.CHOOSE) if tokens == 1 else (Part.LAST, Part.CHOICE)
        assert [program.body * 8, program.last * 8, program.choice * 8] == [
            image.compiled.program_address(tokens, part) for part in (Part.BODY, last, choice)]


def test_no_groups_with_a_window(write_gguf):
    """Within a group no position may leave it."""
    _image, board, _content = packed(write_gguf(), window=8)
    assert board.header.group == 1 and board.header.sections[Section.PROGRAMS].bytes == 12


def test_turns(write_gguf):
    turns = Turns(opening="<s>\u00e9", between="</s>x", closing="", trims=True)
    _image, board, content = packed(write_gguf(), turns)
    start = board.header.sections[Section.CHAT].offset
    chat = BoardChat.from_buffer_copy(content, start)
    texts = [content[start + place:start + place + size] for place, size in (
        (chat.opening, chat.opening_bytes), (chat.between, chat.between_bytes), (chat.closing, chat.closing_bytes))]
    assert texts == ["<s>\u00e9".encode(), b"</s>x", b""] and (chat.trims, chat.restarts) == (1, 0)
    stops = (BoardStop * chat.stop_count).from_buffer_copy(content, start + chat.stops)
    assert [(stop.id, stop.skip, stop.begins) for stop in stops] == [(1, 0, 1), (2, 4, 1)]


def test_names_are_cut_between_characters(write_gguf):
    _image, board, _content = packed(write_gguf(), name="x" + "\u00e9" * 40)
    assert bytes(board.header.name) == ("x" + "\u00e9" * 31).encode() + b"\0"


def test_memory_that_is_too_small(write_gguf):
    _image, board, _content = packed(write_gguf())
    board.check_fits(BOARDS["ulx3s"].memory)
    board.header.memory_bytes = (32 << 20) + 5
    with pytest.raises(CelosiaError) as caught:
        board.check_fits(BOARDS["ulx3s"].memory)
    assert str(caught.value) == ("model must need at most the 33,554,432 bytes of ulx3s, not 33,554,437: 5 too many")


def test_what_a_board_cannot_do(write_gguf):
    path = write_gguf()
    tokens = tokenizer.load(load(path))
    with pytest.raises(CelosiaError) as caught:
        BoardText(tokens, PLAIN, stops=("USER:",), path=path)
    assert str(caught.value) == (
        f"{path}: what ends a reply must be a token for a board, and the vocabulary has no 'USER:'")
    BoardText(tokens, PLAIN, stops=("</s>",), path=path)
    most = TEXT_BYTES - LINE_BYTES
    BoardText(tokens, Turns(opening="x" * most), path=path)
    with pytest.raises(CelosiaError) as caught:
        BoardText(tokens, Turns(opening="x" * most, closing="y"), path=path)
    assert str(caught.value) == (f"{path}: what the template puts around a turn must have at most 3840 bytes for a "
                                 "board, not 3841")


def test_header_for_c():
    """The compiler has to see every offset; so a build with another layout fails."""
    header = board_header()
    for name, structure in STRUCTURES.items():
        for field, _kind in structure._fields_:
            assert (f'_Static_assert(offsetof(struct {name}, {field}) == {getattr(structure, field).offset}, '
                    f'"{field}");') in header
    assert "#define TEXT_BYTES 4096u\n" in header and "enum { CUT_NONE = 0, CUT_GPT2 = 1, CUT_LLAMA = 2 };" in header
    assert ctypes.sizeof(BoardVocabulary) == 80 and BoardFile.sections.offset == 88
