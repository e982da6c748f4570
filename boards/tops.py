"""The boards of which there is a whole design, pins and DRAM included."""

from boards.ecpix5 import Ecpix5, Ecpix5Platform
from boards.orangecrab import OrangeCrab, OrangeCrabPlatform
from boards.ulx3s import Ulx3s, Ulx3sPlatform

__all__ = ["TOPS", "UNTRAINED_TOPS"]

TOPS = {"ulx3s": (Ulx3s, Ulx3sPlatform)}
"""By the name of the board: the top, made of a configuration, and its platform."""

UNTRAINED_TOPS = {"ecpix5": (Ecpix5, Ecpix5Platform), "orangecrab": (OrangeCrab, OrangeCrabPlatform)}
"""The same for boards whose PHY nothing trains yet: for counts, not for bitstreams."""
