"""The boards of which there is a whole design, pins and DRAM included."""

from boards.arty_a7 import ArtyA7, ArtyA7Platform
from boards.ecpix5 import Ecpix5, Ecpix5Platform
from boards.orangecrab import OrangeCrab, OrangeCrabPlatform
from boards.pynq_z1 import PynqZ1, PynqZ1Platform
from boards.ulx3s import Ulx3s, Ulx3sPlatform

__all__ = ["TOPS", "UNTRAINED_TOPS", "XILINX_TOPS"]

TOPS = {"ulx3s": (Ulx3s, Ulx3sPlatform)}
"""By the name of the board: the top, made of a configuration, and its platform."""

UNTRAINED_TOPS = {"ecpix5": (Ecpix5, Ecpix5Platform), "orangecrab": (OrangeCrab, OrangeCrabPlatform)}
"""The same for boards whose PHY nothing trains yet: for counts, not for bitstreams."""

XILINX_TOPS = {"arty_a7": (ArtyA7, ArtyA7Platform), "pynq_z1": (PynqZ1, PynqZ1Platform)}
"""The same for boards with a Xilinx device: for counts, and for projects of other people's tools. Nothing trains the
PHY of ``arty_a7`` yet."""
