"""Registers that keep a signal in step with a pipeline."""

from amaranth.hdl import Signal, Value


__all__ = ["delay"]


def delay(m, value, cycles=1, *, name, domain="sync"):
    """A value as it was some cycles ago.

    The registers have no reset: what leaves them in the first ``cycles`` cycles means nothing. Call it
    outside of ``m.If`` and the like, unless the registers are meant to stand still.

    Parameters
    ----------
    m : amaranth.hdl.Module
        Gets the registers.
    value : amaranth.hdl.Value
    cycles : int
        Zero returns the value itself.
    name : str
        Prefix of the registers' names.
    domain : str

    Returns
    -------
    amaranth.hdl.Value, same shape

    Raises
    ------
    ValueError
        If the number of cycles is negative.
    """
    if cycles < 0:
        raise ValueError(f"Delay must be at least 0 cycles, not {cycles!r}")
    value = Value.cast(value)
    for cycle in range(cycles):
        register = Signal(value.shape(), reset_less=True, name=f"{name}_{cycle + 1}")
        m.d[domain] += register.eq(value)
        value = register
    return value
