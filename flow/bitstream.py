"""A board's top to a bitstream."""

from dataclasses import asdict, dataclass
import json
from pathlib import Path
import resource
import time
from zipfile import ZIP_DEFLATED, ZipFile

from flow.cache import cached_file
from flow.clock_tree import ClockTree
from flow.conversion import convert_top
from flow.critical_path import critical_path
from flow.crossings import judge_crossings
from flow.place_and_route import PLACERS, ROUTER_OPTIONS, floorplan_source, write_netlist
from flow.router_watch import route
from flow.synthesis import resources, synthesise_rtlil

__all__ = ["Bitstream", "build_bitstream"]

_PACKED = ("top.bit", "top.svf")


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """What was packed, and whether it may be used.

    Attributes
    ----------
    name : str
        Board and configuration.
    device : boards.device.Device
    seed : int
    used : dict
        ``luts``, ``ffs``, ``dsps``, ``brams``.
    clocks : dict of str to (float, float)
        MHz that nextpnr estimates after routing and MHz that are wanted, by the clocks' nets.
    path : list of flow.critical_path.Step
        The slowest path of the clock that has the least to spare.
    crossings : list of flow.crossings.Crossing
        Slowest paths from clock to clock, what is most urgent first.
    seconds, megabytes : float
        Of place and route and packing, when that was done; the most memory that one of the tools took.
    tools : str
    archive : pathlib.Path
        A ZIP file with ``top.bit`` and ``top.svf``, in the cache.
    """

    name: str
    device: object
    seed: int
    used: dict
    clocks: dict
    path: list
    crossings: list
    seconds: float
    megabytes: float
    tools: str
    archive: Path

    @property
    def failures(self):
        """Clocks that are too slow and crossings that take too long, in words; empty if all is well."""
        slow = [f"{name}: {mhz:.1f} MHz, not {wanted:g}" for name, (mhz, wanted) in self.clocks.items() if mhz < wanted]
        return slow + [crossing.failure for crossing in self.crossings if crossing.failure]

    def write(self, directory):
        """Put the files into a directory; none, and none of an earlier build, if a clock is missed.

        Returns
        -------
        list of pathlib.Path
            What was written: for the board's SRAM or flash ``.bit``, for JTAG ``.svf``.
        """
        directory.mkdir(parents=True, exist_ok=True)
        paths = {name: directory / f"{self.name}{Path(name).suffix}" for name in _PACKED}
        for path in paths.values():
            path.unlink(missing_ok=True)
        if self.failures:
            return []
        with ZipFile(self.archive) as archive:
            for name, path in paths.items():
                path.write_bytes(archive.read(name))
        return list(paths.values())

    def to_json(self, paths):
        """The figures as a JSON text, with the files that were written."""
        return json.dumps({
            "bitstream": self.name, "device": self.device.name, "tools": self.tools, "seed": self.seed,
            "used": self.used, "available": {name: getattr(self.device, name) for name in self.used},
            "clocks": {name: {"mhz": mhz, "wanted_mhz": wanted} for name, (mhz, wanted) in self.clocks.items()},
            "critical_path": [asdict(step) for step in self.path],
            "crossings": [crossing.to_json() for crossing in self.crossings], "failures": self.failures,
            "route_seconds": self.seconds, "peak_megabytes": self.megabytes, "files": [str(path) for path in paths],
        }, indent=2) + "\n"

    def to_text(self, paths):
        """The figures for a terminal, with the files that were written."""
        lines = [f"{self.name}, {self.device.name}, seed {self.seed} ({self.tools})"]
        for name, number in self.used.items():
            available = getattr(self.device, name)
            lines.append(f"{name.upper():<6}{number:>9,g} of {available:>7,}  {number / available:>6.1%}")
        lines += [f"MHz   {mhz:.1f}, wanted {wanted:g}: {name}" for name, (mhz, wanted) in self.clocks.items()]
        lines.append("slowest path; ns of logic, of routing:")
        lines += _steps(self.path)
        lines += [f"clock to clock: {crossing.to_text()}" for crossing in self.crossings]
        for crossing in (crossing for crossing in self.crossings if crossing.failure):
            lines += [f"path {crossing.launch} -> {crossing.capture}; ns of logic, of routing:", *_steps(crossing.path)]
        lines.append(f"place and route took {self.seconds:.0f} s; the tools took at most {self.megabytes:,.0f} MB")
        return "\n".join(lines + [str(path) for path in paths] + [f"FAILED {failure}" for failure in self.failures])


