"""A design to a netlist of a device's cells."""

from collections import Counter
from dataclasses import dataclass
import inspect
import json

from flow import output_registers, ram_addresses, rtlil
from flow.cache import cached_file
from flow.verilog_files import VerilogFiles

__all__ = ["Synthesis", "resources", "synthesise", "synthesise_rtlil"]

# Checks are for simulations. Only `gateware.block_ram.BlockRam` reads a memory with a clock, and never the
# word that is being written: without this mask yosys puts multiplexers behind the block RAM that keep an
# order which nobody needs.
_READ = """\
read_rtlil design.il
chformal -remove
setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2 r:CLK_ENABLE=1 %i
"""
_HIDE_ELEMENTS = "rename -hide w:*\\[*\n"
# Multiplexers that join neighbouring LUTs save none here, and what is joined must be placed as one piece.
_COMMANDS = {
    "ecp5": "synth_ecp5 -nowidelut -top top",
    "xc7": "synth_xilinx -family xc7 -flatten -abc9 -top top",
}
# What counts as a LUT: on ECP5 a carry cell is two, a 16 x 4 LUT RAM four and the two that carry its address.
_KINDS = {
    "ecp5": {
        "luts": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},
        "ffs": {"TRELLIS_FF": 1},
        "dsps": {"MULT18X18D": 1},
        "brams": {"DP16KD": 1, "PDPW16KD": 1},
    },
    "xc7": {
        "luts": {f"LUT{size}": 1 for size in range(1, 7)} | {
            "RAM32X1D": 2, "RAM64X1D": 2, "RAM32M": 4, "RAM64M": 4, "SRL16E": 1, "SRLC32E": 1},
        "ffs": dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), 1),
        "dsps": {"DSP48E1": 1},
        "brams": {"RAMB36E1": 1, "RAMB18E1": 0.5},
    },
}


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A netlist.

    Attributes
    ----------
    netlist : pathlib.Path
        Yosys's JSON, in the cache.
    cells : dict of str to int
        Number of the device's cells, by their types.
    """

    netlist: object
    cells: dict


def synthesise(design, *, device, platform, toolchain, ports=None, element_names=True):
    """Synthesise a design, or find it in the cache.

    Parameters
    ----------
    design : Elaboratable
    device : boards.device.Device
        Only its family matters.
    platform : object
        Is handed to the design: the vendor's variants.
    toolchain : flow.toolchain.Toolchain
    ports : list of Signal
        Top-level ports; not needed for a `wiring.Component`, which knows its own.
    element_names : bool
        See `synthesise_rtlil`.

    Returns
    -------
    Synthesis

    Raises
    ------
    flow.toolchain.ToolError
        If yosys fails.
    """
    # Places in the source are left out: the netlist must not depend on where the project lies.
    platform = VerilogFiles(platform)
    text = rtlil.convert(design, name="top", ports=ports, platform=platform, emit_src=False)
    return synthesise_rtlil(text, device=device, toolchain=toolchain, verilog=platform.text,
                            element_names=element_names)


def synthesise_rtlil(text, *, device, toolchain, verilog="", element_names=True):
    """Synthesise a design that has been converted, or find it in the cache.

    Parameters
    ----------
    text : str
        RTLIL; its top module is called ``top``.
    device, toolchain
        As in `synthesise`.
    verilog : str
        Modules of which the design has instances.
    element_names : bool
        Whether wires keep the names of elements of arrays, like ``distances[1]``. The map of names through which yosys
        (0.70) takes back what abc9 has made of the logic can take such a wire for a bit of another one; then it stops
        with `Assert GetSize(conn.first) == GetSize(conn.second)`. Without these names it cannot.

    Returns
    -------
    Synthesis

    Raises
    ------
    flow.toolchain.ToolError
        If yosys fails.
    """
    modules = "read_verilog modules.v\n" if verilog else ""
    hidden = "" if element_names else _HIDE_ELEMENTS
    script = f"{_READ}{hidden}{modules}{_COMMANDS[device.family]}\nwrite_json netlist.json\n"

    def build(work):
        (work / "design.il").write_text(text)
        (work / "modules.v").write_text(verilog)
        (work / "design.ys").write_text(script)
        toolchain.run([*toolchain.yosys, "-q", "-l", "yosys.log", "-s", "design.ys"], cwd=work,
                      log=work / "yosys.log")
        if device.family == "ecp5":
            _finish(work / "netlist.json")
        return work / "netlist.json"

    parts = [toolchain.yosys_version, script, text] + [verilog] * bool(verilog)
    if device.family == "ecp5":
        parts += [inspect.getsource(module) for module in (output_registers, ram_addresses)]
    netlist = cached_file("netlist", ".json", build, *parts)
    return Synthesis(netlist=netlist, cells=_count(netlist))


def _finish(path):
    netlist = json.loads(path.read_text())
    output_registers.merge_output_registers(netlist["modules"]["top"])
    ram_addresses.localise_addresses(netlist["modules"]["top"])
    path.write_text(json.dumps(netlist))


def _count(netlist):
    """Cells of the top module by their types; the flow flattens the design."""
    modules = json.loads(netlist.read_text())["modules"]
    kinds = Counter(cell["type"] for cell in modules["top"]["cells"].values())
    # `$scopeinfo` remembers the modules that were flattened.
    return {kind: kinds[kind] for kind in sorted(kinds) if kind != "$scopeinfo"}


def resources(cells, family):
    """Cells in the terms of a data sheet.

    Parameters
    ----------
    cells : dict of str to int
    family : str

    Returns
    -------
    dict
        ``luts``, ``ffs``, ``dsps``, ``brams``; an 18 Kbit RAM of the 7-series is half of one.
    """
    return {name: sum(number * cells.get(kind, 0) for kind, number in kinds.items())
            for name, kinds in _KINDS[family].items()}
