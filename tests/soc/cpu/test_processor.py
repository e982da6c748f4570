"""The processor in its surroundings: the tests of the instruction set that PicoRV32 brings."""

import re

from flow.firmware import build_program
from flow.toolchain import Toolchain
from sim.processor import SimulatedProcessor
from soc.cpu.map import Region, address
from soc.cpu.processor import SOURCE

FOLDER = SOURCE.parent / "tests"
# `simple` is what each of the others begins with.
NAMES = sorted(path.stem for path in FOLDER.glob("*.S") if path.stem != "simple")
SIZE = 1 << 16
LINK = """\
ENTRY(_start)
SECTIONS {
  . = 0;
  .text : { *(.text.start) *(.text .text.*) }
  .data : { *(.data .data.*) }
}
"""


def sources():
    """One program of all tests, each of which writes its name and OK or ERROR, and then goes on with the next."""
    files = {"link.ld": LINK, "test_macros.h": (FOLDER / "test_macros.h").read_text()}
    # Their terminal lies elsewhere.
    files["riscv_test.h"] = (FOLDER / "riscv_test.h").read_text().replace(
        "0x10000000", hex(address(Region.CONSOLE)))
    calls = []
    for name in NAMES:
        files[f"{name}.h"] = (FOLDER / f"{name}.S").read_text()
        files[f"test_{name}.S"] = "\n".join([
            f"#define TEST_FUNC_NAME test_{name}", f'#define TEST_FUNC_TXT "{name}"',
            f"#define TEST_FUNC_RET after_{name}", f'#include "{name}.h"', ""])
        calls += [f"  j test_{name}", f"  .globl after_{name}", f"after_{name}:"]
    files["start.S"] = "\n".join(['  .section .text.start, "ax"', "  .globl _start", "_start:", *calls, "  ebreak", ""])
    return files


def test_instruction_set():
    assert len(NAMES) == 44
    program = build_program("instruction-set", sources(), toolchain=Toolchain(), memory_bytes=SIZE)
    processor = SimulatedProcessor(program.content, size=SIZE)
    _, shown = processor.exchange(b"", cycles=1_000_000, quiet=20_000)
    assert processor.stopped
    assert re.findall(r"(\w+)\.\.(\w+)\n", shown.decode()) == [(name, "OK") for name in NAMES]


def test_it_runs_again_after_a_reset():
    program = build_program("instruction-set", sources(), toolchain=Toolchain(), memory_bytes=SIZE)
    processor = SimulatedProcessor(program.content, size=SIZE)
    _, first = processor.exchange(b"", cycles=5_000, quiet=5_000)
    assert first and not processor.stopped
    processor.reset()
    assert processor.exchange(b"", cycles=5_000, quiet=5_000) == (0, first)
