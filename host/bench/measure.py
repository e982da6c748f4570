"""Measures a shape on a board: a token of decode, and a prompt."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from host.bench.board import Board
from host.bench.layered_run import LayeredRun, run_layers
from host.bench.random_image import random_image
from host.bench.shape import Shape
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.compiler.placement import Placement
from host.errors import CelosiaError
from host.image.image import build_image

__all__ = ["Measurement", "Prefill", "measure"]

_LAYERS = 3
"""Layers that are simulated: the first, one that stands for all in the middle, the last."""

_SAMPLES = 5
"""Most groups of a prompt that are simulated."""


@dataclass(frozen=True, eq=False)
class Prefill:
    """Cycles of a prompt.

    Attributes
    ----------
    tokens, group : int
        Of the prompt, and of most of its groups.
    positions, cycles : list of int
        Positions of the first token of the groups that were simulated, and their cycles.
    last_cycles : int
        Of the logits of the last token.
    total_cycles : float
        Of the whole prompt, groups between those that were simulated by linear interpolation.
    deviation : float
        Largest relative distance of a group that was simulated from the line between its neighbours.
    """

    tokens: int
    group: int
    positions: list
    cycles: list
    last_cycles: int
    total_cycles: float
    deviation: float


@dataclass(frozen=True, eq=False)
class Measurement:
    """Result of :func:`measure`.

    Attributes
    ----------
    board : Board
    shape : Shape
    position : int
        Length of the KV cache, the token's own position included.
    kv_bits : int
    decode : LayeredRun
    prefill : Prefill or None
    ceiling_bytes_per_cycle : float
        Of the board's memory.
    counters : dict
        Of the gateware, over the simulated decode.
    image_bytes : int
        DRAM that the whole model takes.
    simulated_layers : int
    seconds : float
        Spent in the simulation, of which cycles per second are those of ``simulated_cycles``.
    simulated_cycles : int
    """

    board: Board
    shape: Shape
    position: int
    kv_bits: int
    decode: LayeredRun
    prefill: Prefill | None
    ceiling_bytes_per_cycle: float
    counters: dict
    image_bytes: int
    simulated_layers: int
    seconds: float
    simulated_cycles: int


def measure(board, shape, *, position, prefill=0, kv_bits=16, bar=None):
    """Simulate a token of decode and groups of a prompt.

    Parameters
    ----------
    board : Board
    shape : Shape
    position : int
        Length of the KV cache when the token is decoded, its own position included.
    prefill : int
        Tokens of the prompt; 0: none.
    kv_bits : int
        Bits of a code in the KV cache.
    bar : callable
        ``bar(total, unit)`` makes a :class:`host.console.progress_bar.ProgressBar`; without it there is none.

    Returns
    -------
    Measurement

    Raises
    ------
    CelosiaError
        If the shape does not fit the board's configuration or its DRAM, saying by how much.
    """
    from host.engine.rtl_engine import RtlEngine

    for name, value, least in (("position", position, 1), ("prefill", prefill, 0)):
        if value < least:
            raise CelosiaError(f"{name} must be {least} or more, not {value}")
    context = max(position, prefill)
    layers = shape.hyperparameters.layers
    simulated = min(layers, _LAYERS) if shape.identical_layers else layers
    compiled = compile_model(shape.cut(layers=simulated, context=context), board.config, context, kv_bits=kv_bits)
    image_bytes = _require_dram(board, shape, context, kv_bits)
    image = random_image(compiled) if shape.random else build_image(compiled)
    repeated = 1 if simulated < layers else None
    group = min(compiled.group, prefill)
    starts = _samples(prefill, group)

    work = [([0], Part.CHOOSE, position - 1)]
    work += [([0] * min(group, prefill - start), Part.BODY, start) for start in starts]
    if prefill:
        work.append((work[-1][0], Part.CHOICE, starts[-1]))
    start, runs, counters = perf_counter(), [], None
    with _Progress(bar, compiled, work) as progress:
        engine = RtlEngine(image, memory=board.memory)
        engine.simulation.on_progress = progress
        begin = perf_counter()
        for tokens, part, at in work:
            runs.append(run_layers(engine, tokens, part, position=at, layers=layers,
                                   repeated=None if part == Part.CHOICE else repeated))
            counters = counters or engine.counters()
    seconds = perf_counter() - begin
    return Measurement(
        board=board, shape=shape, position=position, kv_bits=kv_bits, decode=runs[0], counters=counters,
        image_bytes=image_bytes, ceiling_bytes_per_cycle=board.ceiling_bytes_per_cycle(),
        prefill=_prefill(prefill, group, starts, runs[1:]) if prefill else None, simulated_layers=simulated,
        seconds=seconds, simulated_cycles=engine.cycles)


def _require_dram(board, shape, context, kv_bits):
    """Bytes of the whole model's image; refuses one that the board has no room for."""
    lengths = []
    for layers in (1, 2):
        part = compile_model(shape.cut(layers=min(layers, shape.hyperparameters.layers), context=context),
                             board.config, context, kv_bits=kv_bits)
        lengths.append(sum(map(len, part.programs.values())))
    # The programs of identical layers are equally long.
    instructions = lengths[0] + (shape.hyperparameters.layers - 1) * (lengths[1] - lengths[0])
    size = Placement(shape.with_context(context), board.config, context, instructions, part.group,
                     kv_bits).image_bytes
    if size > board.dram_bytes:
        raise CelosiaError(
            f"{shape.name}: the image of {size} bytes, context {context}, is {size - board.dram_bytes} bytes "
            f"more than the DRAM of board {board.name!r} has ({board.dram_bytes})")
    return size


