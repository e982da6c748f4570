"""Ports of a design, and those of a design inside another one."""

from amaranth.hdl import Const, Value
from amaranth.lib.wiring import Out, connect, flipped

__all__ = ["pass_through", "port_signals"]


def port_signals(design):
    """The ports of a `wiring.Component`, for tools that take no constants, as the ready of some streams is one."""
    return [Value.cast(value) for _, _, value in design.signature.flatten(design) if not isinstance(value, Const)]


def pass_through(m, outer, inner, names):
    """Connect the ports ``names``, which ``outer`` and its submodule ``inner`` both have, inside and outside."""
    for name in names:
        member, ours, theirs = inner.signature.members[name], getattr(outer, name), getattr(inner, name)
        if member.is_signature:
            connect(m, flipped(ours), theirs)
        elif member.flow == Out:
            m.d.comb += ours.eq(theirs)
        else:
            m.d.comb += theirs.eq(ours)
