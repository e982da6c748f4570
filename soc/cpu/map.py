"""What lies where on the bus of the board's processor.

This file is the only definition: gateware decodes addresses with it, :mod:`flow.firmware` prints the header that
``firmware/`` includes. It knows nothing of Amaranth.
"""

from enum import IntEnum

from soc.link.protocol import Register

__all__ = ["AcceleratorRegister", "BITS", "ConsoleDataBit", "ConsoleRegister", "ConsoleStatusBit", "ControllerRegister",
           "ControllerStateBit", "OwnBit", "REGISTERS", "REGION_SHIFT", "Region", "SdCommandBit", "SdRegister",
           "SdStateBit", "StateBit", "TimerRegister", "WindowError", "address", "pattern"]

REGION_SHIFT = 28
"""Bits of an address below those that choose the region."""


class Region(IntEnum):
    """The upper four bits of an address."""

    MEMORY = 0x0       #: program memory: code, data and stack
    DRAM = 0x4         #: the first GiB of the DRAM; this code and the three that follow
    CONSOLE = 0x8      #: the terminal
    TIMER = 0x9        #: time
    CONTROLLER = 0xA   #: the DRAM's controller: four times the number of a register, and `ControllerRegister`
    ACCELERATOR = 0xB  #: registers of accelerator and board, as the link has them, and a few of the processor alone
    SD = 0xE           #: the reader of SD cards


class ConsoleRegister(IntEnum):
    """Byte offsets of the console's registers."""

    DATA = 0    #: read: bits 0..7 are a byte, see :class:`ConsoleDataBit`; write: bits 0..7 are sent
    STATUS = 4  #: see :class:`ConsoleStatusBit`


class ConsoleDataBit(IntEnum):
    """Bits of what is read from DATA, above the byte."""

    TYPED = 8  #: the byte was typed, and has been taken by this read


class ConsoleStatusBit(IntEnum):
    """Bits of register STATUS."""

    ROOM = 0  #: a byte may be written to DATA; without that it would be lost


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
                   #: last one is done. Read: :class:`SdCommandBit`; bits 1..2: how the last one ended
                   #: (:class:`soc.sd.command_line.CommandResult`)
    RESPONSE = 16  #: the last 32 bits of the response before its CRC
    ADDRESS = 20   #: write: byte of DRAM where the first block goes, on the boundary of a bus word. Not during a
                   #: transfer
    COUNT = 24     #: write: begins a transfer of so many blocks, or ends one if it is 0; read: blocks that are not yet
                   #: in DRAM
    STATE = 28     #: see :class:`SdStateBit`
    SUM = 32       #: read: CRC-32 of the blocks that went to DRAM and counted; write: bit 0: blocks count from now on;
                   #: bit 1: begin anew. Not during a transfer


class SdCommandBit(IntEnum):
    """Bits of what is read from COMMAND."""

    BUSY = 0  #: a command is on its way


class SdStateBit(IntEnum):
    """Bits of the card reader's register STATE."""

    TRANSFERRING = 0  #: a transfer is going on
    DAMAGED = 1       #: a block came damaged, which has ended the transfer
    DATA_LINE = 2     #: data line 0, by which a card says that it is busy (0)


class ControllerRegister(IntEnum):
    """Byte offsets of what belongs to the DRAM's controller beside the registers that it has itself.

    Those lie below, 2**14 words; a board's header has their numbers.
    """

    STATE = 0x1_0000  #: read: see :class:`ControllerStateBit`; write: 1 if it is trained from now on, else 0


class ControllerStateBit(IntEnum):
    """Bits of what is read from the controller's STATE."""

    STARTED = 0  #: the controller's registers may be used
    TRAINED = 1  #: what was last written


AcceleratorRegister = IntEnum("AcceleratorRegister", {register.name: 4 * register for register in Register} | {
    "STATE": 0x1000,
    "OWN": 0x1004,
    "WINDOW_FLUSH": 0x1008,
    "WINDOW_ERRORS": 0x100c,
})
"""Byte offsets of the registers of :class:`soc.link.protocol.Register`, whose writes do nothing while BUSY is 1 (but
that of ABORT), and of those of the processor alone:

STATE
    See :class:`StateBit`. Writes are lost.
OWN
    See :class:`OwnBit`.
WINDOW_FLUSH
    Write: when that has ended, what was written to the DRAM is there, and will be read anew. Reads as 0.
WINDOW_ERRORS
    See :class:`WindowError`: what has been refused since the last write to it.
"""


class StateBit(IntEnum):
    """Bits of the accelerator's register STATE."""

    READY = 0  #: the DRAM can be used
    LINK = 1   #: a request of the link is being carried out or answered
    BUSY = 2   #: the accelerator is running, and the DRAM is its own


class OwnBit(IntEnum):
    """Bits of register OWN."""

    OWN = 0   #: 1: the link's requests for memory, and its writes to registers, are answered with BUSY; can be written
    LINK = 1  #: the link has written a register since bit 0 was last written


class WindowError(IntEnum):
    """Bits of register WINDOW_ERRORS: why reads have given 0, and writes were lost."""

    NOT_READY = 0  #: the DRAM could not be used yet
    BUSY = 1       #: the DRAM belonged to the running accelerator
    OUTSIDE = 2    #: there is no such address
    REGISTER = 3   #: a register was written while the accelerator was running, or TOKEN with what is none


REGISTERS = {Region.CONSOLE: ConsoleRegister, Region.TIMER: TimerRegister, Region.CONTROLLER: ControllerRegister,
             Region.ACCELERATOR: AcceleratorRegister, Region.SD: SdRegister}
"""The registers of the regions that have any."""

BITS = {
    (Region.CONSOLE, ConsoleRegister.DATA): ConsoleDataBit,
    (Region.CONSOLE, ConsoleRegister.STATUS): ConsoleStatusBit,
    (Region.CONTROLLER, ControllerRegister.STATE): ControllerStateBit,
    (Region.ACCELERATOR, AcceleratorRegister.STATE): StateBit,
    (Region.ACCELERATOR, AcceleratorRegister.OWN): OwnBit,
    (Region.ACCELERATOR, AcceleratorRegister.WINDOW_ERRORS): WindowError,
    (Region.SD, SdRegister.COMMAND): SdCommandBit,
    (Region.SD, SdRegister.STATE): SdStateBit,
}
"""The bits of registers of which each means something by itself."""


def pattern(region):
    """The upper four bits of the addresses of a region, those that may be anything as ``-`` (str)."""
    return "01--" if region == Region.DRAM else f"{region:04b}"


def address(region, register=0):
    """Byte address of a register (int)."""
    return region << REGION_SHIFT | register
