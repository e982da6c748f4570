"""A board and a model small enough to be run in full."""

import dataclasses

import pytest

from gateware.config import CONFIGS
from host.arch.layer_kind import LayerKind
from host.arch.rope import Rope
from host.bench.board import Board
from host.bench.shape import SHAPES, random_shape
from host.engine.rtl_engine import MemoryTiming


@pytest.fixture
def board():
    """Configuration `sim` behind the memory model, as the other tests have it compiled."""
    return Board(name="ideal-test", config=CONFIGS["sim"], memory=MemoryTiming(bandwidth=(19, 20)), clock_hz=100e6,
                 peak_bytes_per_cycle=16, dram_bytes=1 << 20, as_built=False,
                 evidence="simulated")


@pytest.fixture
def small():
    """Function (format="Q8_0", **changes) -> shape of eight layers."""
    def make(format="Q8_0", **changes):
        sizes = dict(layers=8, vocab=320, dim=64, ffn=160, heads=4, kv_heads=2, head_dim=16) | changes
        architecture, published = SHAPES["stories15m"]
        sizes["kinds"] = (LayerKind(rope=Rope(dim=sizes["head_dim"])),)
        return random_shape("small", architecture, dataclasses.replace(published, **sizes), format)
    return make
