"""The block device that a memory card is, on Linux."""

import os
from pathlib import Path
import stat

from host.errors import CelosiaError

__all__ = ["CardDevice"]

_SECTOR = 512  # what the kernel counts the size of a device in


class CardDevice:
    """A device that may be written: a whole memory card that nobody uses.

    What the kernel says of it is taken from its files: that it is a whole device and no partition; that it can be
    taken out (``removable``), or is a card in a slot of its own (``device/type`` is ``SD``); that neither it nor a
    partition of it is mounted, or used for swapping, or held by another device.

    Parameters
    ----------
    path : path
        Of the device.
    kernel, processes : path
        ``/sys`` and ``/proc``.

    Attributes
    ----------
    name : str
        The kernel's, such as ``sdb``.
    bytes : int
        Its size.

    Raises
    ------
    CelosiaError
        If it must not be written, saying why.
    """

    def __init__(self, path, *, kernel=Path("/sys"), processes=Path("/proc")):
        number = os.stat(path).st_rdev
        folder = (kernel / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}").resolve()
        self.name = folder.name
        if not folder.is_dir():
            raise CelosiaError(f"{path}: the kernel says nothing about this device, so that it is not written")
        if (folder / "partition").exists():
            raise CelosiaError(f"{path} is a partition; the card itself is /dev/{folder.parent.name}")
        if _read(folder / "removable") != "1" and _read(folder / "device" / "type") != "SD":
            raise CelosiaError(f"{path} is no memory card, and cannot be taken out: it is not written")
        names = {folder.name, *(part.name for part in folder.iterdir() if (part / "partition").exists())}
        users = _users(processes)
        for name in sorted(names):
            if name in users:
                raise CelosiaError(f"{path} is in use: /dev/{name} is {users[name]}")
            holders = folder / "holders" if name == folder.name else folder / name / "holders"
            if holders.is_dir() and any(holders.iterdir()):
                raise CelosiaError(f"{path} is in use: /dev/{name} is part of {next(holders.iterdir()).name}")
        self.bytes = int(_read(folder / "size") or 0) * _SECTOR

    @staticmethod
    def is_device(path):
        """Whether there is a block device at ``path``."""
        try:
            return stat.S_ISBLK(os.stat(path).st_mode)
        except OSError:
            return False


def _read(path):
    """The one line of a file of the kernel, or None."""
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _users(processes):
    """Names of devices that are mounted or swapped to, and how."""
    users = {}
    for line in (_read(processes / "self" / "mounts") or "").splitlines():
        device, place = line.split()[:2]
        if device.startswith("/dev/"):
            users[Path(device).resolve().name] = f"mounted at {place}"
    for line in (_read(processes / "swaps") or "").splitlines()[1:]:
        device = line.split()[0]
        if device.startswith("/dev/"):
            users[Path(device).resolve().name] = "used for swapping"
    return users
