"""The parameters of what reads and writes DRAM."""

from dataclasses import dataclass

from gateware.shapes.checks import check_bus, check_power, require

__all__ = ["MemoryShape"]


@dataclass(frozen=True, kw_only=True)
class MemoryShape:
    """Parameters of the memory side of an accelerator. None of them changes a bit of any result.

    Parameters
    ----------
    bus_bits : int
        Width of a beat at the memory port: 32, 64, 128 or 256.
    prefetch_beats : int
        Depth of the read FIFO in bus words, a power of two, at least 16.
    queue : int
        Instructions that memory may run ahead of execution, 2..64.

    Raises
    ------
    ValueError
        If a parameter is not possible.
    """

    bus_bits: int = 128
    prefetch_beats: int = 512
    queue: int = 8

    def __post_init__(self):
        check_bus("MemoryShape", self.bus_bits)
        check_power("MemoryShape", "prefetch_beats", self.prefetch_beats, 16)
        require(self.queue in range(2, 65), "MemoryShape", "queue", "2..64", self.queue)

    @property
    def bus_bytes(self):
        """Bytes of a bus word."""
        return self.bus_bits // 8
