"""The port through which programs are started."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ControlPort"]

ControlPort = wiring.Signature({
    "start": Out(1),
    "member": Out(5),
    "token": Out(32),
    "load": Out(1),
    "position": Out(16),
    "program": Out(32),
    "busy": In(1),
    "done": In(1),
    "argmax": In(32),
    "counter_index": Out(4),
    "counter_value": In(32),
})
"""Control of an accelerator, as who starts programs sees it; the accelerator has ``In(ControlPort)``.

Members
-------
start : Out(1)
    Pulse while not ``busy``: run a program.
member : Out(5)
    The token of the group that ``token`` and ``argmax`` are about.
token : Out(32)
    Token id, taken with ``load`` and with ``start``.
load : Out(1)
    Pulse while not ``busy``: take ``token``.
position, program : Out
    Position of the group's first token; bus word of the first instruction, a multiple of an instruction's size. Must
    not change while ``busy``.
busy : In(1)
    A program is running: from the cycle after ``start``.
done : In(1)
    Pulse at the end, in the last cycle of ``busy``: ``argmax`` and all writes to DRAM are complete.
argmax : In(32)
    Most likely token after ``member``; combinational.
counter_index : Out(4)
    A :class:`gateware.activity.Counter`.
counter_value : In(32)
    Its value, two cycles later.
"""
