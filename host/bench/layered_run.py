"""Cycles of a model of many identical layers, from a simulation of a few."""

from dataclasses import dataclass

import numpy as np

from gateware.activity import BusState
from host.bench.timeline import Timeline
from host.compiler.part import Part

__all__ = ["LayeredRun", "run_layers"]


@dataclass(frozen=True, eq=False)
class LayeredRun:
    """Result of :func:`run_layers`.

    Attributes
    ----------
    cycles : int
        Of the whole model.
    lost : int64 array (kinds, states)
        The same cycles by kind of instruction that executes and state of the bus; see `Timeline.lost`.
    timeline : Timeline
        Of what was simulated.
    layer : (int, int) or None
        Cycles of the timeline at which the layer that stands for all begins and ends.
    simulated_cycles : int
    """

    cycles: int
    lost: np.ndarray
    timeline: Timeline
    layer: tuple | None
    simulated_cycles: int


def run_layers(engine, tokens, part, *, position, layers, repeated=None):
    """Run one program and count one of its layers several times.

    The cycles from the begin of a layer to the begin of what follows it are those of every layer in the
    middle: at either time the units have just finished a layer, and the memory side is as far ahead as it
    gets.

    Parameters
    ----------
    engine : host.engine.rtl_engine.RtlEngine
    tokens : list of int
    part : Part
    position : int
        Of the first token.
    layers : int
        Layers of the model that the result is about.
    repeated : int, optional
        The layer of the engine's model that stands for those which the engine's model does not have; without
        it, that has all.

    Returns
    -------
    LayeredRun
    """
    engine.reset()
    engine.position, engine.timelines = position, []
    begin = engine.cycles
    engine.run(tokens, part)
    timeline, engine.timelines = engine.timelines[0], None
    lost, layer = timeline.lost(), None
    if repeated is not None:
        layer = timeline.layer_begin(repeated), timeline.layer_begin(repeated + 1)
        missing = layers - engine.image.compiled.model.hyperparameters.layers
        lost = lost + missing * timeline.lost(*layer)
    lost[:, BusState.IDLE] = 0
    return LayeredRun(int(lost.sum()), lost, timeline, layer, engine.cycles - begin)
