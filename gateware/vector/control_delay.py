"""Delay of control bits."""

from amaranth.hdl import Signal, Value

__all__ = ["control_delay"]


def control_delay(m, value, cycles, *, name):
    """``value`` as it was ``cycles`` cycles ago.

    Unlike :func:`gateware.numeric.delay.delay` its registers have a reset and start at zero: for bits that
    start or enable something.

    Parameters
    ----------
    m : amaranth.hdl.Module
    value : amaranth.hdl.Value
    cycles : int
    name : str
        Prefix of the registers' names.

    Returns
    -------
    amaranth.hdl.Value, same shape
    """
    value = Value.cast(value)
    for cycle in range(cycles):
        register = Signal(value.shape(), name=f"{name}_{cycle + 1}")
        m.d.sync += register.eq(value)
        value = register
    return value
