"""Steps of barrel shifters, sized so that one of them fits between two registers."""

from amaranth.hdl import Cat, Const, Mux


__all__ = ["shift_right_sticky", "leading_zeros"]


def shift_right_sticky(value, amount, step=1):
    """Shift right by ``amount * step`` and tell whether a one fell out.

    Parameters
    ----------
    value, amount : amaranth.hdl.Value
        Unsigned. Keep the amount to 2 or 3 bits for a step that takes no more than a few LUT levels.
    step : int

    Returns
    -------
    shifted : amaranth.hdl.Value
        As wide as ``value``.
    lost : amaranth.hdl.Value
        One bit.
    """
    width = len(value)
    lost = Const(0, 1)
    # One multiplexer of two per bit and step: cheaper than one of all distances.
    for index in reversed(range(len(amount))):
        distance = min(step << index, width)
        lost = lost | (amount[index] & value[:distance].any())
        value = Mux(amount[index], Cat(value[distance:], Const(0, distance)), value)
    return value, lost


def leading_zeros(value):
    """Number of zeros above the leading one.

    Parameters
    ----------
    value : amaranth.hdl.Value
        Unsigned, not zero (if it is zero the result is the width less one).

    Returns
    -------
    amaranth.hdl.Value
    """
    width = len(value)
    count = Const(width - 1)
    for index in range(1, width):
        count = Mux(value[index], width - 1 - index, count)
    return count
