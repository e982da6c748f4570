"""A DRAM behind the memory port of the accelerator: parameters, contents, counters, and what it means.

The model itself exists twice, cycle for cycle the same: `cxx/dram.h` for the compiled simulation and
`sim.dram_testbench` for Amaranth's simulator. tests/sim compare them.

The design has a member `memory`, Out(:func:`gateware.memory_port.MemoryPort`), so that at the top level the
signals are called `memory__read_request__valid` and so on (`sim.ports.memory_port_name`). A payload with two fields is
one signal, the first field in the low bits.

How it behaves:

* Everything the design sees depends on the model's registers only, so its outputs may depend on these inputs
  in the same cycle.
* A request is taken while fewer than `outstanding` bursts of its direction are under way. A read burst's
  first beat is valid `latency` cycles after its request is taken, at the earliest; the latencies of bursts
  overlap.
* Write data is taken only after its request, into a buffer of 4 beats; read data leaves through another.
* The memory's data bus passes one beat per cycle in either direction, `bandwidth` of all cycles. A burst
  keeps the bus until it ends or cannot go on. So reads see writes that have been reported done; of others,
  they may or may not see each beat.
* With `stall_probability`, each ready of the model and each new valid is held back at random.
* A request beyond the end, of no beats, or one that is withdrawn or changed before it is taken, is an error.
"""

import ctypes
import numbers
from fractions import Fraction

import numpy as np


__all__ = ["Dram", "DramCounters"]


class DramCounters(ctypes.Structure):
    """What the model counted; C++ and Python write it in place.

    Members
    -------
    cycles : int
    busy_cycles : int
        Cycles in which a beat passed the data bus.
    read_beats, write_beats, read_bursts, write_bursts : int
    read_blocked_cycles : int
        Cycles in which read data was there and the design did not take it.
    """

    _fields_ = [(name, ctypes.c_uint64) for name in (
        "cycles", "busy_cycles", "read_beats", "write_beats", "read_bursts", "write_bursts",
        "read_blocked_cycles")]

    def as_dict(self):
        """All counters by name."""
        return {name: getattr(self, name) for name, _ in self._fields_}

    def clear(self):
        """Set all counters to zero."""
        ctypes.memset(ctypes.byref(self), 0, ctypes.sizeof(self))


class Dram:
    """Parameters, contents and counters of the memory; one simulation at a time may use it.

    Parameters
    ----------
    content : int or numpy.ndarray
        Size in bytes, then all zero; or the content itself, uint8, one dimension, contiguous, writable. It is
        shared, not copied: a `numpy.memmap` of a file (mode `c` leaves the file alone) serves for large
        images.
    bus_bits : int
        Width of the data bus: 32, 64, 128, 256 or 512.
    latency : int
        Cycles from a request to its first beat, 1 or more.
    bandwidth : number or (int, int)
        Fraction of cycles on which a beat may pass, above 0 up to 1.
    stall_probability : float
        0 to below 1, in steps of 1/65536.
    seed : int
        Of the stalls.
    outstanding : int
        Bursts of each direction that may be under way, 1 to 64.

    Members
    -------
    content : numpy.ndarray
        uint8, the memory; may be changed between runs.
    counters : DramCounters

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    """

    def __init__(self, content, *, bus_bits, latency=10, bandwidth=1, stall_probability=0.0, seed=0,
                 outstanding=8):
        if bus_bits not in (32, 64, 128, 256, 512):
            raise ValueError(f"Bus width must be 32, 64, 128, 256 or 512 bits, not {bus_bits!r}")
        if latency not in range(1, 100_001):
            raise ValueError(f"Latency must be 1..100000 cycles, not {latency!r}")
        fraction = Fraction(*bandwidth) if isinstance(bandwidth, tuple) else Fraction(bandwidth)
        if not 0 < fraction.limit_denominator(10_000) <= 1:
            raise ValueError(f"Bandwidth must be above 0 and at most 1 beat per cycle, not {bandwidth!r}")
        if not 0 <= stall_probability < 1:
            raise ValueError(f"Stall probability must be 0 to below 1, not {stall_probability!r}")
        if outstanding not in range(1, 65):
            raise ValueError(f"Number of outstanding bursts must be 1..64, not {outstanding!r}")
        if isinstance(content, numbers.Integral):
            content = np.zeros(content, np.uint8)
        if content.dtype != np.uint8 or content.ndim != 1 or not (
                content.flags.c_contiguous and content.flags.writeable):
            raise ValueError(f"Content must be a contiguous, writable array of uint8 with one dimension, "
                             f"not {content.dtype} of shape {content.shape}")
        if content.size == 0 or content.size % (bus_bits // 8):
            raise ValueError(f"Size must be a multiple of the bus word, {bus_bits // 8} bytes, "
                             f"not {content.size!r}")
        self.content = content
        self.bus_bits = bus_bits
        self.latency = latency
        self.bandwidth = fraction.limit_denominator(10_000)
        self.stall_probability = stall_probability
        self.seed = seed
        self.outstanding = outstanding
        self.counters = DramCounters()

    @property
    def size(self):
        """Bytes."""
        return self.content.size

    @property
    def beat_bytes(self):
        """Bytes per beat."""
        return self.bus_bits // 8

    @property
    def stall_threshold(self):
        """The stall probability in units of 1/65536."""
        return min(round(self.stall_probability * 65536), 65535)

    def error_text(self, kind, address, length):
        """Words for an error at the memory port.

        Parameters
        ----------
        kind : str
            `read outside`, `write outside`, `read unstable`, `write unstable` or `data unstable`.
        address, length : int
            The request: bus word and beats.
        """
        if kind == "data unstable":
            return "Write data was withdrawn or changed before it was taken"
        access, what = kind.split()
        request = f"{access.capitalize()} of {length} beat{'s' * (length != 1)} at bus word {address:#x}"
        if what == "unstable":
            return f"{request} was withdrawn or changed before it was taken"
        if length == 0:
            return f"{request} must have at least one beat"
        first = address * self.beat_bytes
        return (f"{request} (bytes {first:#x} to {first + length * self.beat_bytes - 1:#x}) "
                f"is outside the memory of {self.size:#x} bytes")
