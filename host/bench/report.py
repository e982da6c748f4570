"""What a measurement says: as fields for JSON, and as a table."""

from dataclasses import asdict

from gateware.activity import BusState
from host.arch.features import windows
from host.bench.kinds import KINDS
from host.bench.useful_bytes import macs, useful_bytes

__all__ = ["CAUSES", "report_of", "table_of"]

CAUSES = {
    BusState.DRAM: "the memory had no word: refresh, row misses, writes",
    BusState.ENGINE: "the units did not take what had come",
    BusState.STORES: "a stream waited for stores",
    BusState.QUEUE: "the work queue was full",
    BusState.PROGRAM: "no instruction was ready",
    BusState.END: "last results of the token",
}
"""Why the bus idles, in words."""

_NAMES = {cause: cause.name.lower() for cause in CAUSES}


def report_of(measurement):
    """Fields of a report.

    Returns
    -------
    dict
        ``cycles_per_token`` is the sum of ``busy_cycles`` and all ``lost_cycles``, and of all
        ``cycles_by_kind``; busy are as many cycles as what was read takes at the DRAM's peak, also where a
        bus word is wider. ``as_built`` says whether `celosia build` makes such a board.
        ``utilisation`` is ``bytes_per_token``, each weight and each element of K and V
        once, as packed and without padding, over the peak of the DRAM in these cycles;
        ``bus_bytes_per_token`` is all that was read. Fields that begin with ``prefill`` are None without a
        prompt.
    """
    board, shape, run = measurement.board, measurement.shape, measurement.decode
    config, position = board.config, measurement.position
    model = shape.with_context(shape.hyperparameters.context)
    useful, states = useful_bytes(model, position, measurement.kv_bits), run.lost.sum(axis=0).tolist()
    utilisation = useful / (run.cycles * board.peak_bytes_per_cycle)
    kinds = {kind: _at_peak(row, config.memory.bus_bytes / board.peak_bytes_per_cycle)
             for kind, row in zip(KINDS, run.lost.tolist()) if sum(row)}
    total = {name: sum(row[name] for row in kinds.values()) for name in ("cycles", "busy", *_NAMES.values())}
    return {
        "board": board.name,
        "config": asdict(config),
        "clock_hz": board.clock_hz,
        "as_built": board.as_built,
        "shape": shape.name,
        "format": shape.format or "file",
        "position": position,
        "windows": windows(shape.hyperparameters),
        "kv_bits": measurement.kv_bits,
        "cycles_per_token": run.cycles,
        "tokens_per_second": board.clock_hz / run.cycles,
        "bytes_per_token": useful,
        "bus_bytes_per_token": states[BusState.BUSY] * config.memory.bus_bytes,
        "peak_bytes_per_cycle": board.peak_bytes_per_cycle,
        "utilisation": utilisation,
        "ceiling_bytes_per_cycle": measurement.ceiling_bytes_per_cycle,
        "share_of_ceiling": utilisation * board.peak_bytes_per_cycle / measurement.ceiling_bytes_per_cycle,
        "busy_cycles": total["busy"],
        "lost_cycles": {name: total[name] for name in _NAMES.values()},
        "cycles_by_kind": kinds,
        "macs_per_token": macs(model, position),
        "peak_macs_per_cycle": config.dot.lanes * config.dot.columns,
        **_prefill(measurement, model),
        "image_bytes": measurement.image_bytes,
        "dram_bytes": board.dram_bytes,
        "counters": {counter.name.lower(): value for counter, value in measurement.counters.items()},
        "simulated_layers": measurement.simulated_layers,
        "simulated_cycles": measurement.simulated_cycles,
        "simulated_cycles_per_second": measurement.simulated_cycles / measurement.seconds,
        "evidence": _evidence(measurement),
    }


def _at_peak(row, words):
    """Cycles of a kind by cause, from those by state of the bus; a bus word takes ``words`` cycles of the
    DRAM."""
    served = row[BusState.BUSY] + row[BusState.DRAM]
    busy = min(served, round(row[BusState.BUSY] * words))
    causes = {name: row[cause] for cause, name in _NAMES.items()} | {"dram": served - busy}
    return {"cycles": sum(row), "busy": busy} | causes


