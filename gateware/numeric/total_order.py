"""Integer keys in the order of floats."""

from amaranth.hdl import Cat
import numpy as np


__all__ = ["total_order_key", "fp32_total_order_key"]


def total_order_key(bits):
    """Combinational key of an fp32 number, the same as `fp32_total_order_key`.

    Parameters
    ----------
    bits : amaranth.hdl.Value
        32 bits.

    Returns
    -------
    amaranth.hdl.Value, signed, 32 bits
    """
    return Cat(bits[:31] ^ bits[31].replicate(31), bits[31]).as_signed()


def fp32_total_order_key(x):
    """Integer key whose signed order is the order of the floats.

    -inf < ... < -0 < +0 < ... < +inf < NaN (the canonical one, whose sign is positive).

    Parameters
    ----------
    x : float32, any shape

    Returns
    -------
    int32, same shape
    """
    bits = np.asarray(x, np.float32).view(np.int32)
    return bits ^ ((bits >> 31) & 0x7fffffff)
