"""The whole of the FPGA of a board, its processor's program in it."""

from flow.board_firmware import board_firmware

__all__ = ["board_design"]


def board_design(board, config, *, toolchain, processor=None):
    """What a board's top is, with the firmware if the board has a processor.

    Parameters
    ----------
    board : boards.board.Board
    config : gateware.config.Config
    toolchain : flow.toolchain.Toolchain
    processor : bool, optional
        With a processor, or without; by default as the board has it.

    Returns
    -------
    Elaboratable
        See `boards.board.Board`.

    Raises
    ------
    flow.toolchain.ToolError
        If the firmware cannot be compiled.
    """
    if not (board.processor if processor is None else processor):
        return board.top(config)
    return board.top(config, program=board_firmware(board.memory, toolchain=toolchain).content)
