"""DRAM devices behind the controller of a design: contents, counters, and what the model means.

The controller's RTL is part of the simulated design and ends at its DFI, the interface to a PHY.
`cxx/sdram.h` is what follows: PHY and device in one, on host memory. The rules are in `cxx/sdram_device.h`, which
`sim.pins` has behind a PHY that is RTL.

* Commands are decoded on every phase and checked against the timings of the part's data sheet, in clocks of
  the device: tRP, tRCD, tRAS, tRC, tRRD, tFAW, tWR, tWTR, tRTP, tCCD, tRFC, tMRD, tMOD, the average interval
  of refreshes, collisions on the data lines, rows that are not open, latencies in the mode registers that are
  not the controller's. A broken rule ends the simulation.
* Data come and go as many cycles after their command as the PHY says of itself (`read_latency`,
  `write_latency`).
* Not modelled: the analogue side of a PHY, its training, and contents that fade.

Contents lie in the order of the controller's addresses: columns, then banks, then rows.
"""

import ctypes
import math

import numpy as np

__all__ = ["Sdram", "SdramCounters"]


class SdramCounters(ctypes.Structure):
    """What the model counted; C++ writes it in place.

    Members
    -------
    cycles : int
        Of the controller.
    reads, writes : int
        Bursts of the device: native words of the controller.
    activates, precharges, refreshes : int
    """

    _fields_ = [(name, ctypes.c_uint64) for name in (
        "cycles", "reads", "writes", "activates", "precharges", "refreshes")]

    def as_dict(self):
        """All counters by name."""
        return {name: getattr(self, name) for name, _ in self._fields_}


_NUMBERS = ("ddr3", "banks", "rows", "columns", "column_bytes", "burst", "phases", "read_latency",
            "write_latency", "cl", "cwl", "rp", "rcd", "ras", "rc", "rrd", "faw", "wr", "wtr", "rtp", "ccd", "rfc",
            "mrd", "mod", "refresh_interval", "postponed")
_PHASE_PORTS = ("address", "bank", "cs_n", "ras_n", "cas_n", "we_n", "cke", "wrdata", "wrdata_mask", "rddata",
                "rddata_valid")


class _Settings(ctypes.Structure):
    _fields_ = [("content", ctypes.c_void_p), ("size", ctypes.c_uint64),
                *((name, ctypes.c_uint32) for name in _NUMBERS), ("counters", ctypes.POINTER(SdramCounters))]


class Sdram:
    """The device of a memory, and its content; one simulation at a time may use it.

    Parameters
    ----------
    content : numpy.ndarray
        uint8, one dimension, contiguous, writable; shared, not copied. It may be shorter than the device; an
        access beyond its end is an error.
    memory : soc.dram.memory.Memory
    core : soc.dram.core.ControllerCore
        The controller in the design, generated for simulation.

    Members
    -------
    content : numpy.ndarray
    counters : SdramCounters

    Raises
    ------
    ValueError
        If the content is not such an array, or larger than the device.
    """

    def __init__(self, content, *, memory, core):
        if content.dtype != np.uint8 or content.ndim != 1 or not (
                content.flags.c_contiguous and content.flags.writeable):
            raise ValueError(f"Content must be a contiguous, writable array of uint8 with one dimension, "
                             f"not {content.dtype} of shape {content.shape}")
        if content.size > memory.bytes:
            raise ValueError(f"Content must be at most the {memory.bytes} bytes of {memory.name}, not {content.size!r}")
        self.content, self.counters = content, SdramCounters()
        self._memory, self._core = memory, core

    @property
    def bytes_moved(self):
        """Bytes that passed the data lines, in both directions."""
        return (self.counters.reads + self.counters.writes) * self._core.word_bits // 8

    def attach(self, loop, simulation, port_index):
        """Called by `CompiledSimulation`: become its memory."""
        self._settings = self._device()
        widths = {name: width for name, width, _ in self._core.signals}
        ports = [port_index(name, widths[name]) for phase in range(self._memory.phases)
                 for name in (f"dfi_{port}_{phase}" for port in _PHASE_PORTS)]
        loop.simulation_attach_sdram(simulation, ctypes.byref(self._settings),
                                     (ctypes.c_uint32 * len(ports))(*ports))

    def _device(self):
        """What the model has to know of the device; must live as long as the simulation."""
        part, settings, memory = self._memory.part, self._core.settings, self._memory
        clock = 1e9 / memory.dram_clock_hz

        def clocks(name):
            least, ns = getattr(part, name)
            return max(least, math.ceil(ns / clock - 1e-6))

        timings = {name: clocks(name) for name in (
            "rp", "rcd", "ras", "rc", "rrd", "faw", "wr", "wtr", "rtp", "rfc", "mrd", "mod")}
        return _Settings(
            content=self.content.ctypes.data, size=self.content.size, ddr3=part.kind == "DDR3", banks=part.banks,
            rows=part.rows, columns=part.columns, column_bytes=part.data_bits // 8, burst=part.burst,
            phases=memory.phases, read_latency=settings["read_latency"], write_latency=settings["write_latency"],
            cl=settings["cl"], cwl=settings["cwl"] if part.kind == "DDR3" else 0, ccd=part.ccd,
            refresh_interval=int(part.refresh_interval / clock), postponed=part.postponed,
            counters=ctypes.pointer(self.counters), **timings)
