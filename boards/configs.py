"""The configurations that have a name: those of boards beside those for simulation."""

from collections.abc import Mapping

from boards.board import BOARDS
from gateware.config import CONFIGS

__all__ = ["ALL_CONFIGS"]


class _Configs(Mapping):
    """A board's description is imported when its configuration is asked for."""

    def __getitem__(self, name):
        return CONFIGS[name] if name in CONFIGS else BOARDS[name].config

    def __contains__(self, name):
        return name in CONFIGS or name in BOARDS

    def __iter__(self):
        yield from CONFIGS
        yield from BOARDS

    def __len__(self):
        return len(CONFIGS) + len(BOARDS)


ALL_CONFIGS = _Configs()
"""Named configurations; that of a board has the board's name."""
