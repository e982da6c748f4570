"""Integer keys in the order of floats."""

from amaranth.hdl import Cat


__all__ = ["total_order_key"]


def total_order_key(bits):
    """Combinational key of an fp32 number, the same as `gateware.exact.fp32.fp32_total_order_key`.

    Parameters
    ----------
    bits : amaranth.hdl.Value
        32 bits.

    Returns
    -------
    amaranth.hdl.Value, signed, 32 bits
    """
    return Cat(bits[:31] ^ bits[31].replicate(31), bits[31]).as_signed()
