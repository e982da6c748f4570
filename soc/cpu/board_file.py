"""What a board needs of a model, in one file: ``*.celosia``.

A header, what the firmware needs to talk with the model, and the memory image. The header and what follows it lie in
DRAM as they lie in the file, from :attr:`BoardFile.address` on, behind all that the accelerator uses; the image lies
from byte 0 on. So whoever loads the file copies two pieces, and C reads all of it in place.

    file    | header, programs, vocabulary, chat | image |
    DRAM    | image, KV cache, logits | header, programs, vocabulary, chat | work |

Numbers are little-endian words of 32 bits. What a field calls an offset is in bytes from the first byte of the section
that it is in, a multiple of 4 where words lie there.

This file is the only definition: the host packs with it, :mod:`flow.firmware` prints ``board_file.h``, which
``firmware/`` includes. It knows nothing of Amaranth.
"""

from ctypes import LittleEndianStructure, c_uint8, c_uint32
from enum import IntEnum

__all__ = ["BoardChat", "BoardClass", "BoardFile", "BoardLetter", "BoardMerge", "BoardPart", "BoardPrograms",
           "BoardSection", "BoardSpecial", "BoardStop", "BoardVocabulary", "BoardWork", "CharacterClass", "Cut",
           "ENUMS", "IMAGE_BYTES_OFFSET", "IMAGE_MAGIC", "LINE_BYTES", "MAGIC", "NOTHING", "SECTOR", "STRUCTURES",
           "Section", "TEXT_BYTES", "VERSION", "board_header"]

MAGIC = b"CELOSIA\x01"
"""First bytes of a file."""

VERSION = 1
"""Changes with the meaning of any byte."""

IMAGE_MAGIC, IMAGE_BYTES_OFFSET = b"CELOSIA\0", 32
"""First bytes of a memory image, and where its header says how many bytes of DRAM it needs: there the file lies."""

SECTOR = 512
"""Sections begin at multiples of it, as those of a memory card do."""

NOTHING = 0xFFFFFFFF
"""In place of an id: there is none. As a rank: the pair is not merged."""

LINE_BYTES = 256
"""Longest line that is typed, with the zero at its end."""

TEXT_BYTES = 4096
"""Longest text that is encoded: a turn, with what the template puts around it."""


class Section(IntEnum):
    """Sections of a file, in their order in :attr:`BoardFile.sections`."""

    IMAGE = 0       #: the memory image: `host.image.image`
    PROGRAMS = 1    #: a `BoardPrograms` for each number of tokens, from 1 on
    VOCABULARY = 2  #: a `BoardVocabulary` and what it points to
    CHAT = 3        #: a `BoardChat` and what it points to


class Cut(IntEnum):
    """How a text is cut before pieces are merged."""

    NONE = 0   #: not at all: SentencePiece
    GPT2 = 1   #: as GPT-2 does it
    LLAMA = 2  #: as Llama 3 does it


class CharacterClass(IntEnum):
    """What cutting tells apart."""

    OTHER = 0
    LETTER = 1
    NUMBER = 2
    SPACE = 3


class BoardSection(LittleEndianStructure):
    """Where a section lies.

    ``offset`` is from the first byte of the file, ``address`` where it goes to in DRAM. ``crc`` is the CRC-32 (that of
    zlib) of its ``bytes`` and of the zeros that fill its last sector. The image goes to DRAM before the others, which
    may lie where its last sector ends.
    """

    _fields_ = [("offset", c_uint32), ("bytes", c_uint32), ("address", c_uint32), ("crc", c_uint32)]