def _samples(tokens, group):
    """Positions of the first token of the groups to simulate: the first, the last full one and some between,
    and the shorter one at the end."""
    if not tokens:
        return []
    full = tokens // group
    chosen = sorted({round(x) for x in np.linspace(0, full - 1, min(full, _SAMPLES))})
    return [group * index for index in chosen] + ([full * group] if tokens % group else [])


def _prefill(tokens, group, starts, runs):
    full = tokens // group
    *bodies, last = [run.cycles for run in runs]
    sampled = [start // group for start in starts if start + group <= tokens]
    cycles = bodies[:len(sampled)]
    total = sum(np.interp(range(full), sampled, cycles)) + sum(bodies[len(sampled):]) + last
    inner = range(1, len(sampled) - 1)
    lines = [np.interp(sampled[i], [sampled[i - 1], sampled[i + 1]], [cycles[i - 1], cycles[i + 1]])
             for i in inner]
    deviation = max((abs(cycles[i] / line - 1) for i, line in zip(inner, lines)), default=0.0)
    return Prefill(tokens=tokens, group=group, positions=starts, cycles=bodies, last_cycles=last,
                   total_cycles=float(total), deviation=float(deviation))


class _Progress:
    """A bar of the cycles that are to be simulated, in thousands."""

    _UNIT = 1000

    def __init__(self, bar, compiled, work):
        bytes_read = sum(compiled.read_bytes(at + len(tokens) - 1, len(tokens), part)
                         for tokens, part, at in work)
        self._bar = bar and bar(round(bytes_read / compiled.config.memory.bus_bytes * 1.06) // self._UNIT,
                                "thousand cycles")
        self._shown = 0

    def __enter__(self):
        if self._bar:
            self._bar.__enter__()
            self._bar.note("compiling the simulation")
            self._begin = None
        return self

    def __exit__(self, *exception):
        if self._bar:
            self._bar.__exit__(*exception)

    def __call__(self, cycle):
        if not self._bar:
            return
        if self._begin is None:
            self._begin = perf_counter()
        if cycle // self._UNIT > self._shown:
            self._bar.advance(cycle // self._UNIT - self._shown)
            self._shown = cycle // self._UNIT
            elapsed = perf_counter() - self._begin
            if elapsed > 0:
                self._bar.note(f"{cycle / elapsed:,.0f} cycles/s")
