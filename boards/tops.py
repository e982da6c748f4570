"""The boards of which there is a whole design, pins and DRAM included."""

from boards.arty_a7 import ArtyA7, ArtyA7Platform
from boards.ecpix5 import Ecpix5, Ecpix5Platform
from boards.orangecrab import OrangeCrab, OrangeCrabPlatform
from boards.pynq_z1 import PynqZ1, PynqZ1Platform
from boards.ulx3s import Ulx3s, Ulx3sPlatform

__all__ = ["TOPS", "XILINX_TOPS"]

TOPS = {
    "ulx3s": (Ulx3s, Ulx3sPlatform), "ecpix5": (Ecpix5, Ecpix5Platform), "orangecrab": (OrangeCrab, OrangeCrabPlatform)}
"""By the name of a board with an ECP5: the top, made of a configuration, and its platform. Nothing trains the PHY of
``ecpix5`` and ``orangecrab`` yet."""

XILINX_TOPS = {"arty_a7": (ArtyA7, ArtyA7Platform), "pynq_z1": (PynqZ1, PynqZ1Platform)}
"""The same for boards with a Xilinx device: for counts, and for projects of other people's tools. Nothing trains the
PHY of ``arty_a7`` yet."""
