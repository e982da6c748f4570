"""The tables of figures in README and docs: which commands they come from, and what of their reports they show."""

from collections.abc import Callable
from dataclasses import dataclass

from boards.board import BOARDS

__all__ = ["FigureTable", "TABLES"]


@dataclass(frozen=True, kw_only=True)
class FigureTable:
    """A table, a row for each command.

    Attributes
    ----------
    document : str
        Where it stands, from the top of the project.
    headings : tuple of str
        Without that of the command, which comes last.
    commands : tuple of tuple of str
        Arguments of `celosia`, of each row.
    cells : function of dict
        The cells of a row, from the report of its command.
    """

    document: str
    headings: tuple
    commands: tuple
    cells: Callable


# What suits the DRAM of each board, and the second of the two positions.
_DECODE = {
    "ulx3s": (("stories15m", "Q4_0", 1024),),
    "ecpix5": (("tinyllama-1.1b", "Q3_K", 1024), ("llama-3.2-1b", "Q2_K", 1024)),
    "orangecrab": (("smollm-135m", "Q4_0", 1024),),
    "arty_a7": (("smollm-135m", "Q8_0", 1024),),
    "pynq_z1": (("tinyllama-1.1b", "Q3_K", 512),),
}
_PREFILL = ((128, 64), (1024, 1024))
"""Position of the decoded token, tokens of the prompt."""
_CONFIGS = ("sim", "sim-narrow", "sim-wide", "ecp5")
_UNITS = (
    ("dot-engine", "--mhz", "120", "--seeds", "3"),
    ("vector-unit", "--seeds", "3"),
    ("accelerator", "--seeds", "3"),
    ("accelerator", "--device", "lfe5um5g-85f", "--mhz", "125"),
    ("dma", "--device", "lfe5u-12f", "--config", "micro", "--mhz", "60"),
)
_BITSTREAMS = tuple(name for name, board in BOARDS.items() if board.speed)
_COUNTED = tuple(BOARDS)


def _bench(board, shape, form, position, *more):
    return ("bench", "--board", board, "--shape", shape, "--format", form, "--position", str(position), *more)


def _decode(report):
    return [report["board"], f"{report['clock_hz'] / 1e6:g}", f"{report['shape']} {report['format']}",
            f"{report['position']}", f"{report['cycles_per_token']:,}", f"{report['tokens_per_second']:.3g}",
            f"{report['utilisation']:.1%}", f"{report['share_of_ceiling']:.1%}"]


def _ceiling(report):
    peak, reached = report["peak_bytes_per_cycle"], report["ceiling_bytes_per_cycle"]
    return [report["board"], f"{report['clock_hz'] / 1e6:g}", f"{peak:g}", f"{reached:.2f}", f"{reached / peak:.3f}"]


def _prefill(report):
    return [report["board"], f"{report['shape']} {report['format']}", f"{report['prefill_tokens']}",
            f"{report['prefill_group']}", f"{report['prefill_tokens_per_second']:.1f}",
            f"{report['prefill_tokens_per_second'] / report['tokens_per_second']:.1f}", f"{report['position']}"]


def _cycles(report):
    return [report["config"], f"{report['cycles_per_token']:,.0f}", f"{report['bus_utilisation']:.1%}"]


def _resources(report):
    cells = []
    for name in ("luts", "ffs", "dsps", "brams"):
        number, available = report["used"][name], report["available"][name]
        cells.append(f"{number:,g} ({number / available:.1%})")
    return cells


def _unit(report):
    clocks = report["mhz"]
    text = f"{clocks['min']:.1f}" if len(report["seeds"]) == 1 else (
        f"{clocks['min']:.1f}, {clocks['median']:.1f}, {clocks['max']:.1f}")
    return [report["unit"], report["device"], *_resources(report), text, f"{report['target_mhz']:g}", _verdict(report)]


def _bitstream(report):
    clocks = "; ".join(f"{clock['mhz']:.1f} of {clock['wanted_mhz']:g}" for clock in report["clocks"].values())
    slacks = [crossing["slack_ns"] for crossing in report["crossings"] if crossing["slack_ns"] is not None]
    return [report["bitstream"], *_resources(report), clocks, f"{min(slacks):.2f}" if slacks else "none",
            f"{report['route_seconds']:.0f}", f"{report['peak_megabytes']:,.0f}", _verdict(report)]


def _verdict(report):
    return "missed" if report["failures"] else "met"


def _counts(report):
    return [report["unit"], report["device"], *_resources(report)]


_CELLS = ("LUTs", "flip-flops", "multipliers", "block RAMs")
_RUNS = tuple((board, *run) for board, runs in _DECODE.items() for run in runs)

TABLES = {
    "decode": FigureTable(
        document="docs/architecture.md",
        headings=("board", "MHz", "model", "position", "cycles per token", "token/s", "utilisation", "of the ceiling"),
        commands=tuple(_bench(board, shape, form, position) for board, shape, form, last in _RUNS
                       for position in (128, last)),
        cells=_decode),
    "ceilings": FigureTable(
        document="docs/architecture.md",
        headings=("board", "MHz", "peak, bytes per cycle", "reached", "share of peak"),
        # A run that the table of decode has as well.
        commands=tuple(_bench(board, *_DECODE[board][0][:2], 128) for board in _DECODE),
        cells=_ceiling),
    "prefill": FigureTable(
        document="docs/architecture.md",
        headings=("board", "model", "tokens", "in groups of", "token/s", "times the rate of decode", "at position"),
        commands=tuple(_bench("arty_a7", "smollm-135m", "Q8_0", position, "--prefill", str(tokens))
                       for position, tokens in _PREFILL),
        cells=_prefill),
    "cycles": FigureTable(
        document="docs/architecture.md",
        headings=("configuration", "cycles per token", "bus busy"),
        commands=tuple(("generate", "--tokens", "100", "--config", name) for name in _CONFIGS),
        cells=_cycles),
    "units": FigureTable(
        document="docs/silicon.md",
        headings=("unit", "device", *_CELLS, "MHz (min, median, max)", "wanted", ""),
        commands=tuple(("build", *arguments) for arguments in _UNITS),
        cells=_unit),
    "bitstreams": FigureTable(
        document="docs/silicon.md",
        headings=("bitstream", *_CELLS, "MHz", "least slack between clocks, ns", "seconds", "MB", ""),
        commands=tuple(("build", name) for name in _BITSTREAMS),
        cells=_bitstream),
    "counts": FigureTable(
        document="docs/silicon.md",
        headings=("board", "device", *_CELLS),
        commands=tuple(("build", name, "--synth-only") for name in _COUNTED),
        cells=_counts),
}
"""Tables by the names of their places in the documents."""
