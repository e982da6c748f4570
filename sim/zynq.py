"""The memory of a Zynq-7000 behind its AXI ports: what the model means, and its figures.

PS and DDR controller are hard: there is no RTL to simulate. `cxx/zynq.h` models what a design in the logic
sees of them. From the "Zynq-7000 SoC Technical Reference Manual" (UG585), and the data sheet of the DDR3
part:

* Ports: 64 bits, AXI3 bursts of at most 16 beats, one beat per cycle and port; 8 bursts and 128 beats wait in
  a port's FIFOs (chapter "Interconnect", AXI_HP interfaces). Replies of a port come in order.
* The controller takes bursts of the ports in turn, and looks `AHEAD` clocks of data ahead, so that a row in
  another bank is opened while data of the one before pass. UG585 says of it only that it reorders in a queue
  of 32 accesses; here it does not reorder, and knows half of that.
* DDR3-1050: 525 MHz, 16 bits, accesses of 16 bytes in 4 clocks. tRP, tRCD, tRAS, tRRD, tRTP, tWR, tWTR, tRFC
  and the refresh interval are those of the part; a refresh closes all rows. CL 7, CWL 6 (DDR3-1066 speed
  bin). Rows, banks and columns lie in this order in an address: 2 KiB of one row, then the next bank.
* `LATENCY`: cycles of the design between the DDR's pins and the port, both ways together. UG585 has no figure
  for it. 32 cycles (213 ns) are chosen to be long: with 8 bursts under way it limits nothing but the start of
  a stream.

UG585, "DDR Efficiency", measured on this very clock (150 MHz ports, 525 MHz DDR) with four HP masters and
bursts of 16: 97 % for sequential reads, 90 % for sequential writes, 87 % for both. The model stays below: see
`python -m sim.read_ceiling pynq_z1`.
"""

import ctypes
import math
from fractions import Fraction

__all__ = ["AHEAD", "LATENCY", "ZynqCounters", "ZynqMemory"]

LATENCY = 32
AHEAD = 64
OUTSTANDING = 8
_CL, _CWL = 7, 6
_NUMBERS = ("base", "read_ports", "beat_bytes", "cycle_ticks", "clock_ticks", "latency", "outstanding", "ahead",
            "banks", "page_bytes", "access_bytes", "access_clocks", "cl", "cwl", "rp", "rcd", "ras", "rrd", "rtp", "wr",
            "wtr", "rfc", "refresh_interval")


class ZynqCounters(ctypes.Structure):
    """What the model counted; C++ writes it in place.

    Members
    -------
    cycles : int
        Of the design.
    read_bytes, write_bytes : int
    row_misses, refreshes : int
    """

    _fields_ = [(name, ctypes.c_uint64) for name in (
        "cycles", "read_bytes", "write_bytes", "row_misses", "refreshes")]

    def as_dict(self):
        """All counters by name."""
        return {name: getattr(self, name) for name, _ in self._fields_}


class _Settings(ctypes.Structure):
    _fields_ = [("content", ctypes.c_void_p), ("size", ctypes.c_uint64),
                *((name, ctypes.c_uint32) for name in _NUMBERS), ("counters", ctypes.POINTER(ZynqCounters))]


class ZynqMemory:
    """The model, and its content; one simulation at a time may use it.

    Parameters
    ----------
    content : numpy.ndarray
        See :class:`sim.sdram.Sdram`.
    memory : soc.dram.memory.Memory
    ports : int
        AXI ports for reading.
    base : int
        AXI address of the content.

    Members
    -------
    content : numpy.ndarray
    counters : ZynqCounters
    """

    def __init__(self, content, *, memory, ports, base):
        if content.size > memory.bytes:
            raise ValueError(f"Content must be at most the {memory.bytes} bytes of {memory.name}, not {content.size!r}")
        self.content, self.counters = content, ZynqCounters()
        self._memory, self._ports, self._base = memory, ports, base

    @property
    def bytes_moved(self):
        """Bytes that were read and written."""
        return self.counters.read_bytes + self.counters.write_bytes

    def attach(self, loop, simulation, port_index):
        """Called by `CompiledSimulation`: become its memory."""
        part, memory = self._memory.part, self._memory
        ratio = Fraction(memory.dram_clock_hz) / Fraction(memory.clock_hz)
        clock = 1e9 / memory.dram_clock_hz

        def clocks(name):
            least, ns = getattr(part, name)
            return max(least, math.ceil(ns / clock - 1e-6))

        self._settings = _Settings(
            content=self.content.ctypes.data, size=self.content.size, base=self._base, read_ports=self._ports,
            beat_bytes=8, cycle_ticks=ratio.numerator, clock_ticks=ratio.denominator, latency=LATENCY,
            outstanding=OUTSTANDING, ahead=AHEAD, banks=part.banks, page_bytes=part.columns * part.data_bits // 8,
            access_bytes=part.burst * part.data_bits // 8, access_clocks=part.burst // 2, cl=_CL, cwl=_CWL,
            refresh_interval=int(part.refresh_interval / clock), counters=ctypes.pointer(self.counters),
            **{name: clocks(name) for name in ("rp", "rcd", "ras", "rrd", "rtp", "wr", "wtr", "rfc")})
        ports = []
        for number in range(self._ports):
            stem = f"axi_read{number}__"
            ports += [port_index(f"{stem}{name}", bits) for name, bits in (
                ("ar__valid", 1), ("ar__ready", 1), ("ar__payload", 36),
                ("r__valid", 1), ("r__ready", 1), ("r__payload", 67))] + [0, 0]
        ports += [port_index(f"axi_write__{name}", bits) for name, bits in (
            ("aw__valid", 1), ("aw__ready", 1), ("aw__payload", 36),
            ("w__valid", 1), ("w__ready", 1), ("w__payload", 73), ("b__valid", 1), ("b__payload", 2))]
        loop.simulation_attach_zynq(simulation, ctypes.byref(self._settings), (ctypes.c_uint32 * len(ports))(*ports))
