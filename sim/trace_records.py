"""Records of :class:`sim.traced_accelerator.TracedAccelerator` as a :class:`host.engine.trace.Trace`."""

from gateware.numeric.block_float import BLOCK

__all__ = ["add_records"]


def add_records(trace, layout, records, vector_lanes):
    """Enter what the gateware wrote into ``trace``.

    Parameters
    ----------
    trace : host.engine.trace.Trace
    layout : amaranth.lib.data.StructLayout
        ``TracedAccelerator.Record``.
    records : uint8 array (n, bytes)
    vector_lanes : int
    """
    for record in records:
        word = layout.from_bits(int.from_bytes(record.tobytes(), "little") & (1 << layout.size) - 1)
        for name, add in _ADD.items():
            if word[name].valid:
                add(trace.writes, word[name].payload.index, word[name].payload.write, vector_lanes)


def _scratchpad(writes, index, write, lanes):
    for lane in range(lanes):
        if write.mask >> lane & 1:
            writes[index, "scratchpad", write.address + lane] = write.data[lane]


def _scalar(writes, index, write, lanes):
    writes[index, "scalar", write.register] = write.value


def _column(writes, index, write, lanes):
    first = write.index * lanes
    writes[index, "exponent", (write.column, first // BLOCK)] = write.exponent
    for lane in range(lanes):
        writes[index, "mantissa", (write.column, first + lane)] = write.mantissas[lane]


def _store(writes, index, write, lanes):
    writes[index, "store", write.address] = write.data if write.wide else write.data & 0xFFFF


def _argmax(writes, index, write, lanes):
    writes[index, "argmax", 0] = write


_ADD = {"scratchpad": _scratchpad, "scalar": _scalar, "column": _column, "store": _store, "argmax": _argmax}
