"""Records of :class:`sim.traced_accelerator.TracedAccelerator` as a :class:`host.engine.trace.Trace`."""

import numpy as np

from gateware.exact.block_float import BLOCK

__all__ = ["add_records"]


def add_records(trace, record, records):
    """Enter what the gateware wrote into ``trace``.

    Parameters
    ----------
    trace : host.engine.trace.Trace
    record : amaranth.lib.data.StructLayout
        :func:`sim.traced_accelerator.trace_record`.
    records : uint8 array (n, bytes)
        In the order of time: of two writes to one place the later counts.
    """
    bits = np.unpackbits(records, axis=1, bitorder="little")
    for name, add in _ADD.items():
        part, start = record[name].shape, record[name].offset
        mine = bits[:, start:start + part.size]
        mine = mine[mine[:, part["valid"].offset] == 1]
        write = part["write"]
        indices = [trace.base + index for index in _numbers(mine, part["index"])]
        add(trace.writes, indices, mine[:, write.offset:][:, :write.width], write.shape)


def _numbers(bits, field, count=1):
    """``count`` adjacent unsigned fields of each row, as lists of Python integers."""
    width = field.width // count
    values = bits[:, field.offset:field.offset + field.width].reshape(len(bits) * count, width)
    numbers = (values @ (1 << np.arange(width, dtype=np.int64))).reshape(len(bits), count)
    return (numbers[:, 0] if count == 1 else numbers).tolist()


def _signed(value, width):
    return value - (value >> width - 1 << width)


def _scratchpad(writes, indices, bits, shape):
    lanes = shape["mask"].width
    stripes = zip(indices, _numbers(bits, shape["address"]), _numbers(bits, shape["mask"]),
                 _numbers(bits, shape["data"], lanes))
    for index, address, mask, values in stripes:
        for lane in range(lanes):
            if mask >> lane & 1:
                writes[index, "scratchpad", address + lane] = values[lane]


def _scalar(writes, indices, bits, shape):
    for index, register, value in zip(indices, _numbers(bits, shape["register"]), _numbers(bits, shape["value"])):
        writes[index, "scalar", register] = value


def _column(writes, indices, bits, shape):
    lanes = shape["mantissas"].shape.length
    stripes = zip(indices, *(_numbers(bits, shape[name]) for name in ("column", "index", "exponent")),
                 _numbers(bits, shape["mantissas"], lanes))
    for index, column, stripe, exponent, mantissas in stripes:
        first = stripe * lanes
        writes[index, "exponent", (column, first // BLOCK)] = _signed(exponent, shape["exponent"].width)
        for lane, mantissa in enumerate(mantissas):
            writes[index, "mantissa", (column, first + lane)] = _signed(mantissa, shape["mantissas"].width // lanes)


def _store(writes, indices, bits, shape):
    elements = zip(indices, *(_numbers(bits, shape[name]) for name in ("address", "data", "size")))
    for index, address, value, size in elements:
        writes[index, "store", address] = value & (1 << (8 << size)) - 1


def _argmax(writes, indices, bits, shape):
    for index, column, row in zip(indices, _numbers(bits, shape["column"]), _numbers(bits, shape["row"])):
        writes[index, "argmax", column] = row


_ADD = {"scratchpad": _scratchpad, "scalar": _scalar, "column": _column, "store": _store, "argmax": _argmax}
