"""What the golden model wrote, as numbers."""

import numpy as np

from gateware.exact.block_float import BLOCK
from gateware.isa import Opcode, Sink
from host.engine.program_state import Results
from host.image.cache_codes import from_elements

__all__ = ["WriteLog"]


class WriteLog:
    """Takes the place of a `host.engine.trace.Trace` and keeps whole arrays of one run of one program.

    Parameters
    ----------
    program : list of gateware.isa.Instruction

    Attributes
    ----------
    base : int
        Of no use here; engines count instructions with it.
    """

    base = 0

    def __init__(self, program):
        self._program = program
        self._values = [[] for _ in program]
        self._scalars = {}
        self._stores = [[] for _ in program]

    def scratchpad(self, index, address, values):
        """fp32 array to consecutive elements."""
        self._values[index].append(np.array(values, np.float64))

    def scalar(self, index, register, value):
        """fp32 to a scalar register."""
        self._scalars[index] = float(value)

    def column(self, index, column, mantissas, exponents):
        """Mantissas and block exponents of a whole column."""
        scales = np.exp2(np.repeat(exponents.astype(np.float64), BLOCK)[:len(mantissas)])
        self._values[index].append(mantissas * scales)

    def store(self, index, addresses, values):
        """Bits of elements to byte addresses in DRAM."""
        self._stores[index].append(np.asarray(values))

    def argmax(self, index, column, token):
        """Token id; it follows from the logits."""

    def take(self, index, length):
        """Results of an instruction, which are forgotten.

        Parameters
        ----------
        index : int
        length : int
            Elements that a ``VECTOR`` has at this position.

        Returns
        -------
        Results
        """
        instruction = self._program[index]
        values, self._values[index] = self._values[index], []
        stores, self._stores[index] = self._stores[index], []
        results = Results(reduced=self._scalars.pop(index, None))
        if instruction.opcode == Opcode.DOT:
            results.values = np.stack(values or [_numbers(row) for row in stores])
        elif instruction.sink == Sink.MEMORY:
            results.values = _numbers(stores[0])
        elif instruction.sink == Sink.STORE:
            codes, scale = stores
            results.values = from_elements(codes.view(np.uint8), instruction.code_bits).astype(np.float64)
            results.scale = float(scale.astype(np.uint32).view(np.float32)[0])
        elif values:
            results.values = values[0][:length]
        return results


def _numbers(bits):
    return bits.view(np.float32).astype(np.float64)