class BoardFile(LittleEndianStructure):
    """The header, one sector.

    ``key_low`` and ``key_high`` are :attr:`gateware.config.Config.image_key`; ``memory_bytes`` is what the model needs
    of DRAM, ``work`` included, where the firmware keeps what it computes; ``address`` is that of the header itself.
    ``logits`` is the address of those of a token, fp32. The defaults of sampling:
    ``temperature`` and ``top_p`` in 1/65536, ``top_k`` 0 for all; ``tokens`` is the most of a reply, 0 for no such
    bound. ``name`` ends with a zero. ``crc`` is the CRC-32 of all that comes before it.
    """

    _fields_ = [
        ("magic", c_uint8 * 8), ("version", c_uint32), ("header_bytes", c_uint32),
        ("key_low", c_uint32), ("key_high", c_uint32), ("bus_bytes", c_uint32),
        ("memory_bytes", c_uint32), ("file_bytes", c_uint32), ("address", c_uint32),
        ("work", c_uint32), ("work_bytes", c_uint32),
        ("context", c_uint32), ("group", c_uint32), ("vocab", c_uint32), ("logits", c_uint32),
        ("temperature", c_uint32), ("top_k", c_uint32), ("top_p", c_uint32), ("seed_low", c_uint32),
        ("seed_high", c_uint32), ("tokens", c_uint32),
        ("sections", BoardSection * len(Section)), ("name", c_uint8 * 64), ("reserved", c_uint32 * 73),
        ("crc", c_uint32)]


class BoardPrograms(LittleEndianStructure):
    """The programs of so many tokens, as bus words of DRAM: what the register PROGRAM takes.

    ``body`` is for tokens after which nothing is predicted. To predict after the last one of several tokens, ``last``
    with logits or ``choice`` without follows ``body``; a single token has ``last`` or ``choice`` in place of it.
    """

    _fields_ = [("body", c_uint32), ("last", c_uint32), ("choice", c_uint32)]


class BoardVocabulary(LittleEndianStructure):
    """Tokens, and how a text becomes tokens.

    A text is cut (`Cut`; ``digits`` of a number stay together, 0: all), and each cut begins as symbols: its bytes
    (``bytes`` is 1) or its characters. Neighbours are merged, the pair of the lowest rank first. A symbol below
    ``count`` is a token; any other falls apart into bytes, which ``byte_tokens`` are the tokens of, or is ``unknown``.

    Attributes
    ----------
    pieces
        Offset of ``count`` + 1 offsets: a token stands for the bytes from its own to the next.
    byte_tokens
        Offset of 256 ids, or NOTHING.
    letters
        Offset of ``letter_count`` `BoardLetter`, ascending; one at least.
    merges
        Offset of ``merge_count`` `BoardMerge`, ascending; one at least.
    whole
        Offset of ``whole_count`` ids, ascending by the bytes of the token: a cut that is one of these is not merged.
    specials
        Offset of ``special_count`` `BoardSpecial`, the longest first: they are cut out of a text before all else.
    classes
        Offset of ``class_count`` `BoardClass`, ascending.
    """

    _fields_ = [(name, c_uint32) for name in (
        "count", "cut", "digits", "bytes", "adds_space", "adds_bos", "bos", "unknown", "pieces", "byte_tokens",
        "letters", "letter_count", "merges", "merge_count", "whole", "whole_count", "specials", "special_count",
        "classes", "class_count")]


class BoardLetter(LittleEndianStructure):
    """A byte, or a character that tokens have, and the symbol that it begins as."""

    _fields_ = [("code", c_uint32), ("symbol", c_uint32)]


class BoardClass(LittleEndianStructure):
    """From a character on, all are of a `CharacterClass`."""

    _fields_ = [("code", c_uint32), ("kind", c_uint32)]


class BoardMerge(LittleEndianStructure):
    """A pair of symbols that can be merged."""

    _fields_ = [("left", c_uint32), ("right", c_uint32), ("rank", c_uint32), ("result", c_uint32)]


class BoardSpecial(LittleEndianStructure):
    """A token that is cut out of a text that spells it: ``bytes`` from offset ``text`` on.

    One that is ``user_defined`` also where special tokens do not count. ``strips`` says that white space behind it goes
    with it.
    """

    _fields_ = [("id", c_uint32), ("text", c_uint32), ("bytes", c_uint32), ("user_defined", c_uint32),
                ("strips", c_uint32)]


