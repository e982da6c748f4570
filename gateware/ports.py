"""The ports of a component, for tools that take signals."""

from amaranth.hdl import Const, Value

__all__ = ["port_signals"]


def port_signals(unit, *, traces=True):
    """Signals of all members of a unit, in the order of its signature.

    ``amaranth.back.rtlil.convert`` finds the ports of a component by itself, unless it has a stream that is always
    ready or always valid: that member is a constant, which cannot be a port. Such constants are left out here.

    Parameters
    ----------
    unit : wiring.Component
    traces : bool
        Whether members whose name begins with ``trace_`` are among them: only simulations watch those.

    Returns
    -------
    list of Signal
        What to give to ``convert`` as ``ports``.
    """
    return [Value.cast(value) for path, _, value in unit.signature.flatten(unit)
            if not isinstance(value, Const) and (traces or not str(path[0]).startswith("trace_"))]
