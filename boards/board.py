"""The boards, as far as they decide what is synthesised."""

from dataclasses import dataclass

__all__ = ["BOARDS", "Board"]


@dataclass(frozen=True, kw_only=True)
class Board:
    """One board.

    Attributes
    ----------
    name : str
        Also the name of its accelerator's configuration and of its memory in `soc.dram.memories`, which has the
        part, the PHY and the clocks.
    device : str
        One of `boards.device.DEVICES`.
    speed : int or None
        Speed grade of an ECP5.
    platform : str
        Where Amaranth's description of its pins is: a class of `amaranth_boards`, by module and name. Empty:
        it has none.
    """

    name: str
    device: str
    speed: int | None = None
    platform: str = ""


# Nothing was tried on any of them: none of this has run on real hardware.
BOARDS = {board.name: board for board in (
    Board(name="ulx3s", device="lfe5u-85f", speed=6, platform="ulx3s.ULX3S_85F_Platform"),
    Board(name="ecpix5", device="lfe5um5g-85f", speed=8, platform="ecpix5.ECPIX585Platform"),
    Board(name="orangecrab", device="lfe5u-85f", speed=8, platform="orangecrab_r0_2.OrangeCrabR0_2_85FPlatform"),
    Board(name="arty_a7", device="xc7a100t", platform="arty_a7.ArtyA7_100Platform"),
    Board(name="pynq_z1", device="xc7z020"),
)}
"""Boards by their names."""
