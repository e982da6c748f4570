"""Layers that are counted instead of simulated: the same cycles as in a full run, for the same causes."""

import dataclasses

import numpy as np
import pytest

from gateware.activity import BusState, Counter
from host.bench.kinds import BETWEEN, KINDS
from host.bench.layered_run import run_layers
from host.bench.random_image import random_image
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.engine.rtl_engine import MemoryTiming, RtlEngine

LAYERS = 8


def run(shape, config, memory, layers, position, part):
    engine = RtlEngine(random_image(compile_model(shape.cut(layers=layers, context=40), config)), memory=memory)
    # A program before it, as in a prompt.
    run_layers(engine, [1], Part.BODY, position=0, layers=layers)
    before = engine.counters()
    result = run_layers(engine, [3], part, position=position - 1, layers=LAYERS,
                        repeated=None if layers == LAYERS else 1)
    counted = {counter: value - before[counter] for counter, value in engine.counters().items()}
    return result, counted


@pytest.mark.parametrize("memory", [MemoryTiming(), MemoryTiming(bandwidth=(9, 20))],
                         ids=lambda memory: repr(memory)[12:])
@pytest.mark.parametrize(("part", "position"), [(Part.CHOOSE, 7), (Part.CHOOSE, 40), (Part.BODY, 33)])
def test_three_layers_stand_for_all(board, small, memory, part, position):
    sizes = dict(dim=128, ffn=384, head_dim=32)
    full, _ = run(small(**sizes), board.config, memory, LAYERS, position, part)
    found, _ = run(small(**sizes), board.config, memory, 3, position, part)
    assert found.simulated_cycles < full.simulated_cycles / 2
    assert found.cycles == pytest.approx(full.cycles, rel=0.001)
    # How far the memory side is ahead when a layer begins still varies by some words.
    assert np.abs(found.lost.sum(axis=0) - full.lost.sum(axis=0)).max() <= 0.005 * full.cycles


def test_the_gateware_counts_the_same_cycles(board, small):
    """Every cycle of a token has one cause; counters and timeline agree on each."""
    result, counted = run(small(), board.config, board.memory, LAYERS, 40, Part.CHOOSE)
    states = result.lost.sum(axis=0)
    assert counted[Counter.BUSY] == result.cycles == states.sum()
    assert counted[Counter.READ_BEATS] == states[BusState.BUSY]
    for state in list(BusState)[2:]:
        assert counted[Counter[f"LOST_{state.name}"]] == states[state], state
    assert counted[Counter.READ_BEATS] + sum(
        value for counter, value in counted.items() if counter.name.startswith("LOST_")) == counted[Counter.BUSY]
    timeline = result.timeline
    for unit, counter in ((timeline.dot, Counter.DOT_BUSY), (timeline.vector, Counter.VECTOR_BUSY)):
        assert timeline.length[unit].sum() == counted[counter]
    kinds = dict(zip(KINDS, result.lost.sum(axis=1)))
    assert kinds["other"] == 0 < min(kinds[kind] for kind in ("norm", "matrix", "score", "softmax", "mix", "output"))
    assert kinds[BETWEEN] == timeline.length[~(timeline.dot | timeline.vector) & (timeline.bus > 0)].sum()


def test_random_weights_are_valid(small, board):
    """The gateware computes from them what the golden model computes."""
    from host.engine.model_engine import ModelEngine

    config = dataclasses.replace(board.config)
    compiled = compile_model(small("Q4_0", layers=2).cut(layers=2, context=8), config)
    logits = ModelEngine(random_image(compiled)).step(5)
    assert np.isfinite(logits).all() and len({*logits.tolist()}) > 8
    assert RtlEngine(random_image(compiled)).step(5).tobytes() == logits.tobytes()
