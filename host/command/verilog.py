"""`celosia verilog`: the accelerator for other people's tools."""

from dataclasses import asdict
import importlib.metadata
from pathlib import Path
import sys
from typing import Annotated

import typer

from host.command.options import DEFAULT_CONFIG, ConfigName, find_config
from host.errors import CelosiaError

__all__ = ["verilog"]


def verilog(
    config: ConfigName = DEFAULT_CONFIG,
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", metavar="FILE", show_default=False,
        help="File to write; by default stdout.")] = None,
):
    """Write the accelerator as synthesizable Verilog.

    One clock, no vendor's primitives, top module `celosia`. The same sources and tools give the same file,
    byte for byte. CELOSIA_NATIVE=1 in the environment takes yosys from the PATH.

    \b
    celosia verilog -o celosia.v
    celosia verilog --config sim-narrow > celosia-narrow.v
    """
    from host.console.output_file import output_file

    chosen = find_config(config)
    with output_file(output) as file:
        text = _convert(chosen).encode()
        if file:
            file.write(text)
        else:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()


def _convert(config):
    """Verilog of the accelerator (str)."""
    from amaranth.back import rtlil
    from amaranth.hdl import Value

    from flow.verilog import rtlil_to_verilog
    from gateware.accelerator import Accelerator
    from flow.toolchain import Toolchain, ToolError

    accelerator = Accelerator(config)
    # What only a simulation watches is no pin.
    ports = [Value.cast(value) for path, _, value in accelerator.signature.flatten(accelerator)
             if not path[0].startswith("trace_")]
    design = rtlil.convert(accelerator, name="celosia", ports=ports, emit_src=False)
    try:
        toolchain = Toolchain()
        text = rtlil_to_verilog(design, toolchain)
        made_by = f"Amaranth {importlib.metadata.version('amaranth')}, {toolchain.yosys_version}"
    except ToolError as error:
        raise CelosiaError(f"yosys: {error}") from error
    parameters = ", ".join(f"{name} {value}" for name, value in asdict(config).items() if name != "name")
    return f"// Celosia, made by {made_by}\n// Configuration {config.name}: {parameters}\n{text}"
