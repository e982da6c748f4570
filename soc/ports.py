"""Ports of a design that are those of a design inside it."""

from amaranth.lib.wiring import Out, connect, flipped

__all__ = ["pass_through"]


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
