"""What lies where on the bus of the board's processor.

This file is the only definition: gateware decodes addresses with it, :mod:`flow.firmware` prints the header that
``firmware/`` includes. It knows nothing of Amaranth.
"""

from enum import IntEnum

from soc.link.protocol import Register

__all__ = ["AcceleratorRegister", "ConsoleRegister", "DRAM", "REGISTERS", "REGION_SHIFT", "Region", "TimerRegister",
           "address"]

REGION_SHIFT = 28
"""Bits of an address below those that choose the region."""

DRAM = 0x4000_0000
"""Where the first byte of DRAM is seen, of which there is a window of 1 GiB."""


class Region(IntEnum):
    """The upper four bits of an address."""

    MEMORY = 0x0       #: program memory: code, data and stack
    CONSOLE = 0x8      #: the terminal
    TIMER = 0x9        #: time
    ACCELERATOR = 0xB  #: the accelerator


class ConsoleRegister(IntEnum):
    """Byte offsets of the console's registers."""

    DATA = 0    #: read: bits 0..7 are a byte that was typed, which is taken, if bit 8 is set; write: bits 0..7 are sent
    STATUS = 4  #: bit 0: a byte may be written to DATA; without that it would be lost


class TimerRegister(IntEnum):
    """Byte offsets of the timer's registers."""

    LOW = 0   #: cycles since the reset, bits 0..31; HIGH is kept at the same moment
    HIGH = 4  #: bits 32..63, as they were when LOW was read


AcceleratorRegister = IntEnum("AcceleratorRegister", {register.name: 4 * register for register in Register})
"""Byte offsets of the accelerator's registers, which are those of the link: `soc.link.protocol.Register`."""

REGISTERS = {Region.CONSOLE: ConsoleRegister, Region.TIMER: TimerRegister, Region.ACCELERATOR: AcceleratorRegister}
"""The registers of the regions that have any."""


def address(region, register=0):
    """Byte address of a register (int)."""
    return region << REGION_SHIFT | register
