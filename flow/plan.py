"""What to build, and what came of it."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
import json
from statistics import median

from boards.board import BOARDS
from flow.board_design import board_design
from flow.conversion import convert_top
from flow.place_and_route import place_and_route
from flow.synthesis import resources, synthesise, synthesise_rtlil
from flow.units import UNITS
from flow.wrapped_unit import WrappedUnit
from boards.device import Device
from boards.ecp5 import Ecp5
from boards.series7 import Series7

__all__ = ["Plan", "Result", "run_plan"]

_PLATFORMS = {"ecp5": Ecp5, "xc7": Series7}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A unit, a device and a clock.

    Attributes
    ----------
    unit : str
        One of `flow.units.UNITS`.
    config : gateware.config.Config
    device : boards.device.Device
    speed : int or None
        Speed grade; None if there is nothing to route.
    mhz : float
        Clock that every seed must reach.
    placer : str
        One of `flow.place_and_route.PLACERS`.
    seeds : int
        How often it is routed; 0: not at all.
    processor : bool or None
        Of the whole of a board: see :func:`flow.board_design.board_design`.
    """

    unit: str
    config: object
    device: Device
    speed: int | None
    mhz: float
    placer: str
    seeds: int
    processor: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """A plan and what came of it.

    Attributes
    ----------
    plan : Plan
    cells : dict of str to int
    used : dict
        ``luts``, ``ffs``, ``dsps``, ``brams``; those of the wrapper included.
    routes : list of flow.place_and_route.Route
    tools : str
    """

    plan: Plan
    cells: dict
    used: dict
    routes: list
    tools: str

    @property
    def failures(self):
        """What is wrong, in words; empty if all is well."""
        device = self.plan.device
        full = [f"{name}: {number:g} of {getattr(device, name)}" for name, number in self.used.items()
                if number > getattr(device, name)]
        slow = [f"seed {route.seed}: {route.mhz:.1f} MHz, not {self.plan.mhz:g}" for route in self.routes
                if route.mhz < self.plan.mhz]
        return full + slow

    @property
    def worst(self):
        """The slowest route, or None."""
        return min(self.routes, key=lambda route: route.mhz, default=None)

    def to_json(self):
        """The figures as a JSON text."""
        plan, clocks = self.plan, [route.mhz for route in self.routes]
        report = {
            "unit": plan.unit, "config": plan.config.name, "device": plan.device.name, "speed": plan.speed,
            "tools": self.tools, "cells": self.cells, "used": self.used,
            "available": {name: getattr(plan.device, name) for name in self.used},
            "failures": self.failures,
        }
        if clocks:
            report |= {
                "target_mhz": plan.mhz, "placer": plan.placer,
                "mhz": {"min": min(clocks), "median": median(clocks), "max": max(clocks)},
                "seeds": {route.seed: route.mhz for route in self.routes},
                "critical_path": [asdict(step) for step in self.worst.path],
            }
        return json.dumps(report, indent=2) + "\n"

    def to_text(self):
        """The figures for a terminal."""
        plan = self.plan
        grade = f", speed {plan.speed}, placer {plan.placer}" if self.routes else ""
        lines = [f"{plan.unit}, configuration {plan.config.name}, {plan.device.name}{grade} ({self.tools})"]
        for name, number in self.used.items():
            available = getattr(plan.device, name)
            lines.append(f"{name.upper():<6}{number:>9,g} of {available:>7,}  {number / available:>6.1%}")
        if self.routes:
            clocks = [route.mhz for route in self.routes]
            lines.append(f"MHz   min {min(clocks):.1f}, median {median(clocks):.1f}, max {max(clocks):.1f} "
                         f"of {len(clocks)} seeds; wanted {plan.mhz:g}")
            lines.append(f"slowest path of seed {self.worst.seed}; ns of logic, of routing:")
            lines += [f"{step.logic:>6.2f}{step.routing:>6.2f}  {step.name}" for step in self.worst.path]
        return "\n".join(lines + [f"FAILED {failure}" for failure in self.failures])


def run_plan(plan, toolchain, progress, *, jobs=1):
    """Carry a plan out.

    Parameters
    ----------
    plan : Plan
    toolchain : flow.toolchain.Toolchain
    progress : host.console.progress_bar.ProgressBar or the like
        Is told by ``note`` what happens and by ``advance`` when it is done.
    jobs : int
        How many seeds are placed and routed at the same time.

    Returns
    -------
    Result

    Raises
    ------
    flow.toolchain.ToolError
        If a tool fails. Seeds under way are carried on to their end, and kept; others are not begun.
    """
    progress.note("synthesis")
    synthesis = _synthesise(plan, toolchain)
    progress.advance()
    tools = [toolchain.yosys_version]
    routes = _route(plan, synthesis, toolchain, progress, jobs) if plan.seeds else []
    if routes:
        tools.append(toolchain.nextpnr_ecp5_version)
    return Result(plan=plan, cells=synthesis.cells, used=resources(synthesis.cells, plan.device.family),
                  routes=routes, tools=", ".join(tools))


def _route(plan, synthesis, toolchain, progress, jobs):
    """Routes of the seeds 1, 2, ..., in that order."""
    seeds = range(1, plan.seeds + 1)
    progress.note(f"place and route, {plan.seeds} seeds")
    with ThreadPoolExecutor(jobs) as pool:
        routes = [pool.submit(
            place_and_route, synthesis, device=plan.device, speed=plan.speed, mhz=plan.mhz, placer=plan.placer,
            seed=seed, toolchain=toolchain) for seed in seeds]
        try:
            for route in as_completed(routes):
                route.result()
                progress.advance()
        finally:
            pool.shutdown(cancel_futures=True)
    return [route.result() for route in routes]


def _synthesise(plan, toolchain):
    """The whole of a board where only counts are wanted, otherwise the unit between registers."""
    board = BOARDS.get(plan.unit)
    if board and not plan.seeds and plan.device.name == board.device:
        text, verilog, _ = convert_top(
            board_design(board, plan.config, toolchain=toolchain, processor=plan.processor), board.platform())
        return synthesise_rtlil(text, device=plan.device, verilog=verilog, toolchain=toolchain)
    platform = _PLATFORMS[plan.device.family]()
    return synthesise(WrappedUnit(UNITS[plan.unit](plan.config)), device=plan.device, platform=platform,
                      toolchain=toolchain)
