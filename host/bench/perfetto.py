"""Timelines as a trace that Perfetto (ui.perfetto.dev) and chrome://tracing open."""

import json

import numpy as np

from gateware.activity import BusState
from host.bench.timeline import Spans

__all__ = ["TRACKS", "bus_spans", "write_trace"]

TRACKS = {"program": "program", "bus": "read bus", "memory": "memory side", "dot": "dot engine",
          "vector": "vector unit", "store": "store unit"}
"""Titles of the tracks, from top to bottom."""

_SHORT = 8


def bus_spans(timeline, short=_SHORT):
    """The track of the bus without its smallest gaps: times without a word for less than ``short`` cycles."""
    spans = timeline.spans("bus")
    index = spans.index.copy()
    small = (spans.end - spans.start < short) & (index != BusState.BUSY)
    small[1:] &= index[:-1] == BusState.BUSY
    small[:-1] &= index[1:] == BusState.BUSY
    index[small] = BusState.BUSY
    first = np.flatnonzero(np.append(True, index[1:] != index[:-1]))
    return Spans(spans.start[first], np.append(spans.start[first[1:]], spans.end[-1:]), index[first])


def write_trace(file, timelines, clock_hz):
    """Write timelines, one after another, as Chrome's JSON trace events.

    Parameters
    ----------
    file : binary file
    timelines : list of host.bench.timeline.Timeline
    clock_hz : float
        Cycles become time by it.
    """
    threads = {track: number for number, track in enumerate(TRACKS, 1)}
    events = [{"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "celosia"}}]
    for track, title in TRACKS.items():
        name = {"ph": "M", "pid": 1, "tid": threads[track]}
        events += [name | {"name": "thread_name", "args": {"name": title}},
                   name | {"name": "thread_sort_index", "args": {"sort_index": threads[track]}}]
    microseconds = 1e6 / clock_hz

    def add(track, label, category, start, end):
        events.append({"ph": "X", "pid": 1, "tid": threads[track], "name": label, "cat": category,
                       "ts": round(start * microseconds, 4), "dur": round((end - start) * microseconds, 4),
                       "args": {"first_cycle": int(start), "cycles": int(end - start)}})

    for timeline in timelines:
        add("program", f"position {timeline.position}", "program", int(timeline.start[0]), timeline.end)
        for start, end, state in _rows(bus_spans(timeline)):
            add("bus", BusState(state).name.lower(), "bus", start, end)
        for track in ("memory", "dot", "vector", "store"):
            for start, end, index in _rows(timeline.spans(track)):
                instruction = timeline.program[index]
                add(track, instruction.label, instruction.kind, start, end)
    file.write(json.dumps({"displayTimeUnit": "ns", "traceEvents": events}).encode())


def _rows(spans):
    return zip(spans.start.tolist(), spans.end.tolist(), spans.index.tolist())
