"""The firmware's training, compiled for this machine, on the RTL of a board's PHY."""

import ctypes
from dataclasses import dataclass
import re

from flow.board_header import board_header
from sim.training_system import TrainingSystem
from testing.native_firmware import NativeFirmware

__all__ = ["Trained", "Trainer", "Window", "least_window"]


class Window(ctypes.Structure):
    """``struct window`` of firmware/train.h."""

    _fields_ = [(name, ctypes.c_uint8) for name in ("bitslip", "first", "length", "delay", "refused")]

    def as_dict(self):
        """All members by name."""
        return {name: getattr(self, name) for name, _ in self._fields_}


@dataclass(frozen=True)
class Trained:
    """What the firmware made of a board.

    Attributes
    ----------
    trained : bool
    windows : tuple of dict
        Of each byte lane.
    cycles : int
    """

    trained: bool
    windows: tuple
    cycles: int


def least_window(header):
    """What a board's header asks of a window (int)."""
    return int(re.search(r"\.least = (\d+)", header)[1])


class Trainer:
    """A simulated controller with its PHY, of which one board after another is trained by the firmware.

    Between boards nothing is reset: training begins from whatever was before.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
    patient : bool
        See :class:`sim.training_system.TrainingSystem`.

    Attributes
    ----------
    system : sim.training_system.TrainingSystem
    header : str
        ``board.h``.
    """

    def __init__(self, memory, *, patient=False):
        self.system = system = TrainingSystem(memory, patient=patient)
        self.header = board_header(memory=memory, core=system.core)
        self._firmware = NativeFirmware(read=system.bus.read, write=system.bus.write, board=self.header)

    def train(self, board):
        """Put a board behind the pins and train it; afterwards the DRAM may be used if that worked.

        Returns
        -------
        Trained

        Raises
        ------
        SimulationError
            If a rule of the device or of a cell was broken.
        """
        system, library = self.system, self._firmware.library
        system.pins.board = board
        windows = (Window * 4)()
        start = system.cycle
        system.allow(False)
        trained = bool(library.train(ctypes.c_void_p(library.board()), windows))
        system.allow(trained)
        system.bus.check()
        return Trained(trained, tuple(window.as_dict() for window in windows[:2]), system.cycle - start)
