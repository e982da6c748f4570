"""`celosia verilog`: the accelerator, or one of its blocks, for other people's tools."""

from dataclasses import asdict
import importlib.metadata
from pathlib import Path
import sys
from typing import Annotated

import typer

from host.command.options import DEFAULT_CONFIG, find_config
from host.errors import CelosiaError

__all__ = ["verilog"]


def verilog(
    unit: Annotated[str, typer.Argument(
        metavar="UNIT", help="accelerator; dot-engine, vector-unit, dma, native-reader, native-writer, result-sink, "
                             "microcontroller, sd-host; or a board: accelerator and link.")] = "accelerator",
    config: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help=f"Configuration of the accelerator; by default that of the board, or {DEFAULT_CONFIG}.")] = None,
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", metavar="FILE", show_default=False,
        help="File to write; by default stdout.")] = None,
):
    """Write the accelerator, or one block of it, as synthesizable Verilog.

    One clock, no vendor's primitives. The top module is `celosia`, that of a block `celosia_` and its name:
    `celosia_dot_engine`. What its ports mean is said by the block's docstring; members of members are ports like
    `results__payload`, `memory__read_request__valid`, `control__start`. native-reader and native-writer are those of a
    DDR3 device of 2 Gbit; another geometry is a parameter in Python. microcontroller is a board's small processor with
    an empty memory; the Verilog of PicoRV32 (ISC licence) is part of the file. sd-host reads SD cards. The
    same sources and tools give the same file, byte for byte. CELOSIA_NATIVE=1 in the environment takes yosys from the
    PATH.

    \b
    celosia verilog -o celosia.v
    celosia verilog --config sim-narrow > celosia-narrow.v
    celosia verilog dot-engine --config ecp5 -o dot_engine.v
    """
    from boards.board import BOARDS
    from flow.units import UNITS
    from host.console.output_file import output_file

    if unit not in UNITS:
        raise CelosiaError(f"unit must be one of {', '.join(UNITS)}, not {unit!r}")
    chosen = find_config(config or (unit if unit in BOARDS else DEFAULT_CONFIG))
    with output_file(output) as file:
        text = _convert(unit, chosen).encode()
        if file:
            file.write(text)
        else:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()


def _convert(unit, config):
    """Verilog of a unit (str)."""
    from amaranth.back import rtlil

    from flow.toolchain import Toolchain, ToolError
    from flow.units import UNITS
    from flow.verilog import rtlil_to_verilog
    from flow.verilog_files import VerilogFiles
    from gateware.ports import port_signals

    component = UNITS[unit](config)
    name = "celosia" if unit == "accelerator" else f"celosia_{unit.replace('-', '_')}"
    platform = VerilogFiles()
    design = rtlil.convert(component, name=name, ports=port_signals(component, traces=False), platform=platform,
                           emit_src=False)
    try:
        toolchain = Toolchain()
        text = rtlil_to_verilog(design, toolchain)
        made_by = f"Amaranth {importlib.metadata.version('amaranth')}, {toolchain.yosys_version}"
    except ToolError as error:
        raise CelosiaError(f"yosys: {error}") from error
    what = "" if unit == "accelerator" else f": {unit}"
    parameters = "; ".join(
        f"{part}: " + ", ".join(f"{name} {value}" for name, value in shape.items())
        for part, shape in asdict(config).items() if part != "name")
    return f"// Celosia{what}, made by {made_by}\n// Configuration {config.name}; {parameters}\n{text}{platform.text}"
