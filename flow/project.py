"""A Xilinx board's top to a project of Vivado, or through the openXC7 tools."""

import json
import shutil

from flow.synthesis import synthesise_rtlil
from flow.verilog import rtlil_to_verilog

__all__ = ["missing_tools", "run_project", "write_project"]

_SCRIPT = "build_top.sh"


def missing_tools(platform):
    """Names of the tools that `run_project` would need and the PATH has not got."""
    return [tool for tool in platform.required_tools if not shutil.which(tool)]


def write_project(top, *, platform, device, directory, toolchain):
    """Write all that a flow needs, and run none of its tools.

    * ``vivado``: ``top.v`` and the DRAM's controller as Verilog, ``top.xdc``, ``top.tcl``.
    * ``openxc7``: ``top.json``, the netlist that the project's own yosys makes, and ``top.xdc``.

    Both with ``build_top.sh``, which makes ``top.bit`` of it. Files that were there before are overwritten.

    Parameters
    ----------
    top : Elaboratable
        Requests its pins from the platform, and gives it the Verilog of what it has instances of.
    platform : boards.series7_platform.Series7Platform
        A new one for every project, made for one of the flows.
    device : boards.device.Device
    directory : pathlib.Path
        Is made if it is not there.
    toolchain : flow.toolchain.Toolchain

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    flow.toolchain.ToolError
        If yosys fails.
    """
    # Places in the source are left out: the same source gives the same files, wherever it lies.
    files = {name: text if isinstance(text, str) else text.decode()
             for name, text in platform.prepare(top, "top", emit_src=False).files.items()}
    rtlil = files.pop("top.il")
    if platform.toolchain == "Vivado":
        files["top.v"] = rtlil_to_verilog(rtlil, toolchain)
    else:
        verilog = "".join(files.pop(name) for name in sorted(platform.extra_files))
        synthesis = synthesise_rtlil(rtlil, device=device, verilog=verilog, toolchain=toolchain)
        files["top.json"] = _placeable(synthesis.netlist.read_text())
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text)
    return sorted(directory / name for name in files)


def _placeable(netlist):
    """Without the cells by which yosys remembers what it has flattened: older releases of nextpnr-xilinx try to
    place them (openXC7/nextpnr-xilinx, issue 67)."""
    design = json.loads(netlist)
    for module in design["modules"].values():
        module["cells"] = {name: cell for name, cell in module["cells"].items() if cell["type"] != "$scopeinfo"}
    return json.dumps(design)


def run_project(directory, toolchain):
    """Run the script of a project.

    Returns
    -------
    pathlib.Path
        The bitstream.

    Raises
    ------
    flow.toolchain.ToolError
        If one of its tools fails.
    """
    toolchain.run(["sh", _SCRIPT], cwd=directory)
    return directory / "top.bit"