def _steps(path):
    return [f"{step.logic:>6.2f}{step.routing:>6.2f}  {step.name}" for step in path]


def build_bitstream(top, *, name, platform, device, speed, placer, router, seed, toolchain):
    """Synthesise, place, route and pack a top, or find the result in the cache.

    Timing that is missed is a result, not an error: see `Bitstream.failures`. nextpnr judges the paths of each
    clock, this function those between clocks.

    Parameters
    ----------
    top : Elaboratable
        Requests its pins from the platform, and gives it the Verilog of what it has instances of. ``asynchronous``, a
        dict, says between which clocks paths may take any time (`flow.crossings.judge_crossings`).
    name : str
    platform : amaranth.vendor.LatticeECP5Platform
        A new one for every build.
    device : boards.device.Device
    speed : int
    placer : str
        One of `flow.place_and_route.PLACERS`.
    router : str
        One of `boards.board.ROUTERS`.
    seed : int
    toolchain : flow.toolchain.Toolchain

    Returns
    -------
    Bitstream

    Raises
    ------
    ValueError
        If the design names a clock that is none of its nets, before anything is placed.
    flow.toolchain.ToolError
        If a tool fails, for example because the design does not fit.
    """
    text, verilog, constraints = convert_top(top, platform)
    synthesis = synthesise_rtlil(text, device=device, toolchain=toolchain, verilog=verilog)
    tree = ClockTree(json.loads(synthesis.netlist.read_text())["modules"]["top"], constraints)
    # Place and route take half an hour: what the design says of its clocks has to be right before.
    for clock in {clock for pair in top.asynchronous for clock in pair}:
        tree.clock(clock)
    options = [*device.options(platform.package), *PLACERS[placer], "--speed", str(speed), "--seed", str(seed),
               "--timing-allow-fail", "--router", router]
    more = ROUTER_OPTIONS[router]
    pack = ["--compress", "--input", "top.config", "--bit", "top.bit", "--svf", "top.svf"]

    def build(work):
        start = time.monotonic()
        write_netlist(synthesis, device, work / "netlist.json")
        (work / "top.lpf").write_text(constraints)
        log = work / "nextpnr.log"
        command = [*toolchain.nextpnr_ecp5, "-q", "--json", "netlist.json", "--lpf", "top.lpf", "--textcfg",
                   "top.config", "--report", "report.json", "-l", log.name, *options]
        route(command, more, log=log, toolchain=toolchain)
        toolchain.run([*toolchain.ecppack, *pack], cwd=work)
        # Of the children of this process, the one that took most: in kilobytes.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        costs = {"seconds": time.monotonic() - start, "megabytes": peak * 1024 / 1e6}
        with ZipFile(work / "bitstream.zip", "w", ZIP_DEFLATED) as archive:
            archive.writestr("costs.json", json.dumps(costs))
            for path in ("report.json", *_PACKED):
                archive.write(work / path, path)
        return work / "bitstream.zip"

    archive = cached_file("bitstream", ".zip", build, toolchain.nextpnr_ecp5_version, synthesis.netlist.name,
                          *floorplan_source(device), constraints, *options, *more, *pack)
    with ZipFile(archive) as kept:
        report, costs = (json.loads(kept.read(path)) for path in ("report.json", "costs.json"))
    clocks = {clock: (found["achieved"], float(1000 / tree.clock(clock).period))
              for clock, found in report["fmax"].items()}
    tightest = min(clocks, key=lambda clock: clocks[clock][0] / clocks[clock][1])
    return Bitstream(
        name=name, device=device, seed=seed, used=resources(synthesis.cells, device.family), **costs,
        clocks={tree.name(clock): numbers for clock, numbers in clocks.items()},
        path=critical_path(report, tightest), crossings=judge_crossings(report, tree, top.asynchronous),
        tools=f"{toolchain.yosys_version}, {toolchain.nextpnr_ecp5_version}", archive=archive)
