"""`celosia firmware`: the program of a board's small processor."""

import json
from pathlib import Path
from typing import Annotated

import typer

from host.errors import CelosiaError

__all__ = ["firmware"]


def firmware(
    board: Annotated[str | None, typer.Argument(
        metavar="[BOARD]", show_default=False, help="For this board: with the training of its DRAM, if that needs one.")
    ] = None,
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", metavar="FILE", show_default=False, help="Write the ELF file there.")] = None,
    json_: Annotated[Path | None, typer.Option(
        "--json", metavar="FILE", show_default=False, help="Write the sizes to FILE as JSON.")] = None,
):
    """Compile firmware/ for the RISC-V processor of a board, and say how large it is.

    The compiler is that of ziglang; the addresses of registers come from soc/cpu/map.py. No board has run it: it runs
    in simulations.

    \b
    celosia firmware
    celosia firmware ecpix5 -o firmware.elf
    """
    from boards.board import BOARDS
    from flow.board_firmware import board_firmware
    from flow.firmware import STACK_BYTES, build_firmware
    from flow.toolchain import Toolchain
    from host.console.output_file import output_file, takes_stdout
    from soc.cpu.microcontroller import PROGRAM_BYTES

    boards = [name for name, each in BOARDS.items() if each.takes_processor]
    if board is not None and board not in boards:
        raise CelosiaError(f"board must be one of {', '.join(boards)}, not {board!r}")
    with output_file(output) as elf, output_file(json_) as report:
        toolchain = Toolchain()
        made = board_firmware(BOARDS[board].memory, toolchain=toolchain) if board else build_firmware(
            toolchain=toolchain)
        sizes = {"program_bytes": len(made.content), "memory_bytes": PROGRAM_BYTES, "least_stack_bytes": STACK_BYTES}
        if elf:
            elf.write(made.elf.read_bytes())
        if report:
            report.write(f"{json.dumps(sizes, indent=2)}\n".encode())
    if not takes_stdout(output, json_):
        typer.echo(f"firmware: {len(made.content):,} of {PROGRAM_BYTES:,} bytes, code and data; "
                   f"{STACK_BYTES:,} at least are left for the stack")
