"""The slowest path of a routed design, in the names of its source."""

from dataclasses import dataclass
import re

__all__ = ["Step", "critical_path"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a path.

    Attributes
    ----------
    ns : float
        Delay of the part.
    kind : str
        ``"clk-to-q"``, ``"logic"``, ``"routing"`` or ``"setup"``.
    name : str
        Signal of the source that the part drives or crosses, with the modules it lies in; empty where yosys made a
        signal of its own.
    place : str
        Where on the chip the part ends.
    """

    ns: float
    kind: str
    name: str
    place: str


def critical_path(report, clock):
    """The slowest path within a clock domain.

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
    edge = f"posedge {clock}"
    path = next(path["path"] for path in report["critical_paths"] if path["from"] == path["to"] == edge)
    return [Step(ns=part["delay"], kind=part["type"], name=_source_name(part),
                 place=f"{part['to']['cell'] and part['to']['loc']}".replace("[", "").replace("]", ""))
            for part in path]


def _source_name(part):
    """The user's name in the name of a net or cell, if there is one.

    yosys's own names begin with a `$`; nextpnr appends parts of its own to a cell's name.
    """
    for name in (part.get("net", ""), part["to"]["cell"], part["from"]["cell"]):
        name = re.split(r"_(?:TRELLIS_FF|LUT4|CCU2C|PFUMX|L6MUX21|DP16KD|TRELLIS_DPR16X4)\b|\$", name)[0]
        if name:
            return name.removeprefix("unit.")
    return ""
