"""What instructions write, as the accelerator shows it and as a program reads it."""

import numpy as np

from amaranth.hdl import signed
from amaranth.lib import data

__all__ = ["TraceLayout", "trace_dtype"]


def _fields(config):
    """Name, NumPy type and number of elements of each field, in the order of their bytes."""
    lanes = config.vector_lanes
    return (
        # 1 where something is written in this cycle.
        ("scratchpad_valid", "u1", 1), ("scalar_valid", "u1", 1), ("column_valid", "u1", 1), ("store_valid", "u1", 1),
        ("argmax_valid", "u1", 1),
        # Elements of the scratchpad: those from `address` on whose bit is set in `mask`.
        ("scratchpad_index", "u2", 1), ("scratchpad_address", "u4", 1), ("scratchpad_mask", "u2", 1),
        ("scratchpad_data", "u4", lanes),
        ("scalar_index", "u2", 1), ("scalar_register", "u1", 1), ("scalar_value", "u4", 1),
        # Group `group` of column `column` of the x-buffer, `lanes` elements each, and the exponent of their block.
        ("column_index", "u2", 1), ("column_column", "u1", 1), ("column_group", "u2", 1), ("column_exponent", "i2", 1),
        ("column_mantissas", "i4", lanes),
        # An element for DRAM: byte address, 4 bytes if `wide` and else 2.
        ("store_index", "u2", 1), ("store_address", "u4", 1), ("store_data", "u4", 1), ("store_wide", "u1", 1),
        ("argmax_index", "u2", 1), ("argmax_value", "u4", 1),
    )


def TraceLayout(config):
    """Everything that is written in one cycle, each write with the ``index`` of its instruction.

    All fields are whole bytes, so that :func:`trace_dtype` reads records of it.
    """
    members = {}
    for name, kind, count in _fields(config):
        bits = 8 * int(kind[1])
        shape = signed(bits) if kind[0] == "i" else bits
        members[name] = shape if count == 1 else data.ArrayLayout(shape, count)
    return data.StructLayout(members)


def trace_dtype(config):
    """NumPy type of the bytes of a :func:`TraceLayout`, little endian, without gaps.

    Parameters
    ----------
    config : gateware.config.Config

    Returns
    -------
    numpy.dtype
    """
    return np.dtype([(name, f"<{kind}", count) if count > 1 else (name, f"<{kind}")
                     for name, kind, count in _fields(config)])
