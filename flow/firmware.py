"""The firmware of a board's processor: from C to the content of its program memory.

    soc/cpu/map.py -> registers.h --------+
    soc/cpu/board_file.py -> board_file.h +
    flow/board_header.py -> board.h ------+
    firmware/*.S, *.c, *.h ---------------+-> zig cc -> ELF -> bytes from address 0 on

Nothing is linked but the compiler's own routines (64 bits, memcpy and its like): no C library.
"""

from dataclasses import dataclass
from pathlib import Path
import struct

from flow.cache import cached_file
from flow.fat_library import fat_sources
from gateware.activity import Counter
from soc.cpu.board_file import board_file_header
from soc.cpu.map import AcceleratorRegister, BITS, REGISTERS, Region, address
from soc.cpu.microcontroller import PROGRAM_BYTES

__all__ = ["Firmware", "build_firmware", "build_program", "loaded_bytes", "printed_headers", "registers_header"]

SOURCES = Path(__file__).parents[1] / "firmware"
STACK_BYTES = 2048
"""Room that is left for the stack at least."""

_TARGET = ("--target=riscv32-freestanding-none", "-mcpu=generic_rv32+m")
# Smaller than by -Os alone: functions are put into others only where that saves room, and what occurs several times is
# made a function.
_FLAGS = ("-Os", "-mllvm", "-inline-threshold=0", "-mllvm", "-enable-machine-outliner=always", "-s", "-std=c11",
          "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-sanitize=undefined", "-nostdlib",
          "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections")
_LOADED = 1  # the type of a segment of an ELF file that is loaded
_MACHINE = 243  # RISC-V


@dataclass(frozen=True, kw_only=True)
class Firmware:
    """A program for the board's processor.

    Attributes
    ----------
    elf : pathlib.Path
        In the cache.
    content : bytes
        Of the program memory, from address 0 on.
    """

    elf: Path
    content: bytes


def registers_header():
    """``registers.h``: where DRAM is seen, the address of every register and counter, and bits (str, C)."""
    lines = ["/* Printed by flow/firmware.py from soc/cpu/map.py. */", "#pragma once",
             f"#define DRAM 0x{address(Region.DRAM):08x}u"]
    for region, registers in REGISTERS.items():
        for register in registers:
            lines.append(f"#define {region.name}_{register.name} 0x{address(region, register):08x}u")
    for counter in Counter:
        place = address(Region.ACCELERATOR, AcceleratorRegister.COUNTER + 4 * counter)
        lines.append(f"#define ACCELERATOR_COUNTER_{counter.name} 0x{place:08x}u")
    for (region, register), bits in BITS.items():
        for bit in bits:
            lines.append(f"#define {region.name}_{register.name}_{bit.name} 0x{1 << bit:x}u")
    return "\n".join(lines) + "\n"


def printed_headers():
    """The headers that ``firmware/`` includes and that are printed from Python: dict of str to str."""
    return {"registers.h": registers_header(), "board_file.h": board_file_header()}


def build_firmware(*, toolchain, board="#pragma once\n"):
    """Compile ``firmware/`` for a program memory of ``PROGRAM_BYTES``; see :func:`build_program`.

    Parameters
    ----------
    toolchain : flow.toolchain.Toolchain
    board : str
        ``board.h``, see :mod:`flow.board_header`; by default that of a board whose DRAM needs no firmware.

    Returns
    -------
    Firmware
    """
    sources = sorted(path for path in SOURCES.iterdir() if path.suffix in (".S", ".c", ".h", ".ld"))
    files = fat_sources() | {path.name: path.read_text() for path in sources} | {"board.h": board}
    return build_program("firmware", files, toolchain=toolchain, memory_bytes=PROGRAM_BYTES)


def build_program(name, files, *, toolchain, memory_bytes):
    """Compile a program for the processor, or find it in the cache.

    Parameters
    ----------
    name : str
        Begins the name of the file.
    files : dict of str to str
        Sources by their names: C, assembler, headers, and ``link.ld``.
    toolchain : flow.toolchain.Toolchain
    memory_bytes : int
        Size of the program memory.

    Returns
    -------
    Firmware

    Raises
    ------
    flow.cache.CacheError
        If the cache cannot be used.
    flow.toolchain.ToolError
        If a source is wrong, or ``link.ld`` finds no room for the stack.
    """
    memory = f"MEMORY_BYTES = {memory_bytes};\nSTACK_BYTES = {STACK_BYTES};\n"
    files = files | printed_headers() | {"memory.ld": memory}
    options = [*_TARGET, *_FLAGS, "-Wl,-T,link.ld"]
    inputs = [path for path in files if path.endswith((".S", ".c"))]

    def build(work):
        for path, text in files.items():
            (work / path).write_text(text)
        toolchain.run([*toolchain.cc, *options, "-I.", *inputs, "-o", "program.elf", "-lcompiler_rt"], cwd=work)
        return work / "program.elf"

    elf = cached_file(name, ".elf", build, toolchain.cc_version, " ".join([*options, *inputs]),
                      *(text for item in files.items() for text in item))
    return Firmware(elf=elf, content=loaded_bytes(elf.read_bytes()))


def loaded_bytes(elf):
    """What an ELF file (bytes) for a 32-bit RISC-V puts into memory, from address 0 on (bytes).

    Raises
    ------
    ValueError
        If it is another file.
    """
    if elf[:6] != b"\x7fELF\x01\x01" or struct.unpack_from("<H", elf, 18)[0] != _MACHINE:
        raise ValueError("ELF file must be one of 32 bits, little-endian, for RISC-V")
    table, = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    content = bytearray()
    for index in range(count):
        kind, offset, _virtual, start, length = struct.unpack_from("<5I", elf, table + index * size)
        if kind == _LOADED and length:
            content.extend(bytes(max(start + length - len(content), 0)))
            content[start:start + length] = elf[offset:offset + length]
    return bytes(content)
