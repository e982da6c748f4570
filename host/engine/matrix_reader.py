"""Codes and scales of a packed matrix, read back from the memory image."""

import numpy as np

from gateware.exact.dot import unpack_fp16, unpack_power, unpack_ue4m3
from gateware.isa import CodeKind, Scale, VECTOR_CODES
from host.image.formats import from_sub_vectors, from_trit_bytes
from host.image.formats.block_format import BlockFormat
from host.image.planes import from_planes
from host.image.row_geometry import RowGeometry

__all__ = ["MatrixReader"]

_WORD_BYTES = 4


class MatrixReader:
    """Rows of a matrix that lies in ``memory`` as :mod:`host.image.image` packs it.

    Parameters
    ----------
    memory : numpy.ndarray
        uint8, the whole image.
    instruction : gateware.isa.Instruction
        A ``DOT`` whose rows do not grow.
    table : tuple of int or None
        The 16 numbers that codes of kind TABLE stand for.
    bus_bytes : int
    """

    def __init__(self, memory, instruction, table, bus_bytes):
        i = instruction
        self._format = BlockFormat(
            name=i.label, code_bits=i.code_bits, code_kind=i.code_kind,
            table=table if i.code_kind == CodeKind.TABLE else None, scale_kind=i.scale,
            super_vectors=1 << i.scale_shift, minimum=bool(i.minimum), sub_bits=i.sub_bits,
            sub_signed=bool(i.sub_signed), sub_codes=32 if i.sub_wide or not i.sub_bits else 16, split=None)
        self._row = RowGeometry(columns=i.vectors * VECTOR_CODES, format=self._format, bus_bytes=bus_bytes,
                                packed=bool(i.packed))
        self._memory = memory
        self._bus_bytes = bus_bytes
        self.row_bytes = self._row.row_bytes
        self.row_codes = i.vectors * VECTOR_CODES

    def read(self, base, rows, *, first=0, offset=0):
        """Decode ``rows`` rows, from row ``first`` of those on that begin with word ``offset`` of bus word ``base``.

        Returns
        -------
        dict
            The arguments ``codes``, ``scale``, ``sub_scales``, ``minimum`` and ``sub_minimums`` of
            :func:`gateware.exact.dot.exact_dot`.
        """
        row, form = self._row, self._format
        start = base * self._bus_bytes + offset * _WORD_BYTES + first * row.row_bytes
        data = self._memory[start:start + rows * row.row_bytes].reshape(rows, row.row_bytes)
        arguments = {"codes": self._codes(data), "minimum": None, "sub_scales": None, "sub_minimums": None}
        scales = np.ascontiguousarray(data[:, :row.scale_bytes])
        if form.scale_kind == Scale.POWER:
            arguments["scale"] = self._repeated(unpack_power(scales.view(np.int8)))
        elif form.scale_kind == Scale.UE4M3:
            arguments["scale"] = unpack_ue4m3(scales)
            arguments["codes"] = arguments["codes"].reshape(rows, row.scales, -1)
        else:
            scales = scales.view("<u2").reshape(rows, row.scales, -1)
            arguments["scale"] = self._repeated(unpack_fp16(scales[:, :, 0]))
            if form.minimum:
                arguments["minimum"] = self._repeated(unpack_fp16(scales[:, :, 1]))
        if form.sub_bits:
            planes = data[:, row.sub_start:row.sub_start + row.sub_bytes].reshape(rows, row.sub_vectors, -1)
            subs = from_sub_vectors(from_planes(planes, form.sub_bits), form, row.vectors)
            arguments["sub_scales"], arguments["sub_minimums"] = (
                None if part is None else part.astype(np.float64) for part in subs)
        return arguments

    def _codes(self, data):
        row, form = self._row, self._format
        packed = data[:, row.code_start:row.code_start + row.code_bytes]
        if form.code_kind == CodeKind.TRITS:
            return from_trit_bytes(packed, row.vectors).astype(np.float64)
        codes = from_planes(packed.reshape(len(data), row.vectors, -1), form.code_bits)
        if form.code_kind != CodeKind.SIGNED:
            codes = codes & np.int16((1 << form.code_bits) - 1)
        return np.array(form.table, np.float64)[codes] if form.table else codes.astype(np.float64)

    def _repeated(self, scales):
        """Mantissas and exponents of scales, repeated for every vector that they scale."""
        return tuple(np.repeat(part, self._format.super_vectors, axis=1) for part in scales)
