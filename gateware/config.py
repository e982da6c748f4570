"""The parameters of an accelerator, validated once."""

from dataclasses import dataclass, field, replace
import hashlib
import json

from gateware.isa import FIELDS
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape

__all__ = ["CONFIGS", "Config"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Parameters of an accelerator: the shapes of its parts.

    None of them changes a bit of any result; they choose speed and size.

    Parameters
    ----------
    name : str
        What the command line and reports call it.
    dot : DotShape
        Its ``lanes`` are at most ``memory.bus_bits``.
    vector : VectorShape
        Its ``lanes`` are at most those of ``dot``.
    memory : MemoryShape

    Raises
    ------
    ValueError
        If the shapes do not fit each other.
    """

    name: str
    dot: DotShape = field(default_factory=DotShape)
    vector: VectorShape = field(default_factory=VectorShape)
    memory: MemoryShape = field(default_factory=MemoryShape)

    def __post_init__(self):
        self.dot.check_ports(f"Config {self.name!r}", bus_bits=self.memory.bus_bits, vector_lanes=self.vector.lanes)

    @property
    def image_key(self):
        """SHA-256 of what the compiler reads, first 8 bytes, as an integer.

        Accelerators of the same key take the same images: header, board and link know them by it. The fields of an
        instruction count, with the names of their values, so that a board with an older instruction word refuses what
        it would misread. How fast the parts are, how deep FIFO and queue, which columns are slots, is left out.
        """
        read = {
            "bus_bits": self.memory.bus_bits,
            "logical_columns": self.dot.logical_columns,
            "x_elements": self.dot.x_elements,
            "scale_bytes": self.dot.scale_bytes,
            "decoders": sorted(self.dot.decoders),
            "vector_lanes": self.vector.lanes,
            "scratchpad": self.vector.scratchpad,
            "instruction": [[item.name, item.bits, {value.name: int(value) for value in item.kind or ()}]
                            for item in FIELDS],
        }
        return int.from_bytes(hashlib.sha256(json.dumps(read, sort_keys=True).encode()).digest()[:8], "little")

    def changed(self, *, name=None, dot=(), vector=(), memory=()):
        """This configuration with some parameters of its shapes changed.

        Parameters
        ----------
        name : str
            By default that of this one.
        dot, vector, memory : dict
            New values of parameters by their names.

        Returns
        -------
        Config
        """
        return replace(self, name=self.name if name is None else name, dot=replace(self.dot, **dict(dot)),
                       vector=replace(self.vector, **dict(vector)), memory=replace(self.memory, **dict(memory)))


CONFIGS = {config.name: config for config in (
    Config(name="sim"),
    Config(name="sim-narrow", dot=DotShape(lanes=8, slots=2), vector=VectorShape(lanes=2),
           memory=MemoryShape(bus_bits=32)),
    Config(name="sim-wide", dot=DotShape(lanes=16, columns=2, slots=2), vector=VectorShape(lanes=8),
           memory=MemoryShape(bus_bits=256)),
    Config(name="sim-columns", dot=DotShape(columns=2, slots=2), vector=VectorShape(lanes=8, scratchpad=16384),
           memory=MemoryShape(bus_bits=64)),
    # What the clock and the size of an ECP5 are judged by: docs/silicon.md.
    Config(name="ecp5", dot=DotShape(columns=2, slots=4), vector=VectorShape(scratchpad=16384),
           memory=MemoryShape(bus_bits=64)),
    Config(name="micro", dot=DotShape(lanes=4, slots=2, x_elements=256), vector=VectorShape(lanes=2, scratchpad=1024),
           memory=MemoryShape(bus_bits=64, prefetch_beats=32, queue=4)),
)}
"""Configurations for simulation and for judging a device; each board has its own, `boards.configs`."""
