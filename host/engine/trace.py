"""Every value that every instruction writes."""

import numpy as np

__all__ = ["Trace"]


class Trace:
    """What instructions wrote, by place: the last value written to each place by each instruction.

    Attributes
    ----------
    base : int
        Instructions of the programs before the present one: it is added to every index.
    writes : dict of tuple to int
        ``(instruction, kind, place)`` to the bits written. Kinds and places: ``"scratchpad"``, element address;
        ``"scalar"``, register; ``"mantissa"``, (column, element); ``"exponent"``, (column, block);
        ``"store"``, byte address; ``"argmax"``, column.
    """

    def __init__(self):
        self.writes = {}
        self.base = 0

    def _record(self, index, kind, places, values):
        index += self.base
        self.writes.update(zip(((index, kind, place) for place in places), values))

    def scratchpad(self, index, address, values):
        """fp32 array to consecutive elements."""
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        self._record(index, "scratchpad", range(address, address + len(bits)), bits.tolist())

    def scalar(self, index, register, value):
        """fp32 to a scalar register."""
        self._record(index, "scalar", (register,), (int(np.float32(value).view(np.uint32)),))

    def column(self, index, column, mantissas, exponents):
        """Mantissas and block exponents of a whole column."""
        self._record(index, "mantissa", ((column, place) for place in range(len(mantissas))), mantissas.tolist())
        self._record(index, "exponent", ((column, place) for place in range(len(exponents))), exponents.tolist())

    def store(self, index, addresses, values):
        """Bits of elements to byte addresses in DRAM."""
        self._record(index, "store", np.asarray(addresses).tolist(), np.asarray(values).tolist())

    def argmax(self, index, column, token):
        """Token id that has the largest logit of a column."""
        self._record(index, "argmax", (column,), (token,))
