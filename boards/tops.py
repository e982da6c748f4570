"""The boards of which there is a whole design, pins and DRAM included."""

from boards.ulx3s import Ulx3s, Ulx3sPlatform

__all__ = ["TOPS"]

TOPS = {"ulx3s": (Ulx3s, Ulx3sPlatform)}
"""By the name of the board: the top, made of a configuration, and its platform."""
