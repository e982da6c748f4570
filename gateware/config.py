"""The parameters of an accelerator, validated once."""

from dataclasses import asdict, dataclass
import hashlib
import json

from gateware.isa import VECTOR_CODES

__all__ = ["CONFIGS", "Config", "DECODERS"]

DECODERS = ("sub_scales", "minimums", "tables", "trits")
"""Parts of the dot engine that only some formats need."""


def _is_power_of_two(value):
    return isinstance(value, int) and value > 0 and value & value - 1 == 0


@dataclass(frozen=True, kw_only=True)
class Config:
    """Parameters of an accelerator.

    None of them changes a bit of any result; they choose speed and size.

    Parameters
    ----------
    name : str
        What the command line and reports call it.
    lanes : int
        Codes that the dot engine multiplies per cycle and column: 4, 8, 16, 32 or 64, at most ``bus_bits``.
    columns : int
        Physical columns of multipliers, 1..8.
    slots : int
        Vectors of the x-buffer that each physical column steps through while a vector of codes is held,
        1..16. The accelerator has ``columns * slots`` logical columns, at most 32.
    bus_bits : int
        Width of a beat on the DRAM ports: 32, 64, 128 or 256.
    vector_lanes : int
        fp32 elements per cycle of the vector unit: 2, 4, 8 or 16, at most ``lanes``.
    scratchpad : int
        fp32 elements of the scratchpad, a power of two.
    x_elements : int
        Longest vector that a column of the x-buffer holds, a power of two, at least 256.
    scale_bytes : int
        Bytes that the scales of one row may take, a power of two.
    prefetch_beats : int
        Depth of the read FIFO in bus words, a power of two.
    queue : int
        Instructions that memory may run ahead of execution, 2..64.
    array : str
        What multiplies in the dot engine: ``"multipliers"``, or ``"digits"``, adders that take one digit of radix 4 per
        cycle of each code: at full speed with ternary codes, and half as many times a code's bits slower with others.
    decoders : tuple of str
        Which of :data:`DECODERS` the dot engine has, without repetition. Tensors whose format needs another one are
        refused.

    Raises
    ------
    ValueError
        If a parameter or a combination of them is not possible.
    """

    name: str
    lanes: int = 32
    columns: int = 1
    slots: int = 1
    bus_bits: int = 128
    vector_lanes: int = 4
    scratchpad: int = 8192
    x_elements: int = 2048
    scale_bytes: int = 512
    prefetch_beats: int = 512
    queue: int = 8
    array: str = "multipliers"
    decoders: tuple[str, ...] = DECODERS

    def __post_init__(self):
        def require(condition, name, rule):
            if not condition:
                raise ValueError(f"Config {self.name!r}: {name} must be {rule}, not {getattr(self, name)!r}")

        require(self.lanes in (4, 8, 16, 32, 64), "lanes", "4, 8, 16, 32 or 64")
        require(self.columns in range(1, 9), "columns", "1..8")
        require(self.slots in range(1, 17), "slots", "1..16")
        require(self.logical_columns <= 32, "slots", f"at most {32 // self.columns} with {self.columns} columns")
        require(self.bus_bits in (32, 64, 128, 256), "bus_bits", "32, 64, 128 or 256")
        require(self.lanes <= self.bus_bits, "lanes", f"at most bus_bits ({self.bus_bits})")
        require(self.vector_lanes in (2, 4, 8, 16), "vector_lanes", "2, 4, 8 or 16")
        require(self.vector_lanes <= self.lanes, "vector_lanes", f"at most lanes ({self.lanes})")
        for name, least in (("scratchpad", 64), ("x_elements", 256), ("scale_bytes", 64), ("prefetch_beats", 16)):
            require(_is_power_of_two(getattr(self, name)) and getattr(self, name) >= least,
                    name, f"a power of two of at least {least}")
        require(self.scratchpad <= 1 << 20, "scratchpad", f"at most {1 << 20}")
        require(self.x_elements // VECTOR_CODES <= 512, "x_elements", f"at most {512 * VECTOR_CODES}")
        require(self.queue in range(2, 65), "queue", "2..64")
        require(self.array in ("multipliers", "digits"), "array", "multipliers or digits")
        require(isinstance(self.decoders, tuple) and len({*self.decoders}) == len(self.decoders)
                and {*self.decoders} <= {*DECODERS}, "decoders", f"different ones of {', '.join(DECODERS)}")

    @property
    def logical_columns(self):
        """Vectors that one pass over a matrix is multiplied with."""
        return self.columns * self.slots

    @property
    def bus_bytes(self):
        """Bytes of a bus word."""
        return self.bus_bits // 8

    @property
    def hash(self):
        """SHA-256 of the parameters (the name aside), first 8 bytes, as an integer."""
        parameters = asdict(self) | {"name": ""}
        return int.from_bytes(hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).digest()[:8], "little")


CONFIGS = {config.name: config for config in (
    Config(name="sim"),
    Config(name="sim-narrow", lanes=8, columns=1, slots=2, bus_bits=32, vector_lanes=2),
    Config(name="sim-wide", lanes=16, columns=2, slots=2, bus_bits=256, vector_lanes=8),
    Config(name="sim-columns", columns=2, slots=2, bus_bits=64, vector_lanes=8, scratchpad=16384),
    # What the clock and the size of an ECP5 are judged by: docs/silicon.md.
    Config(name="ecp5", columns=2, slots=4, bus_bits=64, scratchpad=16384),
    # Boards. The bus is twice as wide as what their DRAM delivers per cycle, so that the read FIFO, which fills while
    # the engine waits for a pass of the vector unit, is emptied again.
    Config(name="ulx3s", lanes=16, columns=2, slots=4, bus_bits=32, scratchpad=16384, prefetch_beats=2048, queue=64),
    Config(name="ecpix5", columns=2, slots=2, bus_bits=128, scratchpad=32768, x_elements=8192, scale_bytes=1024,
           prefetch_beats=1024, queue=64),
    Config(name="orangecrab", columns=2, slots=2, bus_bits=128, scratchpad=32768, scale_bytes=1024,
           prefetch_beats=1024, queue=64),
    Config(name="arty_a7", columns=2, slots=2, bus_bits=256, vector_lanes=8, scratchpad=32768, scale_bytes=1024,
           prefetch_beats=1024, queue=64),
    Config(name="pynq_z1", lanes=64, columns=2, slots=2, bus_bits=128, vector_lanes=8, scratchpad=65536, x_elements=8192,
           scale_bytes=1024, prefetch_beats=1024, queue=64),
    Config(name="micro", lanes=4, columns=1, slots=2, bus_bits=64, vector_lanes=2, scratchpad=1024,
           x_elements=256, prefetch_beats=32, queue=4),
)}
"""Named configurations, for simulation and for boards."""
