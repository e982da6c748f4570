"""`celosia program`: a bitstream into a board."""

from pathlib import Path
import re
import shutil
import subprocess
from typing import Annotated

import typer

from flow.waiting import waiting
from host.errors import CelosiaError

__all__ = ["program"]

_PROGRAM = "openFPGALoader"


def program(
    bitstream: Annotated[Path, typer.Argument(metavar="BITSTREAM", help="Bitstream (.bit) of an ECP5.")],
    board: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="Board, as openFPGALoader calls it; tells it the cable.")] = None,
    flash: Annotated[bool, typer.Option(
        "--flash", help="Into the flash, to stay; by default until power is off.")] = False,
):
    """Program a board through openFPGALoader, which has to be on the PATH.

    The device that is connected is looked at first; a bitstream for another one is refused.

    \b
    celosia program build/ulx3s.bit --board ulx3s
    """
    from host.transport.bitstream import DEVICES, device_of_bitstream

    wanted = device_of_bitstream(bitstream)
    if shutil.which(_PROGRAM) is None:
        raise CelosiaError(f"{_PROGRAM} is not on the PATH: install it from your distribution")
    cable = ["--board", board] if board else []
    found = [int(code, 16) for code in re.findall(r"idcode\s+0x([0-9a-fA-F]+)", _run(*cable, "--detect"))]
    if not found:
        raise CelosiaError(f"{_PROGRAM} found no device")
    if found != [wanted]:
        names = ", ".join(DEVICES.get(code, f"{code:#010x}") for code in found)
        raise CelosiaError(f"{bitstream}: is for {DEVICES[wanted]}, connected is {names}")
    with waiting(f"programming {DEVICES[wanted]} ..."):
        _run(*cable, *(["--write-flash"] if flash else []), str(bitstream))
    typer.echo(f"celosia: {DEVICES[wanted]} programmed with {bitstream}", err=True)


def _run(*arguments):
    """What openFPGALoader prints."""
    done = subprocess.run([_PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no output"])[-1]
        raise CelosiaError(f"{_PROGRAM} {' '.join(arguments)} failed: {last}")
    return done.stdout
