"""One tensor of a GGUF file."""

import mmap

import numpy as np

from host.errors import CelosiaError
from host.gguf.codecs import dequantise
from host.gguf.tensor_type import TENSOR_TYPES

__all__ = ["FLOAT_TYPES", "SCALE_FIELDS", "Tensor"]

FLOAT_TYPES = ("F32", "F16", "BF16")
"""Formats that store every weight by itself."""

SCALE_FIELDS = {
    "Q4_0": (0,),
    "Q4_1": (0, 2),
    "Q5_0": (0,),
    "Q5_1": (0, 2),
    "Q8_0": (0,),
    "Q2_K": (80, 82),
    "Q3_K": (108,),
    "Q4_K": (0, 2),
    "Q5_K": (0, 2),
    "Q6_K": (208,),
    "TQ1_0": (52,),
    "TQ2_0": (64,),
    "IQ4_NL": (0,),
    "IQ4_XS": (0,),
    "MXFP4": (),
    "NVFP4": (),
    "Q2_0": (0,),
    "Q1_0": (0,),
}
"""Block formats: byte offsets of the fp16 numbers in a block, the scale, then the minimum where there is one."""

_E8M0 = np.append(2.0 ** np.arange(-128, 127), np.nan)
"""Scales of MXFP4, byte 0 of a block, by value; the numbers that they belong to are doubled."""

_UE4M3 = np.where(np.arange(256) < 0x7F, np.arange(256), np.nan)
"""Scales of NVFP4, bytes 0 to 3 of a block, in no unit: NaN and numbers with a sign are none."""

_TQ2_0_CODES = slice(0, 64)
"""Bytes of a TQ2_0 block that hold codes, four to a byte; code 3 is reserved."""

_CHECK_BYTES = 1 << 22
_SAMPLE = 16


class Tensor:
    """A matrix whose rows stay quantised in the memory-mapped file.

    Parameters
    ----------
    name : str
    shape : tuple of int
        (rows, columns); a GGUF row, the direction of a dot product, is a row here. Vectors have one row.
    ggml_type : str
        Name of the ggml format, e.g. ``"Q8_0"``.
    raw : numpy.ndarray
        uint8, shape (rows, bytes of a row).
    factor : float
        What all weights are multiplied with besides: the tensor's own scale of a format that has one, rounded to fp32.
    order : int64 array (rows,), optional
        Which row of ``raw`` each row is; by default they are in order.
    """

    def __init__(self, name, shape, ggml_type, raw, factor=1.0, order=None):
        kind = TENSOR_TYPES[ggml_type]
        if raw.shape != (shape[0], shape[1] // kind.block * kind.block_bytes):
            raise ValueError(f"Raw shape of {name} must be {(shape[0], shape[1] // kind.block * kind.block_bytes)}, "
                             f"not {raw.shape!r}")
        self.name = name
        self.shape = shape
        self.ggml_type = ggml_type
        self.raw = raw
        self.factor = factor
        self.order = order
        self.block = kind.block
        self.block_bytes = kind.block_bytes

    def __repr__(self):
        return f"Tensor({self.name!r}, {self.shape}, {self.ggml_type!r})"

    def excerpt(self, name, rows, order=None):
        """Consecutive rows as a tensor of their own, which refers to the same data.

        Parameters
        ----------
        name : str
        rows : slice
        order : int64 array, optional
            Which of them each row is.
        """
        raw = self.raw[rows]
        return Tensor(name, (len(raw), self.shape[1]), self.ggml_type, raw, self.factor, order)

    def raw_rows(self, rows):
        """Bytes of some rows (slice or integer array): uint8, a view if they are a slice and in order."""
        return self.raw[rows if self.order is None else self.order[rows]]

    def dequantise(self, rows=slice(None), dtype=np.float32):
        """Values of some rows.

        Parameters
        ----------
        rows : slice or numpy.ndarray of int
        dtype : numpy.dtype
            float32 holds the value of every format exactly as ggml computes it; float64 is a widening. The factor is
            multiplied in that type.

        Returns
        -------
        numpy.ndarray
            Shape (selected rows, columns), never a view of the file.
        """
        values = np.array(dequantise(np.ascontiguousarray(self.raw_rows(rows)), self.ggml_type), dtype=dtype)
        if self.factor != 1:
            values *= self.factor
        return values

    def row_chunks(self, chunk_bytes):
        """Slices of consecutive rows, each of at most `chunk_bytes` in the file (but at least one row)."""
        step = max(1, chunk_bytes // max(1, self.raw.shape[1]))
        return [slice(start, min(start + step, self.shape[0])) for start in range(0, self.shape[0], step)]

    def release(self):
        """Let go of the pages of the file that reading the tensor has brought into memory.

        They come back from the file when they are next read. Without a memory-mapped file, or on a system that
        has no such call, nothing happens.
        """
        base = self.raw
        while isinstance(base, np.ndarray):
            base = base.base
        if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            base.madvise(mmap.MADV_DONTNEED)

    def check_values(self, where):
        """Look for NaN, infinity and reserved codes, in at most a few megabytes at a time.

        An E8M0 scale of 255 and a UE4M3 scale of 127 are NaN, as their standards have it, though ggml reads numbers; a
        UE4M3 scale above that, with a sign, counts as one, too.

        Parameters
        ----------
        where : str
            What the message starts with, e.g. the name of the file.

        Raises
        ------
        CelosiaError
            Naming the tensor, the row and the block or column of the first one found.

        Returns
        -------
        int
            Bytes of the rows that are nothing but zeros, as a download that was broken off leaves them.
        """
        zeros = 0
        for rows in self.row_chunks(_CHECK_BYTES):
            if self.ggml_type in FLOAT_TYPES:
                self._refuse(where, rows, self.dequantise(rows), "weight", "column")
            else:
                blocks = self.raw[rows].reshape(rows.stop - rows.start, -1, self.block_bytes)
                self._check_blocks(where, rows, blocks)
            zeros += _zero_rows(self.raw[rows]) * self.raw.shape[1]
            self.release()
        return zeros

    def _check_blocks(self, where, rows, blocks):
        for what, at in zip(("scale", "minimum"), SCALE_FIELDS[self.ggml_type]):
            numbers = np.ascontiguousarray(blocks[:, :, at:at + 2]).view(np.float16)[:, :, 0]
            self._refuse(where, rows, numbers, what, "block")
        if self.ggml_type == "MXFP4":
            self._refuse(where, rows, _E8M0[blocks[:, :, 0]], "scale", "block")
        elif self.ggml_type == "NVFP4":
            self._refuse(where, rows, _UE4M3[blocks[:, :, :4]].max(axis=2), "scale", "block")
        elif self.ggml_type == "TQ2_0":
            codes = blocks[:, :, _TQ2_0_CODES]
            bad = np.argwhere((codes & codes >> 1 & 0x55).any(axis=2))
            if len(bad):
                row, index = bad[0]
                raise CelosiaError(f"{where}: tensor {self.name!r}: a code of row {rows.start + row}, "
                                   f"block {index} is 3, which is reserved")

    def _refuse(self, where, rows, values, what, unit):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, index = bad[0]
            raise CelosiaError(f"{where}: tensor {self.name!r}: {what} of row {rows.start + row}, "
                               f"{unit} {index} is {values[row, index]}")


def _zero_rows(raw):
    """How many rows are nothing but zeros."""
    # Few bytes are enough to tell that a row is not.
    suspects = raw[~raw[:, ::_SAMPLE].any(axis=1)]
    return len(suspects) - int(suspects.any(axis=1).sum())