class BoardStop(LittleEndianStructure):
    """A token that ends a reply.

    Where the text between turns begins with its spelling, of ``skip`` bytes, the token stays in the context; 0: it does
    not. ``begins`` says that what follows it is a text of its own, which a space may be put before.
    """

    _fields_ = [("id", c_uint32), ("skip", c_uint32), ("begins", c_uint32)]


class BoardChat(LittleEndianStructure):
    """What is put around what a user types; each text has an offset and a length.

    ``opening`` comes before the first turn, ``between`` before any other, ``closing`` behind a turn; the reply follows.
    With ``restarts``, a reply that the model ended ends the conversation, too. With ``trims``, white space around a
    turn is left out. ``stops`` is the offset of ``stop_count`` `BoardStop`.
    """

    _fields_ = [(name, c_uint32) for name in (
        "opening", "opening_bytes", "between", "between_bytes", "closing", "closing_bytes", "restarts", "trims",
        "stops", "stop_count")]


class BoardPart(LittleEndianStructure):
    """A symbol of a text that is encoded, and what merging it with the next one would give."""

    _fields_ = [("start", c_uint32), ("symbol", c_uint32), ("rank", c_uint32), ("result", c_uint32)]


class BoardWork(LittleEndianStructure):
    """What the firmware keeps in DRAM; behind it are two words for each token of the vocabulary."""

    _fields_ = [("text", c_uint8 * TEXT_BYTES), ("marks", c_uint32 * TEXT_BYTES), ("ids", c_uint32 * (2 * TEXT_BYTES)),
                ("parts", BoardPart * (TEXT_BYTES + 2))]


STRUCTURES = {
    "board_section": BoardSection, "board_file": BoardFile, "board_programs": BoardPrograms,
    "board_vocabulary": BoardVocabulary, "board_letter": BoardLetter, "board_class": BoardClass,
    "board_merge": BoardMerge, "board_special": BoardSpecial, "board_stop": BoardStop, "board_chat": BoardChat,
    "board_part": BoardPart, "board_work": BoardWork}
"""By their names in C."""

ENUMS = {"SECTION": Section, "CUT": Cut, "CLASS": CharacterClass}
"""By the beginning of their names in C."""


def board_header():
    """``board_file.h``: all of this for C, with the offset of every field as the compiler has to see it (str)."""
    lines = ["/* Printed by flow/firmware.py from soc/cpu/board_file.py, where everything is explained. */",
             "#pragma once", "#include <stddef.h>", "#include <stdint.h>",
             *(f"#define {name} " + " ".join(f'"\\x{byte:02x}"' for byte in magic)
               for name, magic in (("BOARD_MAGIC", MAGIC), ("IMAGE_MAGIC", IMAGE_MAGIC)))]
    for name, value in (("BOARD_VERSION", VERSION), ("BOARD_SECTOR", SECTOR), ("NOTHING", NOTHING),
                        ("IMAGE_BYTES_OFFSET", IMAGE_BYTES_OFFSET), ("LINE_BYTES", LINE_BYTES),
                        ("TEXT_BYTES", TEXT_BYTES)):
        lines.append(f"#define {name} {value}u")
    for prefix, values in ENUMS.items():
        lines.append("enum { " + ", ".join(f"{prefix}_{value.name} = {int(value)}" for value in values) + " };")
    names = {structure: name for name, structure in STRUCTURES.items()}
    for name, structure in STRUCTURES.items():
        members = [_member(field, kind, names) for field, kind in structure._fields_]
        lines += [f"struct {name} {{", *(f"  {member};" for member in members), "};"]
        lines += [f'_Static_assert(offsetof(struct {name}, {field}) == {getattr(structure, field).offset}, "{field}");'
                  for field, _kind in structure._fields_]
    return "\n".join(lines) + "\n"


def _member(field, kind, names):
    """Declaration of a field in C."""
    length = f"[{kind._length_}]" if hasattr(kind, "_length_") else ""
    kind = kind._type_ if length else kind
    spelled = f"struct {names[kind]}" if kind in names else {c_uint8: "uint8_t", c_uint32: "uint32_t"}[kind]
    return f"{spelled} {field}{length}"
