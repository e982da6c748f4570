"""The memories of the boards."""

from dataclasses import dataclass, replace

from soc.dram.parts import DramPart, PARTS

__all__ = ["MEMORIES", "Memory"]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """DRAM and controller of a board, from which the controller and its simulation are generated.

    Attributes
    ----------
    name : str
    part : DramPart
        The DRAM; boards with one device of 16 bits.
    phy : str
        ``GENSDRPHY``, ``ECP5DDRPHY``, ``A7DDRPHY``: what LiteDRAM calls the pins' side of the controller; or
        ``PS7``, the hard controller of a Zynq-7000 behind AXI ports.
    clock_hz : float
        Clock of accelerator and controller.
    phases : int
        Clocks of the DRAM per clock of the controller (not for ``PS7``).
    dram_clock_hz : float
        Clock of the DRAM, where it is not ``phases * clock_hz``.
    mask_lanes : tuple of int
        Byte whose mask the pin in the group of each byte's strobe carries, where the board has them crossed.
    """

    name: str
    part: DramPart
    phy: str
    clock_hz: float
    phases: int = 1
    dram_clock_hz: float = 0
    mask_lanes: tuple[int, ...] = ()

    def __post_init__(self):
        if not self.dram_clock_hz:
            object.__setattr__(self, "dram_clock_hz", self.phases * self.clock_hz)

    @property
    def board(self):
        """Name of the board, which is also that of the accelerator's configuration for it."""
        return self.name.partition("-")[0]

    @property
    def bytes(self):
        """Capacity."""
        return self.part.bytes

    @property
    def peak_bytes_per_second(self):
        """What the DRAM's pins can move."""
        return self.dram_clock_hz * self.part.transfers_per_clock * self.part.data_bits / 8

    @property
    def peak_bytes_per_cycle(self):
        """The same in a clock of the accelerator."""
        return self.peak_bytes_per_second / self.clock_hz


def _at(memory, megahertz):
    return replace(memory, name=f"{memory.name}-{megahertz}", clock_hz=megahertz * 1e6, dram_clock_hz=0)


_ULX3S = Memory(name="ulx3s", part=PARTS["MT48LC16M16A2"], phy="GENSDRPHY", clock_hz=75e6)
_ECPIX5 = Memory(name="ecpix5", part=PARTS["MT41K256M16"], phy="ECP5DDRPHY", clock_hz=75e6, phases=2)
# What the PLL makes exactly of the board's 48 MHz, and a multiple of the 3 Mbaud of the link.
_ORANGECRAB = Memory(name="orangecrab", part=PARTS["MT41K64M16"], phy="ECP5DDRPHY", clock_hz=72e6, phases=2,
                     mask_lanes=(1, 0))

MEMORIES = {memory.name: memory for memory in (
    _ULX3S, _at(_ULX3S, 100), _ECPIX5, _at(_ECPIX5, 100), _ORANGECRAB, _at(_ORANGECRAB, 48),
    Memory(name="arty_a7", part=PARTS["MT41K128M16"], phy="A7DDRPHY", clock_hz=100e6, phases=4),
    # 525 MHz: the DDR3-1050 of the board's PS7 settings.
    Memory(name="pynq_z1", part=PARTS["MT41K256M16"], phy="PS7", clock_hz=150e6, dram_clock_hz=525e6),
)}
"""Memories by name: by that of a board as the board is built; with a clock in MHz behind it, a study."""
