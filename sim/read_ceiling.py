"""How fast a memory can be read at all."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from sim.memory_system import MemorySystem
from sim.read_stream import ReadStream
from boards.memories import MEMORIES

__all__ = ["ReadCeiling", "read_ceiling"]

_BURST = 64  # What the accelerator's read engine asks for.


@dataclass(frozen=True, kw_only=True)
class ReadCeiling:
    """Result of :func:`read_ceiling`.

    Attributes
    ----------
    memory : str
    clock_hz : float
    bus_bits : int
    cycles, bytes : int
        Of the measurement.
    peak_bytes_per_cycle : float
        What the pins of the DRAM can move.
    simulated_cycles_per_second : float
    """

    memory: str
    clock_hz: float
    bus_bits: int
    cycles: int
    bytes: int
    peak_bytes_per_cycle: float
    simulated_cycles_per_second: float

    @property
    def bytes_per_cycle(self):
        """What the controller reached."""
        return self.bytes / self.cycles

    @property
    def share(self):
        """The same as a share of the peak: the ceiling of everything that runs on this memory."""
        return self.bytes_per_cycle / self.peak_bytes_per_cycle


def read_ceiling(memory, *, bus_bits=None, cycles=200_000):
    """Read a memory from its beginning on, in order, and nothing else, and check what comes.

    Parameters
    ----------
    memory : str or soc.dram.memory.Memory
    bus_bits : int
        Width of the memory port. By default the narrowest that carries the peak.
    cycles : int
        To measure; by default 250 intervals of refreshes or more.

    Returns
    -------
    ReadCeiling

    Raises
    ------
    RuntimeError
        If other data come than were stored.
    """
    memory = MEMORIES[memory] if isinstance(memory, str) else memory
    if bus_bits is None:
        bus_bits = next(bits for bits in (32, 64, 128, 256) if bits / 8 >= memory.peak_bytes_per_cycle)
    size = 1 << 22
    content = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    words = size * 8 // bus_bits
    system = MemorySystem(
        lambda: ReadStream(bus_bits=bus_bits, length=_BURST, size=words), memory=memory, bus_bits=bus_bits,
        content=content, name="read-stream", parameters=(_BURST, words))
    simulation = system.simulation
    simulation.set("enable", 1)
    simulation.run(4000)  # Until refreshes and all queues are in their rhythm.
    before, start = simulation.get("words"), perf_counter()
    simulation.run(cycles)
    seconds = perf_counter() - start
    number = simulation.get("words")
    order = np.arange(number, dtype=np.uint64)
    low = content.view("<u4").reshape(words, -1)[:, 0].astype(np.uint64)
    expected = int(((order + np.uint64(1)) * low[order % np.uint64(words)]).sum(dtype=np.uint64))
    if simulation.get("checksum") != expected:
        raise RuntimeError(f"Checksum of {number} words of {memory.name} must be {expected:#x}, "
                           f"not {simulation.get('checksum'):#x}")
    return ReadCeiling(
        memory=memory.name, clock_hz=memory.clock_hz, bus_bits=bus_bits, cycles=cycles,
        bytes=(number - before) * bus_bits // 8, peak_bytes_per_cycle=memory.peak_bytes_per_cycle,
        simulated_cycles_per_second=cycles / seconds)


def _main():
    """``python -m sim.read_ceiling [memory ...]``: a line for each memory."""
    import sys

    print("memory          MHz  bus  peak B/cycle  reached   share  simulated cycles/s")
    for name in sys.argv[1:] or MEMORIES:
        found = read_ceiling(name)
        print(f"{found.memory:14}  {found.clock_hz / 1e6:3.0f}  {found.bus_bits:3}  {found.peak_bytes_per_cycle:12.2f}"
              f"  {found.bytes_per_cycle:7.2f}  {found.share:6.3f}  {found.simulated_cycles_per_second:18,.0f}")


if __name__ == "__main__":
    _main()
