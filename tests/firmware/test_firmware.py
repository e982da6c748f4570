"""The firmware on the simulated processor, and what is made of its sources."""

import struct

import pytest

from flow.firmware import SOURCES, STACK_BYTES, build_firmware, build_program, loaded_bytes, registers_header
from flow.toolchain import ToolError, Toolchain
from gateware.activity import Counter
from sim.processor import SimulatedProcessor
from soc.cpu.map import AcceleratorRegister, BITS, SdRegister
from soc.cpu.microcontroller import PROGRAM_BYTES


def test_somebody_talks_to_it():
    content = build_firmware(toolchain=Toolchain()).content
    assert len(content) + STACK_BYTES <= PROGRAM_BYTES
    processor = SimulatedProcessor(content)

    def type_(text):
        taken, shown = processor.exchange(text, cycles=1_000_000, quiet=processor.patience)
        assert taken == len(text) and processor.quiet
        return shown

    assert type_(b"") == b"\r\nCelosia. /help prints the commands.\r\n> "
    assert type_(b"/mem 0 2X\b\r") == b"/mem 0 2X\b \b\r\n00000000: %08x %08x\r\n> " % struct.unpack(
        "<2I", content[:8])
    # Where nothing lies nothing waits.
    assert type_(b"/mem 0xf0000000\r").endswith(b"\r\nf0000000: 00000000\r\n> ")
    assert type_(b"hello\r") == b"hello\r\nthere is no model to talk to; commands begin with a slash\r\n> "
    before = processor.cycle
    cycles = int(type_(b"/time\r").split()[1])
    assert before < cycles < processor.cycle
    # More at once than the terminal's FIFO holds: nothing is lost.
    line = b"/" + bytes(range(0x61, 0x7B)) * 8
    assert type_(line + b"\r").startswith(line + b"\r\nthere is no command ")


def test_a_program_without_room_for_its_stack_is_refused():
    files = {path.name: path.read_text() for path in SOURCES.iterdir() if path.name in ("start.S", "link.ld")}
    files["main.c"] = "char data[3000] = {1};\nint main(void) { return ((volatile char *)data)[5]; }\n"
    assert len(build_program("full", files, toolchain=Toolchain(), memory_bytes=8192).content) > 3000
    with pytest.raises(ToolError, match="the firmware leaves no room for its stack"):
        build_program("full", files, toolchain=Toolchain(), memory_bytes=4096)


def test_registers_header():
    lines = registers_header().splitlines()
    assert lines[:2] == ["/* Printed by flow/firmware.py from soc/cpu/map.py. */", "#pragma once"]
    for line in ("CONSOLE_DATA 0x80000000u", "CONSOLE_STATUS 0x80000004u", "SD_CLOCK 0xe0000000u",
                 "SD_SUM 0xe0000020u", "TIMER_LOW 0x90000000u", "TIMER_RATE 0x90000008u",
                 "DRAM 0x40000000u", "CONTROLLER_STATE 0xa0010000u",
                 "ACCELERATOR_VERSION 0xb0000000u", "ACCELERATOR_START 0xb0000030u", "ACCELERATOR_COUNTER 0xb0000040u",
                 "ACCELERATOR_COUNTER_BUSY 0xb0000040u", "ACCELERATOR_COUNTER_WRITE_BEATS 0xb000004cu",
                 "CONSOLE_DATA_TYPED 0x100u", "ACCELERATOR_OWN_LINK 0x2u", "SD_STATE_DATA_LINE 0x4u"):
        assert f"#define {line}" in lines
    assert len(lines) == len(set(lines)) == (
        9 + len(SdRegister) + len(AcceleratorRegister) + len(Counter) + sum(map(len, BITS.values())))


@pytest.mark.parametrize("change", [slice(0, 4), slice(4, 5), slice(5, 6), slice(18, 20)])
def test_other_files_are_no_programs(change):
    elf = bytearray(build_firmware(toolchain=Toolchain()).elf.read_bytes())
    elf[change] = bytes(9)[change.start:change.stop] if change.stop < 9 else b"\0\0"
    with pytest.raises(ValueError, match="^ELF file must be one of 32 bits, little-endian, for RISC-V$"):
        loaded_bytes(bytes(elf))
