"""Paths between clocks, judged by the edges of both."""

from dataclasses import asdict, dataclass
from fractions import Fraction
import math

from flow.critical_path import source_steps

__all__ = ["Crossing", "edge_distance", "judge_crossings"]

_DIGITS = 3
"""nextpnr counts in picoseconds."""


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """The slowest path from one kind of edge to another.

    Attributes
    ----------
    launch, capture : str
        ``posedge`` or ``negedge``, and the net of the clock.
    delay : float
        Nanoseconds after routing, from clock to setup.
    allowed : float or None
        Nanoseconds between the nearest edges of both clocks; None where they keep no phase to each other.
    path : list of flow.critical_path.Step
    asynchronous : str
        Why the path may take any time, in words of the design that declares it; empty: it does not.
    """

    launch: str
    capture: str
    delay: float
    allowed: float | None
    path: list
    asynchronous: str = ""

    @property
    def slack(self):
        """Nanoseconds to spare, or None where none are counted."""
        return None if self.allowed is None or self.asynchronous else round(self.allowed - self.delay, _DIGITS)

    @property
    def failure(self):
        """What is wrong, in words; empty if nothing is."""
        name = f"{self.launch} -> {self.capture}"
        if self.asynchronous:
            return ""
        if self.allowed is None:
            return f"{name}: the clocks keep no phase to each other, and the design does not say that this is no matter"
        return f"{name}: {self.delay:.2f} ns, not {self.allowed:.2f}" if self.slack < 0 else ""

    def to_text(self):
        """One line for a terminal."""
        name = f"{self.launch} -> {self.capture}"
        if self.asynchronous:
            return f"{self.delay:.2f} ns, asynchronous, {self.asynchronous}: {name}"
        if self.allowed is None:
            return f"{self.delay:.2f} ns, no phase: {name}"
        return f"{self.delay:.2f} ns of {self.allowed:.2f}, slack {self.slack:.2f}: {name}"

    def to_json(self):
        """The same as fields."""
        return {"launch": self.launch, "capture": self.capture, "delay_ns": self.delay, "allowed_ns": self.allowed,
                "slack_ns": self.slack, "asynchronous": self.asynchronous, "path": [asdict(step) for step in self.path]}


def edge_distance(launch, launch_edge, capture, capture_edge):
    """The shortest time from an edge of one clock to a later edge of another.

    Parameters
    ----------
    launch, capture : flow.clock_tree.Clock
        Of the same source.
    launch_edge, capture_edge : str
        ``posedge``, or ``negedge``, which is half a period later.

    Returns
    -------
    fractions.Fraction
        Nanoseconds, more than 0.
    """
    # Over time every multiple of this is added to the distance of two edges.
    step = _common(launch.period, capture.period)
    return (_first(capture, capture_edge) - _first(launch, launch_edge)) % step or step


def _first(clock, edge):
    return clock.phase + (clock.period / 2 if edge == "negedge" else 0)


def _common(first, second):
    """Greatest common divisor."""
    return Fraction(math.gcd(first.numerator * second.denominator, second.numerator * first.denominator),
                    first.denominator * second.denominator)


def judge_crossings(report, tree, asynchronous):
    """Judge what nextpnr only lists: it has a target for each clock's own paths, and none for paths between two clocks.

    Its report has the slowest path of each pair of edges, so that these are all. Pins and what else has no clock
    (``<async>``) are left out, and so are paths from one edge of a clock to the other, which nextpnr judges.

    Parameters
    ----------
    report : dict
        nextpnr's report.
    tree : flow.clock_tree.ClockTree
    asynchronous : dict of (str, str) to str
        From the design: names of clocks' nets, from and to, between which paths may take any time, and why. What comes
        through them is synchronised, or does not change while it is looked at.

    Returns
    -------
    list of Crossing
        What keeps no phase, then the least slack; what may take any time last.

    Raises
    ------
    ValueError
        If a clock is no net of the design, or nothing says how fast it is.
    """
    declared = [(first, second, why) for (first, second), why in asynchronous.items()]
    crossings = []
    for path in report["critical_paths"]:
        if "<async>" in (path["from"], path["to"]):
            continue
        (launch_edge, launch), (capture_edge, capture) = (path[end].split(" ", 1) for end in ("from", "to"))
        if tree.same_net(launch, capture):
            continue
        why = next((why for first, second, why in declared
                    if tree.same_net(first, launch) and tree.same_net(second, capture)), "")
        clocks = tree.clock(launch), tree.clock(capture)
        related = clocks[0].source == clocks[1].source
        crossings.append(Crossing(
            launch=f"{launch_edge} {tree.name(launch)}", capture=f"{capture_edge} {tree.name(capture)}",
            delay=round(sum(step["delay"] for step in path["path"]), _DIGITS),
            allowed=float(edge_distance(clocks[0], launch_edge, clocks[1], capture_edge)) if related else None,
            path=source_steps(path["path"]), asynchronous=why))
    return sorted(crossings, key=_urgency)


def _urgency(crossing):
    if crossing.slack is not None:
        return crossing.slack
    return math.inf if crossing.asynchronous else -math.inf
