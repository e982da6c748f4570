"""What lies where on the bus of the board's processor.

This file is the only definition: gateware decodes addresses with it, :mod:`flow.firmware` prints the header that
``firmware/`` includes. It knows nothing of Amaranth.
"""

from enum import IntEnum

__all__ = ["ConsoleRegister", "ControllerRegister", "REGISTERS", "REGION_SHIFT", "Region", "TimerRegister", "address"]

REGION_SHIFT = 28
"""Bits of an address below those that choose the region."""


class Region(IntEnum):
    """The upper four bits of an address."""

    MEMORY = 0x0      #: program memory: code, data and stack
    CONSOLE = 0x8     #: the terminal
    TIMER = 0x9       #: time
    CONTROLLER = 0xa  #: the DRAM's controller: four times the number of a register, and `ControllerRegister`


class ConsoleRegister(IntEnum):
    """Byte offsets of the console's registers."""

    DATA = 0    #: read: bits 0..7 are a byte that was typed, which is taken, if bit 8 is set; write: bits 0..7 are sent
    STATUS = 4  #: bit 0: a byte may be written to DATA; without that it would be lost


class TimerRegister(IntEnum):
    """Byte offsets of the timer's registers."""

    LOW = 0   #: cycles since the reset, bits 0..31; HIGH is kept at the same moment
    HIGH = 4  #: bits 32..63, as they were when LOW was read


class ControllerRegister(IntEnum):
    """Byte offsets of what belongs to the DRAM's controller beside the registers that it has itself.

    Those lie below, 2**14 words; a board's header has their numbers.
    """

    STATE = 0x1_0000  #: read: bit 0: its registers may be used, bit 1: trained; write: bit 0 is the new ``trained``


REGISTERS = {
    Region.CONSOLE: ConsoleRegister, Region.TIMER: TimerRegister, Region.CONTROLLER: ControllerRegister}
"""The registers of the regions that have any."""


def address(region, register=0):
    """Byte address of a register (int)."""
    return region << REGION_SHIFT | register