def _prefill(measurement, model):
    """The bound is that of perfect groups: each as long as a token of decode, or as its multiplications
    take."""
    prefill, board = measurement.prefill, measurement.board
    if prefill is None:
        return dict.fromkeys((
            "prefill_macs_per_token", "prefill_tokens", "prefill_group", "prefill_cycles",
            "prefill_tokens_per_second", "prefill_bound_tokens_per_second", "prefill_share_of_bound",
            "prefill_groups"))
    rate = board.clock_hz * prefill.tokens / prefill.total_cycles
    multiplications = macs(model, (prefill.tokens + 1) / 2, output=False)
    bound = board.clock_hz * min(prefill.group / measurement.decode.cycles,
                                 board.config.dot.lanes * board.config.dot.columns / multiplications)
    return {
        "prefill_macs_per_token": multiplications,
        "prefill_tokens": prefill.tokens,
        "prefill_group": prefill.group,
        "prefill_cycles": round(prefill.total_cycles),
        "prefill_tokens_per_second": rate,
        "prefill_bound_tokens_per_second": bound,
        "prefill_share_of_bound": rate / bound,
        "prefill_groups": dict(zip(map(str, prefill.positions), prefill.cycles))
        | {"logits": prefill.last_cycles},
    }


def _evidence(measurement):
    board, shape, layers = measurement.board, measurement.shape, measurement.shape.hyperparameters.layers
    parts = [board.evidence]
    if measurement.simulated_layers < layers:
        times = layers - measurement.simulated_layers + 1
        parts.append(
            f"{measurement.simulated_layers} of {layers} layers were simulated, the first, one of the middle "
            f"and the last, and that of the middle counted {times} times (exact within 0.1 %: "
            "tests/host/bench/test_layered_run.py)")
    else:
        parts.append(f"all {layers} layers were simulated")
    parts.append("random weights; no cycle depends on their values" if shape.random
                 else "the weights of the file")
    parts.append("earlier positions of the KV cache are zeros")
    if (prefill := measurement.prefill) is not None:
        parts.append(
            f"groups of the prompt were simulated at positions {', '.join(map(str, prefill.positions))} and "
            "interpolated in between, where cycles are linear in the position: no inner one is more than "
            f"{prefill.deviation:.2%} off the line between its neighbours")
    return "; ".join(parts)


def table_of(report):
    """The report as lines for people."""
    total = report["cycles_per_token"]
    lines = [
        f"{report['shape']} {report['format']} on {report['board']} at {report['clock_hz'] / 1e6:g} MHz"
        f"{', as built' if report['as_built'] else ' (a study, not a board as built)'}, position {report['position']}"
        f"{''.join(f', {window}' for window in report['windows'])}",
        "",
        f"decode              {report['tokens_per_second']:>12,.2f} token/s   {total:>12,} cycles",
        f"utilisation         {report['utilisation']:>12.1%} of peak   {report['bytes_per_token']:>12,} "
        f"useful bytes, {report['bus_bytes_per_token']:,} read",
        f"share of ceiling    {report['share_of_ceiling']:>12.1%}           "
        f"{report['ceiling_bytes_per_cycle']:>12.2f} of {report['peak_bytes_per_cycle']:g} bytes per cycle",
    ]
    if report["prefill_tokens"]:
        lines.append(f"prefill             {report['prefill_tokens_per_second']:>12,.2f} token/s   "
                     f"{report['prefill_tokens']:>12,} tokens in groups of {report['prefill_group']}: "
                     f"{report['prefill_share_of_bound']:.1%} of the bound")
    lines += ["", "cycles of a token",
              f"  bus busy          {report['busy_cycles']:>12,}  {report['busy_cycles'] / total:>6.2%}"]
    for cause, text in CAUSES.items():
        cycles = report["lost_cycles"][_NAMES[cause]]
        lines.append(f"  {cause.name.lower():<16}  {cycles:>12,}  {cycles / total:>6.2%}  {text}")
    names = ["busy", *_NAMES.values()]
    lines += ["", "by what executes    " + "".join(f"{name:>12}" for name in ("cycles", *names))]
    for kind, row in report["cycles_by_kind"].items():
        lines.append(f"  {kind:<16}  " + "".join(f"{row[name]:>12,}" for name in ("cycles", *names)))
    return "\n".join([*lines, "", f"evidence: {report['evidence']}"])
