"""Whether a file is a model for a board."""

import ctypes
import zlib

from host.errors import CelosiaError
from soc.cpu.board_file import BoardFile, MAGIC, SECTOR, Section, VERSION

__all__ = ["check_board_file"]

_CHUNK = 1 << 22


def check_board_file(path, *, on_progress=lambda done, total: None):
    """Read all of a board file, and compare its CRCs.

    Parameters
    ----------
    path : path
    on_progress : function of (int, int)
        Called with the bytes that have been read, and all.

    Returns
    -------
    soc.cpu.board_file.BoardFile

    Raises
    ------
    CelosiaError
        If it is none, or damaged, saying where.
    """
    try:
        with open(path, "rb") as file:
            return _checked(path, file, on_progress)
    except OSError as error:
        raise CelosiaError(f"cannot read {path}: {error.strerror}") from error


def _checked(path, file, on_progress):
    data = file.read(SECTOR)
    if len(data) < SECTOR or data[:len(MAGIC)] != MAGIC:
        raise CelosiaError(f"{path} is no model for a board: celosia pack makes one")
    header = BoardFile.from_buffer_copy(data)
    if header.version != VERSION or header.header_bytes != ctypes.sizeof(BoardFile):
        raise CelosiaError(f"{path}: version must be {VERSION}, not {header.version}: pack the model again")
    if zlib.crc32(data[:BoardFile.crc.offset]) != header.crc:
        raise CelosiaError(f"{path} is damaged: wrong CRC of its header")
    size = file.seek(0, 2)
    if size != header.file_bytes:
        raise CelosiaError(f"{path} is damaged: it must have {header.file_bytes:,} bytes, not {size:,}")
    done = SECTOR
    for section in Section:
        place, crc = header.sections[section], 0
        file.seek(place.offset)
        left = place.bytes + -place.bytes % SECTOR
        while left:
            piece = file.read(min(left, _CHUNK))
            if not piece:
                raise CelosiaError(f"{path} is damaged: section {section.name.lower()} goes beyond its end")
            crc, left, done = zlib.crc32(piece, crc), left - len(piece), done + len(piece)
            on_progress(done, size)
        if crc != place.crc:
            raise CelosiaError(f"{path} is damaged: wrong CRC of section {section.name.lower()}")
    return header
