"""`celosia firmware`: the program of a board's small processor."""

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["firmware"]


def firmware(
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", metavar="FILE", show_default=False, help="Write the ELF file there.")] = None,
    json_: Annotated[Path | None, typer.Option(
        "--json", metavar="FILE", show_default=False, help="Write the sizes to FILE as JSON.")] = None,
):
    """Compile firmware/ for the RISC-V processor of a board, and say how large it is.

    The compiler is that of ziglang; the addresses of registers come from soc/cpu/map.py. No board has the processor
    yet: the program runs in simulations.

    \b
    celosia firmware
    celosia firmware -o firmware.elf
    """
    from flow.firmware import STACK_BYTES, build_firmware
    from flow.toolchain import Toolchain
    from host.console.output_file import output_file, takes_stdout
    from soc.cpu.microcontroller import PROGRAM_BYTES

    with output_file(output) as elf, output_file(json_) as report:
        made = build_firmware(toolchain=Toolchain())
        sizes = {"program_bytes": len(made.content), "memory_bytes": PROGRAM_BYTES, "least_stack_bytes": STACK_BYTES}
        if elf:
            elf.write(made.elf.read_bytes())
        if report:
            report.write(f"{json.dumps(sizes, indent=2)}\n".encode())
    if not takes_stdout(output, json_):
        typer.echo(f"firmware: {len(made.content):,} of {PROGRAM_BYTES:,} bytes, code and data; "
                   f"{STACK_BYTES:,} at least are left for the stack")
