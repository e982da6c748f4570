"""The slowest path of a routed design, in the names of its source."""

from dataclasses import dataclass
import re

__all__ = ["Step", "critical_path", "source_steps"]

# yosys names a cell or net that is not in the source after one that is: `sum.row_TRELLIS_FF_Q_DI_LUT4_Z` lies
# at the register `sum.row`, `partial_1.1.4_DO_LUT4_B` behind the memory `partial_1`. nextpnr appends `$...`.
_DERIVED = re.compile(
    r"\$.*|(\.\d+)*_(DO|DI|WAD|RAD|WRE|AD[ABW])\w*\d*(_.*|$)|(\.\d+)+$"
    r"|_(TRELLIS_FF|LUT4|CCU2C|PFUMX|L6MUX21|DP16KD|TRELLIS_DPR16X4|MULT18X18D)_.*|\[\d+\]$")
# Amaranth numbers a name that a scope has twice: `vector$245.fetch.left`.
_NUMBER = re.compile(r"(?<=\w)\$\d+(?=[._\[]|$)")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a path: through logic that belongs to one signal of the source.

    Attributes
    ----------
    name : str
        Signal, register or memory, with the modules it lies in.
    logic, routing : float
        Nanoseconds in cells and between them.
    """

    name: str
    logic: float
    routing: float


def critical_path(report, clock):
    """The slowest path of a clock's own, be it from one of its edges to the same or to the other one.

    Parameters
    ----------
    report : dict
        nextpnr's report.
    clock : str
        Name of the clock's net.

    Returns
    -------
    list of Step
        From register to register.
    """
    edges = {f"posedge {clock}", f"negedge {clock}"}
    return source_steps(next(path["path"] for path in report["critical_paths"] if {path["from"], path["to"]} <= edges))


def source_steps(parts):
    """The parts of a path in nextpnr's report, joined where they belong to one signal of the source.

    Parameters
    ----------
    parts : list of dict

    Returns
    -------
    list of Step
        From register to register.
    """
    steps = []
    for part in parts:
        name = next(filter(None, map(_source_name, (part.get("net", ""), part["to"]["cell"]))), "")
        logic, routing = (0, part["delay"]) if part["type"] == "routing" else (part["delay"], 0)
        if steps and name in ("", steps[-1].name):
            last = steps.pop()
            name, logic, routing = last.name, last.logic + logic, last.routing + routing
        steps.append(Step(name=name, logic=logic, routing=routing))
    return steps


def _source_name(name):
    return _DERIVED.sub("", _NUMBER.sub("", name)).removeprefix("unit.").rstrip(".")
