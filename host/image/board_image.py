"""A model as a file for a board: see `soc.cpu.board_file`."""

import ctypes
from dataclasses import dataclass
import zlib

import numpy as np

from host.compiler.part import Part
from host.errors import CelosiaError, quoted
from host.image.board_vocabulary import pack_vocabulary
from host.image.section import SectionBuilder
from soc.cpu.board_file import (
    BoardChat, BoardFile, BoardPrograms, BoardSection, BoardStop, BoardWork, LINE_BYTES, MAGIC, SECTOR, Section,
    TEXT_BYTES, VERSION)

__all__ = ["BoardImage", "BoardText", "Defaults"]

_CANDIDATE_BYTES = 8
_ALIGNMENT = 128


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What the board begins with; what is typed changes it.

    Attributes
    ----------
    temperature, top_p : int
        In 1/65536.
    top_k, seed : int
    tokens : int
        Most of a reply; 0: no bound.
    """

    temperature: int = 0
    top_k: int = 0
    top_p: int = 1 << 16
    seed: int = 0
    tokens: int = 0


class BoardText:
    """Vocabulary and turns: what does not depend on the accelerator.

    Parameters
    ----------
    tokenizer : host.text.tokenizer.Tokenizer
    turns : host.text.turns.Turns
    stops : tuple of str
        What ends a reply besides the tokens that do so anyway.
    path : pathlib.Path
        The model's, for messages.

    Attributes
    ----------
    bytes : int
        Of DRAM, what the firmware computes there included, at most.

    Raises
    ------
    CelosiaError
        If the firmware cannot do what they ask for.
    """

    def __init__(self, tokenizer, turns, *, path, stops=()):
        ends = {tokenizer.piece(id).decode(errors="replace"): id for id in tokenizer.stop}
        for stop in stops:
            if stop not in ends:
                raise CelosiaError(f"{path}: what ends a reply must be a token for a board, and the vocabulary has no "
                                   f"{quoted(stop)}")
        around = max(len(f"{begin}{turns.closing}".encode()) for begin in (turns.opening, turns.between))
        if around + LINE_BYTES > TEXT_BYTES:
            raise CelosiaError(f"{path}: what the template puts around a turn must have at most "
                               f"{TEXT_BYTES - LINE_BYTES} bytes for a board, not {around}")
        self.vocabulary = pack_vocabulary(tokenizer, path)
        self.chat = _chat(tokenizer, turns)
        # The programs and the rounding to whole sectors take less than a sector for each section.
        self.bytes = (len(self.vocabulary) + len(self.chat) + ctypes.sizeof(BoardWork)
                      + _CANDIDATE_BYTES * len(tokenizer) + SECTOR * len(Section) + _ALIGNMENT)


def _chat(tokenizer, turns):
    chat = BoardChat(restarts=turns.restarts, trims=turns.trims)
    section = SectionBuilder(chat)
    for name in ("opening", "between", "closing"):
        text = getattr(turns, name).encode()
        setattr(chat, name, section.add(text))
        setattr(chat, f"{name}_bytes", len(text))
    stops = []
    # Models trained on texts one after another say that one is over by beginning the next.
    for id in sorted(tokenizer.stop | {tokenizer.bos} - {None}):
        spelled, between = tokenizer.piece(id), turns.between.encode()
        skip = len(spelled) if between.startswith(spelled) else 0
        stops.append(BoardStop(id=id, skip=skip, begins=tokenizer.is_special(id)))
    chat.stops, chat.stop_count = section.add(stops), len(stops)
    return section.content()


class BoardImage:
    """All of a file, in memory.

    Parameters
    ----------
    image : host.image.image.Image
        Of a decoder.
    text : BoardText
    name : str
        The model's, for people; what is longer than 63 bytes is cut off.
    defaults : Defaults

    Attributes
    ----------
    header : soc.cpu.board_file.BoardFile
    parts : list of (str, numpy.ndarray)
        Names and bytes (uint8) of the pieces of the file, one after another.

    Raises
    ------
    CelosiaError
        If it does not fit an address space of 32 bits, or the model is an encoder.
    """

    def __init__(self, image, text, *, name, defaults=Defaults()):
        compiled, source = image.compiled, image.header
        compiled.model.check_predicts()
        # In a layer with a window, groups would have to end where positions leave it.
        group = 1 if compiled.windows else compiled.group
        contents = {
            Section.PROGRAMS: _programs(compiled, group), Section.VOCABULARY: text.vocabulary, Section.CHAT: text.chat}
        offset, address, sections = SECTOR, source.image_bytes, {}
        for section, content in contents.items():
            sections[section] = BoardSection(offset=offset, bytes=len(content), address=address + offset,
                                             crc=_padded_crc(content))
            offset += len(content) + _padding(content)
        content = image.memory[:source.content_bytes]
        end = offset + len(content) + _padding(content)
        work = address + offset + -(address + offset) % _ALIGNMENT
        work_bytes = ctypes.sizeof(BoardWork) + _CANDIDATE_BYTES * source.vocab
        if max(work + work_bytes, end) >= 1 << 32:
            raise CelosiaError(f"{compiled.model.path}: a model must have less than 4 GiB for a board, not {end:,} "
                               f"bytes")
        sections[Section.IMAGE] = BoardSection(offset=offset, bytes=len(content), address=0,
                                               crc=_padded_crc(content))
        self.header = BoardFile(
            magic=tuple(MAGIC), version=VERSION, header_bytes=ctypes.sizeof(BoardFile),
            key_low=source.image_key & 0xFFFFFFFF, key_high=source.image_key >> 32, bus_bytes=source.bus_bits // 8,
            memory_bytes=work + work_bytes, file_bytes=end, address=address, work=work,
            work_bytes=work_bytes, context=source.context, group=group, vocab=source.vocab, logits=source.results,
            temperature=defaults.temperature, top_k=defaults.top_k, top_p=defaults.top_p,
            seed_low=defaults.seed & 0xFFFFFFFF, seed_high=defaults.seed >> 32, tokens=defaults.tokens,
            sections=tuple(sections[section] for section in Section), name=tuple(_name(name)))
        self.header.crc = zlib.crc32(bytes(self.header)[:BoardFile.crc.offset])
        pieces = {"header": bytes(self.header)} | {
            section.name.lower(): content + bytes(_padding(content)) for section, content in contents.items()}
        self.parts = [(what, np.frombuffer(piece, np.uint8)) for what, piece in pieces.items()]
        self.parts += [("image", content), ("padding", np.zeros(_padding(content), np.uint8))]

    def memory(self):
        """DRAM as it is when the file has been loaded (numpy.ndarray of uint8, ``memory_bytes`` of the header)."""
        memory = np.zeros(self.header.memory_bytes, np.uint8)
        *text, (_image, content), _padding = self.parts
        memory[:content.size] = content
        text = np.concatenate([piece for _what, piece in text])
        memory[self.header.address:self.header.address + text.size] = text
        return memory

    def check_fits(self, memory):
        """Refuse the memory of a board that this does not fit.

        Parameters
        ----------
        memory : soc.dram.memory.Memory

        Raises
        ------
        CelosiaError
            If it does not, by how many bytes.
        """
        if self.header.memory_bytes > memory.bytes:
            raise CelosiaError(f"model must need at most the {memory.bytes:,} bytes of {memory.name}, not "
                               f"{self.header.memory_bytes:,}: {self.header.memory_bytes - memory.bytes:,} too many")


def _padding(content):
    """Bytes that fill the last sector of a section."""
    return -len(content) % SECTOR


def _padded_crc(content):
    return zlib.crc32(bytes(_padding(content)), zlib.crc32(content))


def _name(name):
    """64 bytes that end with a zero, without half a character."""
    data = name.encode(errors="replace")[:63]
    return data.decode(errors="ignore").encode().ljust(64, b"\0")


def _programs(compiled, group):
    def word(tokens, part):
        return compiled.program_address(tokens, part) // compiled.config.memory.bus_bytes

    content = b""
    for tokens in range(1, group + 1):
        last, choice = (Part.DECODE, Part.CHOOSE) if tokens == 1 else (Part.LAST, Part.CHOICE)
        content += bytes(BoardPrograms(body=word(tokens, Part.BODY), last=word(tokens, last),
                                       choice=word(tokens, choice)))
    return content
