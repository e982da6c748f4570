"""What lies where on the bus of the board's processor.

This file is the only definition: gateware decodes addresses with it, :mod:`flow.firmware` prints the header that
``firmware/`` includes. It knows nothing of Amaranth.
"""

from enum import IntEnum

from soc.link.protocol import Register

__all__ = ["AcceleratorRegister", "ConsoleRegister", "REGISTERS", "REGION_SHIFT", "Region", "SdRegister",
           "TimerRegister", "address"]

REGION_SHIFT = 28
"""Bits of an address below those that choose the region."""


class Region(IntEnum):
    """The upper four bits of an address."""

    MEMORY = 0x0       #: program memory: code, data and stack
    CONSOLE = 0x8      #: the terminal
    TIMER = 0x9        #: time
    ACCELERATOR = 0xB  #: the accelerator
    SD = 0xE           #: the card


class ConsoleRegister(IntEnum):
    """Byte offsets of the console's registers."""

    DATA = 0    #: read: bits 0..7 are a byte that was typed, which is taken, if bit 8 is set; write: bits 0..7 are sent
    STATUS = 4  #: bit 0: a byte may be written to DATA; without that it would be lost


class TimerRegister(IntEnum):
    """Byte offsets of the timer's registers."""

    LOW = 0   #: cycles since the reset, bits 0..31; HIGH is kept at the same moment
    HIGH = 4  #: bits 32..63, as they were when LOW was read
    RATE = 8  #: cycles per second


class SdRegister(IntEnum):
    """Byte offsets of the card reader's registers. A write has all four bytes."""

    CLOCK = 0      #: cycles of the card's clock, 3..1023
    WIDE = 4       #: data come by four lines (1) or one (0); not to be changed during a transfer
    ARGUMENT = 8   #: of the next command
    COMMAND = 12   #: write: bits 0..5 are the command's number, bits 6..7 what it is answered with
                   #: (:class:`soc.sd.command_line.Response`); it is sent at once, and must not be written before the
                   #: last one is done. Read: bit 0: a command is on its way; bits 1..2: how the last one ended
                   #: (:class:`soc.sd.command_line.CommandResult`)
    RESPONSE = 16  #: the last 32 bits of the response before its CRC
    ADDRESS = 20   #: write: byte of DRAM where the first block goes, on the boundary of a bus word. Not during a
                   #: transfer
    COUNT = 24     #: write: begins a transfer of so many blocks, or ends one if it is 0; read: blocks that are not yet
                   #: in DRAM
    STATE = 28     #: bit 0: a transfer is going on; bit 1: a block came damaged, which ended it; bit 2: data line 0,
                   #: by which a card says that it is busy (0)
    SUM = 32       #: read: CRC-32 of the blocks that went to DRAM and counted; write: bit 0: blocks count from now on;
                   #: bit 1: begin anew. Not during a transfer


AcceleratorRegister = IntEnum("AcceleratorRegister", {register.name: 4 * register for register in Register})
"""Byte offsets of the accelerator's registers, which are those of the link: `soc.link.protocol.Register`."""

REGISTERS = {Region.ACCELERATOR: AcceleratorRegister, Region.CONSOLE: ConsoleRegister, Region.SD: SdRegister,
             Region.TIMER: TimerRegister}
"""The registers of the regions that have any."""


def address(region, register=0):
    """Byte address of a register (int)."""
    return region << REGION_SHIFT | register
