"""Ports of a design: those that are of a design inside it, those of its memory by their names."""

from amaranth.lib.wiring import Out, connect, flipped

__all__ = ["memory_port_name", "pass_through"]


def memory_port_name(signal):
    """Name that a signal of ``memory``, Out(:func:`gateware.memory_port.MemoryPort`), has at the top level of a design.

    Parameters
    ----------
    signal : str
        Without punctuation: ``read_request_valid``, ``write_data_payload``, ``write_done``.

    Returns
    -------
    str
        ``memory__read_request__valid``, ``memory__write_data__payload``, ``memory__write_done``.
    """
    stream, _, part = signal.rpartition("_")
    return f"memory__{signal}" if part == "done" else f"memory__{stream}__{part}"


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
