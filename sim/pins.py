"""A DDR3 behind the I/O cells of a PHY, on a board whose lines have delays: what its training has to find out.

The controller is generated with ``end="cells"``: all of LiteDRAM's PHY but its cells is RTL of the simulated design.
`cxx/ddr3_pins.h` is the cells, the lines of the board and the device, whose rules are those of :mod:`sim.sdram`. There
is one clock; what happens within a cycle is arithmetic in picoseconds.

* Commands arrive at the device with its clock; their lines have no delays of their own.
* **Reading on an ECP5**, per byte lane: READ opens a gate, later by READCLKSEL quarters of a clock. Opened in the
  preamble of the strobe (0.9 to 0.1 clocks before the first edge) it lets all edges pass, and BURSTDET tells so. Later,
  edges are missed and bits with them; earlier, the strobe floats, and what is captured is noise. The FIFO behind is
  read a fixed number of cycles after READ; where in its words a burst begins, 0 to 3 bits late, is a property of the
  board. While READ stays, the gate stays open: bursts back to back have one opening. A new READCLKSEL counts from the
  end of PAUSE on; one that changes without PAUSE ends the simulation.
* **Reading on a 7 series**: the controller's clock samples every line, behind a delay of up to 31 taps. The sample of a
  bit within `aperture` of an edge is noise.
* **Writing**: a strobe that arrives more than a quarter of a clock from where it belongs (tDQSS) writes noise, since
  neither PHY can move it; so does a line that is late or early by more than a quarter of a clock less the aperture.
  What no driver drives is noise.
* Edges have a jitter, uniform within its bounds, independent from edge to edge.

What the model cannot tell: the cells' own latencies and phases. They are chosen so that writes arrive where they belong
and that lines of some centimetres lie within what can be trained; nothing here was compared with silicon.
"""

import ctypes
from dataclasses import dataclass

from sim.sdram import Sdram

__all__ = ["Ddr3Board", "Ddr3Pins"]

LANES, LINES = 2, 16
_MOST_PHASES, _MOST_BEATS, _ADDRESS_BITS, _BANK_BITS, _MOST_OUT = 4, 8, 16, 3, 512
_TAP_PS = 78  # of an IDELAYE2 with a reference of 200 MHz


@dataclass(frozen=True, kw_only=True)
class Ddr3Board:
    """What the lines between FPGA and DDR3 do; all times in picoseconds.

    Attributes
    ----------
    delays : (int, int)
        Per byte lane: from the clock at the device to its data at the FPGA, with the clock's way there.
    strobes : (int, int)
        Per byte lane: by how much its strobe of a write is late at the device, against the clock there.
    aligns : (int, int)
        ECP5, per byte lane: bits, 0 to 3, by which a burst begins late in the words of the capturing FIFO.
    read_skews, write_skews : tuple of int
        Per line, 16: by how much it is later than its lane.
    jitter : int
        Every edge is at most so early or late.
    aperture : int
        A bit that is looked at so near to one of its edges, or nearer, is noise.
    seed : int
        Of jitter and noise.
    """

    delays: tuple[int, int] = (2500, 2500)
    strobes: tuple[int, int] = (0, 0)
    aligns: tuple[int, int] = (0, 0)
    read_skews: tuple[int, ...] = (0,) * LINES
    write_skews: tuple[int, ...] = (0,) * LINES
    jitter: int = 0
    aperture: int = 150
    seed: int = 1


class _Board(ctypes.Structure):
    _fields_ = [("delays", ctypes.c_int32 * LANES), ("strobes", ctypes.c_int32 * LANES),
                ("aligns", ctypes.c_int32 * LANES), ("read_skews", ctypes.c_int32 * LINES),
                ("write_skews", ctypes.c_int32 * LINES), ("jitter", ctypes.c_int32), ("aperture", ctypes.c_int32),
                ("random", ctypes.c_uint64)]


def _array(*shape):
    kind = ctypes.c_uint16
    for size in reversed(shape):
        kind *= size
    return kind


class _Places(ctypes.Structure):
    _fields_ = [("address", _array(_MOST_PHASES, _ADDRESS_BITS)), ("bank", _array(_MOST_PHASES, _BANK_BITS)),
                *((name, _array(_MOST_PHASES)) for name in ("cs_n", "ras_n", "cas_n", "we_n", "cke")),
                ("data_out", _array(LINES, _MOST_BEATS)), ("mask_out", _array(LANES, _MOST_BEATS)),
                ("off", _array(LINES)), ("data_in", _array(LINES, _MOST_BEATS)),
                ("lock", ctypes.c_uint16), ("pause", _array(LANES)), ("gate", _array(LANES)),
                ("delay", _array(LANES, 3)), ("burst", _array(LANES)), ("load", _array(LINES)), ("step", _array(LINES))]


class _Settings(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_uint32) for name in (
                    "series7", "clock_ps", "tap_ps", "address_bits", "in_bytes", "in_bits", "out_bits")),
                ("board", ctypes.POINTER(_Board)), ("places", _Places)]


