"""A board behind a serial port."""

from host.transport.link_error import LinkError
from host.transport.transport import Transport

__all__ = ["BAUD", "SerialTransport"]

BAUD = 3_000_000
"""Bits per second, the fastest that the FTDI chips of ULX3S and ECPIX-5 do."""

_WRITE_SECONDS = 10


class SerialTransport(Transport):
    """A serial port, or a pseudo-terminal.

    Parameters
    ----------
    path : str
        The device.
    baud : int
        Bits per second.

    Raises
    ------
    LinkError
        If it cannot be opened.
    """

    def __init__(self, path, *, baud=BAUD):
        import serial

        self.name, self._baud = str(path), baud
        try:
            # Exclusive: a second host would break the sequence of the first.
            self._port = serial.Serial(
                self.name, baud, timeout=0, write_timeout=_WRITE_SECONDS, exclusive=True)
        except (OSError, ValueError) as error:
            raise LinkError(f"port {self.name} cannot be opened: {error}") from error

    def hint(self):
        from serial.tools.list_ports import comports

        # Ports on the main board are always there, whether anything is connected or not.
        found = ", ".join(f"{port.device} ({port.description})" for port in sorted(comports()) if port.vid is not None)
        return (f"is it the port of a board whose bitstream is loaded, at {self._baud:,} baud? "
                f"USB serial ports here: {found or 'none'}")

    def write(self, data):
        try:
            self._port.write(data)
        except OSError as error:
            raise LinkError(f"port {self.name} cannot be written: {error}") from error

    def read(self, timeout):
        try:
            self._port.timeout = timeout
            first = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except OSError as error:
            raise LinkError(f"port {self.name} cannot be read: {error}") from error

    def close(self):
        self._port.close()
