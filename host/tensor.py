"""One tensor of a GGUF file."""

import mmap

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

from host.errors import CelosiaError

__all__ = ["FLOAT_TYPES", "SCALE_FIELDS", "Tensor"]

#: Formats that store every weight by itself.
FLOAT_TYPES = ("F32", "F16", "BF16")

#: Block formats: byte offsets of the fp16 super-scales (d, and dmin or m where there is one) in a block.
SCALE_FIELDS = {
    "Q8_0": (0,),
    "Q4_0": (0,),
    "Q6_K": (208,),
}

_CHECK_BYTES = 1 << 22


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
    """

    def __init__(self, name, shape, ggml_type, raw):
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType[ggml_type]]
        if raw.shape != (shape[0], shape[1] // block * size):
            raise ValueError(f"Raw shape of {name} must be {(shape[0], shape[1] // block * size)}, "
                             f"not {raw.shape!r}")
        self.name = name
        self.shape = shape
        self.ggml_type = ggml_type
        self.raw = raw
        self.block = block
        self.block_bytes = size

    def __repr__(self):
        return f"Tensor({self.name!r}, {self.shape}, {self.ggml_type!r})"

    def dequantise(self, rows=slice(None), dtype=np.float32):
        """Values of some rows.

        Parameters
        ----------
        rows : slice or numpy.ndarray of int
        dtype : numpy.dtype
            float32 holds the value of every format exactly as ggml computes it; float64 is a widening.

        Returns
        -------
        numpy.ndarray
            Shape (selected rows, columns), never a view of the file.
        """
        raw = np.ascontiguousarray(self.raw[rows])
        return np.array(dequantize(raw, GGMLQuantizationType[self.ggml_type]), dtype=dtype)

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
        """Look for NaN and infinity, in at most a few megabytes at a time.

        Parameters
        ----------
        where : str
            What the message starts with, e.g. the name of the file.

        Raises
        ------
        CelosiaError
            Naming the tensor, the row and the block or column of the first one found.
        """
        for rows in self.row_chunks(_CHECK_BYTES):
            if self.ggml_type in FLOAT_TYPES:
                self._refuse(where, rows, self.dequantise(rows), "weight", "column")
            else:
                blocks = self.raw[rows].reshape(rows.stop - rows.start, -1, self.block_bytes)
                for at in SCALE_FIELDS[self.ggml_type]:
                    scales = np.ascontiguousarray(blocks[:, :, at:at + 2]).view(np.float16)[:, :, 0]
                    self._refuse(where, rows, scales, "scale", "block")
            self.release()

    def _refuse(self, where, rows, values, what, unit):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            row, index = bad[0]
            raise CelosiaError(f"{where}: tensor {self.name!r}: {what} of row {rows.start + row}, "
                               f"{unit} {index} is {values[row, index]}")