class Ddr3Pins(Sdram):
    """The device of a memory and what lies between it and the PHY; one simulation at a time may use it.

    Parameters
    ----------
    content, memory
        See :class:`sim.sdram.Sdram`.
    core : soc.dram.core.ControllerCore
        The controller in the design, generated with ``end="cells"``.
    board : Ddr3Board

    Members
    -------
    board : Ddr3Board
        May be another one between two runs: lines are replaced in no time, contents stay.

    Raises
    ------
    ValueError
        See :class:`sim.sdram.Sdram`; or if the core ends elsewhere.
    """

    def __init__(self, content, *, memory, core, board=Ddr3Board()):
        super().__init__(content, memory=memory, core=core)
        if not core.cells:
            raise ValueError(f"Core {core.name!r} must end at its I/O cells")
        self._lines = _Board()
        self.board = board

    @property
    def board(self):
        return self._board

    @board.setter
    def board(self, board):
        self._board = board
        for name in ("delays", "strobes", "aligns", "read_skews", "write_skews"):
            getattr(self._lines, name)[:] = getattr(board, name)
        self._lines.jitter, self._lines.aperture = board.jitter, board.aperture
        # A state of zero would stay zero.
        self._lines.random = (board.seed * 0x9e3779b97f4a7c15 & (1 << 64) - 1) or 1

    def attach(self, loop, simulation, port_index):
        core, memory = self._core, self._memory
        widths = {name: width for name, width, _ in core.signals}
        bits, outputs = widths["cells_in"], [name for name in widths if name.startswith("cells_out_")]
        if len(outputs) > _MOST_OUT:
            raise ValueError(f"Outputs to I/O cells must be at most {_MOST_OUT}, not {len(outputs)}")
        self._settings = self._device()
        places = (_series7 if memory.phy == "A7DDRPHY" else _ecp5)(core.cells, memory)
        self._pins = _Settings(
            series7=memory.phy == "A7DDRPHY", clock_ps=round(1e12 / memory.dram_clock_hz), tap_ps=_TAP_PS,
            address_bits=_address_bits(memory), in_bytes=(bits + 7) // 8, in_bits=bits,
            out_bits=len(outputs),
            board=ctypes.pointer(self._lines), places=places)
        loop.simulation_attach_pins(
            simulation, ctypes.byref(self._settings), ctypes.byref(self._pins),
            (ctypes.c_uint32 * len(outputs))(*(port_index(name, 1) for name in outputs)), port_index("cells_in", bits))


def _address_bits(memory):
    return max(memory.part.rows, memory.part.columns).bit_length() - 1


def _place_commands(places, cells, memory, ports):
    """Take the cells of the command pins, in the order in which the PHYs of LiteDRAM create them, from an iterator;
    `ports` has those of a clock for each phase."""
    names = ["reset_n", "cs_n", *(("address", i) for i in range(_address_bits(memory))),
             *(("bank", i) for i in range(_BANK_BITS)), "ras_n", "cas_n", "we_n", "cke", "odt"]
    for name in names:
        cell = next(cells)
        for phase, port in enumerate(ports):
            if isinstance(name, tuple):
                getattr(places, name[0])[phase][name[1]] = cell[port]
            elif hasattr(places, name):
                getattr(places, name)[phase] = cell[port]


def _of(cells, kind):
    return [ports for name, ports in cells if name == kind]


def _ecp5(cells, memory):
    places = _Places()
    # The first cell is the clock's.
    _place_commands(places, iter(_of(cells, "ODDRX2F")[1:]), memory, ["D0", "D2"])
    outputs, inputs, drivers = (_of(cells, kind) for kind in ("ODDRX2DQA", "IDDRX2DQA", "TSHX2DQA"))
    lock, = _of(cells, "DDRDLLA")
    places.lock = lock["LOCK"]
    masks = memory.mask_lanes or range(LANES)
    for lane, gate in enumerate(_of(cells, "DQSBUFM")):
        mask, *lines = outputs[9 * lane:9 * lane + 9]
        places.pause[lane], places.gate[lane] = gate["PAUSE"], gate["READ0"]
        places.burst[lane] = gate["BURSTDET"]
        for bit in range(3):
            places.delay[lane][bit] = gate[f"READCLKSEL{bit}"]
        for beat in range(4):
            places.mask_out[masks[lane]][beat] = mask[f"D{beat}"]
        for line, ports in enumerate(lines, 8 * lane):
            places.off[line] = drivers[line]["T0"]
            for beat in range(4):
                places.data_out[line][beat] = ports[f"D{beat}"]
                places.data_in[line][beat] = inputs[line][f"Q{beat}"]
    return places


def _series7(cells, memory):
    places = _Places()
    outputs = iter(_of(cells, "OSERDESE2")[1:])
    _place_commands(places, outputs, memory, ["D1", "D3", "D5", "D7"])
    for _strobe in range(LANES):  # They toggle always.
        next(outputs)
    for lane in range(LANES):
        mask = next(outputs)
        for beat in range(8):
            places.mask_out[lane][beat] = mask[f"D{beat + 1}"]
    for line, (ports, sampler, delay) in enumerate(zip(
            outputs, _of(cells, "ISERDESE2"), _of(cells, "IDELAYE2"), strict=True)):
        places.off[line], places.load[line], places.step[line] = ports["T1"], delay["LD"], delay["CE"]
        for beat in range(8):
            places.data_out[line][beat] = ports[f"D{beat + 1}"]
            # The first sample comes out at Q8.
            places.data_in[line][beat] = sampler[f"Q{8 - beat}"]
    return places
