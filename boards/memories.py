"""The memories of all boards, and studies of them at other clocks."""

from boards.board import BOARDS

__all__ = ["MEMORIES"]

MEMORIES = {memory.name: memory for board in BOARDS.values() for memory in (board.memory, *board.studies)}
"""By name: a board's own is called like the board, and has the clock that the board is built with."""
