"""A board whose logic lies beside the processor that this runs on."""

import mmap
import os
import time

import numpy as np

from host.transport.link_error import LinkError
from host.transport.transport import Transport
from soc.link.byte_registers import DATA, LEVELS, VALID_BIT

__all__ = ["DEVICE", "RegisterTransport"]

DEVICE = "/dev/mem"
ADDRESS = 0x4000_0000
"""Of M_AXI_GP0 of a Zynq-7000: UG585, chapter "System Addresses"."""

_PAGE = 4096
_WORD_BYTES = 4
_PAUSE_SECONDS = 50e-6
_WRITE_SECONDS = 10


class RegisterTransport(Transport):
    """The registers of :class:`soc.link.axi_port.AxiLinkPort`.

    Parameters
    ----------
    registers : sequence
        32-bit words by their numbers; each access is one of the bus.
    name : str

    See Also
    --------
    open : Those of the board that this runs on.
    """

    def __init__(self, registers, *, name=DEVICE):
        self.name, self._registers = name, registers

    @classmethod
    def open(cls, path=DEVICE):
        """Map the registers.

        Raises
        ------
        LinkError
            If that is not possible, for example because only root may.
        """
        try:
            file = os.open(path, os.O_RDWR | os.O_SYNC)
            try:
                page = mmap.mmap(file, _PAGE, offset=ADDRESS)
            finally:
                os.close(file)
        except (OSError, ValueError) as error:
            raise LinkError(f"registers at {ADDRESS:#x} of {path} cannot be mapped: {error}") from error
        # An element of an array is read and written as a whole, unlike a slice of the mapping.
        return cls(np.frombuffer(page, "<u4"), name=path)

    def _levels(self):
        """Bytes that may be written, bytes that can be read."""
        levels = int(self._registers[LEVELS // _WORD_BYTES])
        return levels & 0xffff, levels >> 16

    def write(self, data):
        end = time.monotonic() + _WRITE_SECONDS
        while data:
            room, _ = self._levels()
            for byte in data[:room]:
                self._registers[DATA // _WORD_BYTES] = byte
            data = data[room:]
            if data and not room:
                if time.monotonic() > end:
                    raise LinkError(f"{self.name}: the board has taken nothing for {_WRITE_SECONDS} s")
                time.sleep(_PAUSE_SECONDS)

    def read(self, timeout):
        end = time.monotonic() + timeout
        while True:
            _, count = self._levels()
            words = [int(self._registers[DATA // _WORD_BYTES]) for _ in range(count)]
            if words or time.monotonic() >= end:
                return bytes(word & 0xff for word in words if word >> VALID_BIT)
            time.sleep(_PAUSE_SECONDS)

    def close(self):
        # The mapping ends with the last reference to it.
        self._registers = None
