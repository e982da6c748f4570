"""The ports of a component, for tools that take signals."""

from amaranth.hdl import Const, Value

__all__ = ["port_signals"]


def port_signals(unit):
    """Signals of all members of a unit, in the order of its signature.

    ``amaranth.back.rtlil.convert`` finds the ports of a component by itself, unless it has a stream that is always
    ready or always valid: that member is a constant, which cannot be a port. Such constants are left out here.

    Parameters
    ----------
    unit : wiring.Component

    Returns
    -------
    list of Signal
        What to give to ``convert`` as ``ports``.
    """
    return [Value.cast(value) for _, _, value in unit.signature.flatten(unit) if not isinstance(value, Const)]
