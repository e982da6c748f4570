"""Codes and scales of a packed matrix, read back from the memory image."""

from gateware.dot.exact import unpack_fp16, unpack_power
from gateware.isa import Scale, VECTOR_CODES
from host.image.planes import from_planes
from host.image.row_geometry import RowGeometry, SUPER_VECTORS

import numpy as np

__all__ = ["MatrixReader"]


class MatrixReader:
    """Rows of a matrix that lies in ``memory`` as :mod:`host.image.image` packs it.

    Parameters
    ----------
    memory : numpy.ndarray
        uint8, the whole image.
    instruction : gateware.isa.Instruction
        A ``DOT`` whose rows do not grow.
    bus_bytes : int
    """

    def __init__(self, memory, instruction, bus_bytes):
        self._row = RowGeometry(columns=instruction.vectors * VECTOR_CODES, code_bits=instruction.code_bits,
                                scale=Scale(instruction.scale), bus_bytes=bus_bytes)
        self._memory = memory
        self._bus_bytes = bus_bytes
        self.row_bytes = self._row.row_bytes
        self.row_codes = instruction.vectors * VECTOR_CODES

    def read(self, base, rows):
        """Decode ``rows`` rows from bus word ``base`` on.

        Returns
        -------
        codes : float64 array (rows, vectors, 32)
        scale_mantissa, scale_exponent : int64 arrays (rows, vectors)
        sub_scales : float64 array (rows, vectors, 2), or None
        """
        row, start = self._row, base * self._bus_bytes
        data = self._memory[start:start + rows * row.row_bytes].reshape(rows, row.row_bytes)
        planes = data[:, row.scale_beats * row.bus_bytes:][:, :row.code_bytes]
        codes = from_planes(planes.reshape(rows, row.vectors, -1), row.code_bits).astype(np.float64)
        scales, sub_scales = np.ascontiguousarray(data[:, :row.scale_bytes]), None
        match row.scale:
            case Scale.FP16:
                mantissa, exponent = unpack_fp16(scales.view("<u2"))
            case Scale.POWER:
                mantissa, exponent = unpack_power(scales.view(np.int8))
            case Scale.SUB8:
                supers = row.vectors // SUPER_VECTORS
                halves = np.ascontiguousarray(scales[:, :2 * supers]).view("<u2")
                mantissa, exponent = (np.repeat(part, SUPER_VECTORS, axis=1) for part in unpack_fp16(halves))
                sub_scales = scales[:, 2 * supers:].view(np.int8).reshape(rows, row.vectors, 2).astype(np.float64)
        return codes, mantissa, exponent, sub_scales
