"""An SD card in the slot of a simulated board."""

import ctypes

import numpy as np

__all__ = ["SdCard", "SdCounters"]

_PINS = (("clk", 1), ("cmd_o", 1), ("cmd_oe", 1), ("cmd_i", 1), ("dat_i", 4))
_BLOCK_BYTES = 512


class SdCounters(ctypes.Structure):
    """What the card counted; C++ writes it in place.

    Members
    -------
    clocks, commands : int
    blocks : int
        That were sent to their end.
    unanswered : int
        Commands with a wrong CRC, or not allowed when they came.
    """

    _fields_ = [(name, ctypes.c_uint64) for name in ("clocks", "commands", "blocks", "unanswered")]


class _Settings(ctypes.Structure):
    _fields_ = [("content", ctypes.c_void_p), ("blocks", ctypes.c_uint64),
                *((name, ctypes.c_uint32) for name in (
                    "present", "high_capacity", "busy_rounds", "access_clocks", "output_cycles", "slow_cycles",
                    "fast_cycles", "damages")),
                ("damaged_block", ctypes.c_uint64), ("response_damages", ctypes.c_uint32),
                ("reserved", ctypes.c_uint32), ("seed", ctypes.c_uint64), ("counters", ctypes.POINTER(SdCounters))]


class SdCard:
    """A card and its content, behind :class:`soc.sd.pins.SdPins`; one simulation at a time may use it.

    ``cxx/sd_card.h`` says what it knows of the standard. Its outputs change ``output_ns`` after the falling edge of the
    clock at its pin; a register at a pin takes what is there at the end of a cycle. Bits faster than 400 kHz before the
    card is selected and than 25 MHz afterwards end the simulation, and so does a first command before 74 clocks.

    Parameters
    ----------
    content : numpy.ndarray
        uint8, one dimension, contiguous, a multiple of 512 bytes; shared, not copied.
    clock_hz : float
        Of the design.
    high_capacity : bool
        Addresses count blocks (SDHC, SDXC) and not bytes.
    busy_rounds : int
        How often the card says that it is not ready when it is initialised.
    access_clocks : int
        At most so many clocks pass before a block, a number that is drawn each time.
    output_ns : float
        0 to 14, the most that default speed allows.
    seed : int

    Members
    -------
    counters : SdCounters

    Raises
    ------
    ValueError
        If the content is not such an array.
    """

    def __init__(self, content, *, clock_hz, high_capacity=True, busy_rounds=3, access_clocks=200, output_ns=14,
                 seed=0):
        if content.dtype != np.uint8 or content.ndim != 1 or not content.flags.c_contiguous:
            raise ValueError(f"Content must be a contiguous array of uint8 with one dimension, "
                             f"not {content.dtype} of shape {content.shape}")
        if content.size % _BLOCK_BYTES or not content.size:
            raise ValueError(f"Content must be a multiple of {_BLOCK_BYTES} bytes, not {content.size}")
        self._content, self.counters = content, SdCounters()

        def cycles(seconds):
            return -int(-seconds * clock_hz * (1 - 1e-9) // 1)

        self._settings = _Settings(
            content=content.ctypes.data, blocks=content.size // _BLOCK_BYTES, present=1, high_capacity=high_capacity,
            busy_rounds=busy_rounds, access_clocks=access_clocks, output_cycles=int(output_ns * 1e-9 * clock_hz),
            slow_cycles=cycles(1 / 400e3), fast_cycles=cycles(1 / 25e6), seed=seed & (1 << 64) - 1,
            counters=ctypes.pointer(self.counters))

    @property
    def present(self):
        """Whether the card is in its slot (bool, may be set between runs); one that is put in has just been powered."""
        return bool(self._settings.present)

    @present.setter
    def present(self, value):
        self._settings.present = bool(value)

    def damage_block(self, block, *, times=1):
        """The next ``times`` times that ``block`` (int) is sent, one of its CRCs is wrong."""
        self._settings.damaged_block, self._settings.damages = block, times

    def damage_responses(self, times):
        """The next ``times`` responses have a wrong CRC."""
        self._settings.response_damages = times

    def attach(self, loop, simulation, port_index):
        """Called by :class:`sim.compiled.CompiledSimulation`: become the card of its design."""
        ports = [port_index(f"card__{name}", bits) for name, bits in _PINS]
        loop.simulation_attach_card(simulation, ctypes.byref(self._settings), (ctypes.c_uint32 * len(ports))(*ports))
