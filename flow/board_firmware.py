"""The firmware of a certain board."""

from flow.board_header import board_header, trains
from flow.firmware import build_firmware

__all__ = ["board_firmware"]


def board_firmware(memory, *, toolchain):
    """The firmware for a board with this memory: it trains the PHY, if that has to be trained.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
    toolchain : flow.toolchain.Toolchain

    Returns
    -------
    flow.firmware.Firmware

    Raises
    ------
    flow.toolchain.ToolError
        If it cannot be compiled.
    """
    if not trains(memory):
        return build_firmware(toolchain=toolchain)
    # LiteX takes more than a second to import.
    from soc.dram.core import generate_controller

    header = board_header(memory=memory, core=generate_controller(memory, end="pins"))
    return build_firmware(toolchain=toolchain, board=header)
