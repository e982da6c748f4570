"""Access to the registers of a board, where several share them."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RegisterPort"]

RegisterPort = wiring.Signature({
    "use": Out(1),
    "granted": In(1),
    "index": Out(32),
    "write": Out(1),
    "data": Out(32),
    "value": In(32),
    "readable": In(1),
    "writable": In(1),
    "allowed": In(1),
    "busy": In(1),
})
"""The members of :class:`soc.registers.Registers` as one of several users has them.

Members
-------
use : Out(1)
    The registers are wanted, or in use: they are the user's while ``granted`` is set as well, until ``use`` falls.
granted : In(1)
    Does not fall while ``use`` is set. The members that follow mean something only then.
index, write, data, value, readable, writable, allowed
    See :class:`soc.registers.Registers`.
busy : In(1)
    Registers must not be written now, ABORT aside: the accelerator is running, or somebody else has claimed it.
"""
