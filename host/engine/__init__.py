"""Engines that run a model: each turns token ids into logits."""

from host.engine.float_engine import FloatEngine

__all__ = ["FloatEngine"]
