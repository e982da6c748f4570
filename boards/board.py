"""What a board is, and which boards there are."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from boards.device import DEVICES
from gateware.config import Config
from soc.dram.memory import Memory

__all__ = ["BOARDS", "Board", "ROUTERS"]

ROUTERS = ("router1", "router2")
"""Routers of nextpnr: the first takes up a wire for one path at a time, and heeds the clock; the second lets all paths
share wires at first, and untangles them, which ends where the first one goes round in circles."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board: all that is built, simulated or measured for it is made from this.

    Attributes
    ----------
    name : str
        Also the name of its module, of its configuration and of its memory.
    config : gateware.config.Config
        Of its accelerator.
    memory : soc.dram.memory.Memory
        As the top has it: part, PHY and the clock of the design.
    device : str
        One of `boards.device.DEVICES`.
    top : function of a Config
        Makes the whole of the FPGA, with a processor if ``program`` is given: an Elaboratable with an attribute
        ``trained``: whether something trains the PHY of its DRAM; and with one of an ECP5 ``asynchronous``: between
        which clocks paths may take any time, and why (`flow.crossings.judge_crossings`).
    platform : class
        The pins: an ``amaranth.build.Platform``.
    speed : int or None
        Speed grade of an ECP5.
    router : str
        That of nextpnr-ecp5 which gets through: one of `ROUTERS`.
    processor : bool
        Whether it has a processor, so that it starts by itself and talks on its line.
    studies : tuple of Memory
        The memory at clocks that no design has, to be simulated.

    Raises
    ------
    ValueError
        If configuration or memory have another name, or there is no such device, speed grade or router.
    """

    name: str
    config: Config
    memory: Memory
    device: str
    top: object
    platform: type
    speed: int | None = None
    router: str = "router1"
    processor: bool = False
    studies: tuple[Memory, ...] = ()

    def __post_init__(self):
        for what, name in ("configuration", self.config.name), ("memory", self.memory.name):
            if name != self.name:
                raise ValueError(f"Name of a board's {what} must be {self.name!r}, not {name!r}")
        for study in self.studies:
            if study.board != self.name or not study.is_study:
                raise ValueError(f"Name of a study must be {self.name!r} and a clock, not {study.name!r}")
        if self.device not in DEVICES:
            raise ValueError(f"Device of a board must be one of {', '.join(DEVICES)}, not {self.device!r}")
        if self.router not in ROUTERS:
            raise ValueError(f"Router of {self.name!r} must be one of {', '.join(ROUTERS)}, not {self.router!r}")
        speeds = DEVICES[self.device].speeds or (None,)
        if self.speed not in speeds:
            raise ValueError(f"Speed grade of {self.name!r} must be one of {', '.join(map(str, speeds))}, "
                             f"not {self.speed!r}")

    @property
    def clock_hz(self):
        """Clock of accelerator, link and controller, in Hz."""
        return self.memory.clock_hz

    @property
    def family(self):
        """Family of the device: ``"ecp5"``, which is placed and routed here, or ``"xc7"``, which is not."""
        return DEVICES[self.device].family

    @property
    def takes_processor(self):
        """Whether it can have a processor: it has a DRAM and a line at the FPGA, none behind processors of its own."""
        return self.memory.phy != "PS7"

    @property
    def slot(self):
        """Whether there is a slot for SD cards, which the processor reads."""
        return self.takes_processor and self.top.slot


class _Boards(Mapping):
    """Modules of this package that end in ``BOARD``; one is imported when its board is asked for."""

    def __init__(self, *names):
        self._names = names

    def __getitem__(self, name):
        if name not in self._names:
            raise KeyError(name)
        return import_module(f"boards.{name}").BOARD

    def __contains__(self, name):
        return name in self._names

    def __iter__(self):
        return iter(self._names)

    def __len__(self):
        return len(self._names)


# Nothing was tried on any of them: none of this has run on real hardware.
BOARDS = _Boards("ulx3s", "ecpix5", "orangecrab", "arty_a7", "pynq_z1")
"""Boards by their names."""
