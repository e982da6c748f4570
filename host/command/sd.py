"""`celosia sd`: a model on a memory card."""

import os
from pathlib import Path
from typing import Annotated

import typer

from host.errors import CelosiaError

__all__ = ["sd"]

_CHUNK = 1 << 22


def sd(
    model: Annotated[Path, typer.Argument(metavar="FILE", help="From celosia pack: *.celosia.")],
    device: Annotated[Path, typer.Option(
        metavar="PATH", show_default=False, help="The card, such as /dev/sdX; or a file: the content of a card.")],
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False, help="Also write what was done to this file.")] = None,
):
    """Write a model to a memory card, from its first block on.

    Everything that is on the card is lost. Without that, on a card with a FAT file system (FAT16 or FAT32), the model
    may as well be copied to the root folder, as a file *.celosia: the board takes the first.

    The file is checked before, and the card is read and compared afterwards. A device must be a whole card: not
    mounted, not in use, and one that can be taken out; any other is refused. Needs the right to write the device.

    \b
    celosia sd model.celosia --device /dev/sdX
    celosia sd model.celosia --device card.img
    """
    import json as json_module

    from host.card.board_file_check import check_board_file
    from host.card.card_device import CardDevice
    from host.console.output_file import output_file, takes_stdout

    with output_file(json) as report:
        header = _checked(model, check_board_file)
        is_card = CardDevice.is_device(device)
        if is_card:
            card = CardDevice(device)
            if header.file_bytes > card.bytes:
                raise CelosiaError(f"{device} must have at least the {header.file_bytes:,} bytes of {model}, "
                                   f"not {card.bytes:,}")
            _write_card(model, device, header.file_bytes)
        elif device.exists() and not device.is_file():
            raise CelosiaError(f"device must be a block device or a file, and {device} is neither")
        else:
            with output_file(device) as file:
                _copy(model, header.file_bytes, file.write)
        if report:
            report.write((json_module.dumps({
                "file": str(model), "device": str(device), "bytes": header.file_bytes, "card": is_card}, indent=2)
                + "\n").encode())
    if not takes_stdout(json):
        typer.echo(f"{device}: {header.file_bytes:,} bytes" + (", read back and compared" if is_card else ""))


def _checked(model, check):
    from host.console.progress_bar import ProgressBar

    size = model.stat().st_size if model.is_file() else 0
    with ProgressBar(size >> 20, "MiB read") as bar:
        shown = 0

        def on_progress(done, _total):
            nonlocal shown
            while shown < done >> 20:
                bar.advance()
                shown += 1

        return check(model, on_progress=on_progress)


def _copy(model, size, write):
    """Hand all of a file to a function, piece by piece."""
    from host.console.progress_bar import ProgressBar

    with open(model, "rb") as source, ProgressBar(-(-size // _CHUNK), "pieces of 4 MiB") as bar:
        while piece := source.read(_CHUNK):
            write(piece)
            bar.advance()


def _write_card(model, device, size):
    try:
        with open(device, "r+b", buffering=0) as card:
            def write(piece):
                while piece:
                    piece = piece[card.write(piece):]

            _copy(model, size, write)
            os.fsync(card.fileno())
            # What the kernel still has of it is forgotten, so that the card itself is read.
            os.posix_fadvise(card.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            card.seek(0)

            def compare(piece):
                place = card.tell()
                if _read_all(card, len(piece)) != piece:
                    raise CelosiaError(f"{device}: what was written to byte {place:,} is not what is read: the card is "
                                       f"bad")

            _copy(model, size, compare)
    except OSError as error:
        raise CelosiaError(f"cannot write {device}: {error.strerror}") from error


def _read_all(file, size):
    pieces = []
    while size and (piece := file.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
