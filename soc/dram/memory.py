"""The memory of a board."""

from dataclasses import dataclass, replace

from soc.dram.parts import DramPart

__all__ = ["Memory"]


@dataclass(frozen=True, kw_only=True)
class Memory:
    """DRAM and controller of a board, from which the controller and its simulation are generated.

    Attributes
    ----------
    name : str
        That of its board; of a study that and the clock in MHz: ``ulx3s-100``.
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
    def is_study(self):
        """Whether no design of the board has this clock."""
        return self.name != self.board

    def study(self, clock_hz):
        """This memory as it would be at another clock (`Memory`)."""
        return replace(self, name=f"{self.board}-{clock_hz / 1e6:g}", clock_hz=clock_hz, dram_clock_hz=0)

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
