"""Place and route with nextpnr-ecp5."""

from dataclasses import dataclass
import inspect
import json

from flow import floorplan
from flow.cache import cached_file
from flow.critical_path import critical_path

__all__ = ["PLACERS", "ROUTER_OPTIONS", "Route", "floorplan_source", "place_and_route", "write_netlist"]

PLACERS = {
    "static": ("--placer", "static"),
    "heap": ("--placer-heap-timingweight", "30"),
}
"""Options of nextpnr. By ``static`` wires are a fifth shorter, which the router needs for what is large; ``heap``, its
default, looks more at slack, here three times as much as when nothing is said."""

ROUTER_OPTIONS = {
    "router1": (),
    "router2": ("--tmg-ripup",),
}
"""More options of nextpnr for a router: ``router2`` also takes up wires again whose paths have become too slow. Of one
placement of ULX3S it made 73.5 in place of 72.6 MHz."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One placed and routed design.

    Attributes
    ----------
    seed : int
    mhz : float
        The highest frequency of its slowest clock, as nextpnr estimates it after routing.
    used : dict of str to tuple of int
        Cells used and cells there are, by nextpnr's names.
    path : list of flow.critical_path.Step
        The slowest path.
    """

    seed: int
    mhz: float
    used: dict
    path: list


def place_and_route(synthesis, *, device, speed, mhz, placer, seed, toolchain):
    """Place and route a netlist, or find the result in the cache.

    Timing that misses ``mhz`` is a result, not an error: it is for the caller to judge.

    Parameters
    ----------
    synthesis : flow.synthesis.Synthesis
    device : boards.device.Device
    speed : int
        Speed grade.
    mhz : float
        What nextpnr aims at.
    placer : str
        One of `PLACERS`.
    seed : int
    toolchain : flow.toolchain.Toolchain

    Returns
    -------
    Route

    Raises
    ------
    flow.toolchain.ToolError
        If nextpnr fails, for example because the design does not fit.
    """
    options = [*device.options(), *PLACERS[placer], "--speed", str(speed), "--freq", f"{mhz:g}", "--seed", str(seed),
               "--lpf-allow-unconstrained", "--timing-allow-fail"]
    # Its name is the hash of all that it was made from.
    plan = [toolchain.nextpnr_ecp5_version, synthesis.netlist.name, *floorplan_source(device), *options]

    def build(work):
        write_netlist(synthesis, device, work / "netlist.json")
        toolchain.run([*toolchain.nextpnr_ecp5, "-q", "--json", "netlist.json", "--report", "report.json",
                       "-l", "nextpnr.log", *options], cwd=work)
        return work / "report.json"

    report = json.loads(cached_file("route", ".json", build, *plan).read_text())
    clock, frequency = min(report["fmax"].items(), key=lambda item: item[1]["achieved"])
    return Route(
        seed=seed, mhz=frequency["achieved"],
        used={name: (count["used"], count["available"]) for name, count in report["utilization"].items()},
        path=critical_path(report, clock))


def write_netlist(synthesis, device, path):
    """Write the netlist, with the places of `flow.floorplan` where the device is one that it knows.

    Parameters
    ----------
    synthesis : flow.synthesis.Synthesis
    device : boards.device.Device
    path : pathlib.Path
        Of the new file.
    """
    if device.name not in floorplan.FLOORPLANNED:
        path.hardlink_to(synthesis.netlist)
        return
    netlist = json.loads(synthesis.netlist.read_text())
    floorplan.floorplan(netlist["modules"]["top"])
    path.write_text(json.dumps(netlist))


def floorplan_source(device):
    """What a cache's key must contain for `write_netlist`, as a list of texts."""
    return [inspect.getsource(floorplan)] * (device.name in floorplan.FLOORPLANNED)
