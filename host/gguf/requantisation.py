"""A model in another format."""

from dataclasses import dataclass

from gguf import GGML_QUANT_VERSION, LlamaFileType
import numpy as np

from host.errors import CelosiaError
from host.gguf.codecs import dequantise, quantise
from host.gguf.copy import GGUFCopy
from host.gguf.file import GGUFFile
from host.gguf.model import load
from host.gguf.tensor_type import TENSOR_TYPES

__all__ = ["FILE_TYPES", "Requantisation", "TensorChange"]

FILE_TYPES = {
    "F32": LlamaFileType.ALL_F32,
    "F16": LlamaFileType.MOSTLY_F16,
    "BF16": LlamaFileType.MOSTLY_BF16,
    "Q8_0": LlamaFileType.MOSTLY_Q8_0,
    "Q5_1": LlamaFileType.MOSTLY_Q5_1,
    "Q5_0": LlamaFileType.MOSTLY_Q5_0,
    "Q4_1": LlamaFileType.MOSTLY_Q4_1,
    "Q4_0": LlamaFileType.MOSTLY_Q4_0,
    "MXFP4": LlamaFileType.MOSTLY_MXFP4_MOE,
    "NVFP4": LlamaFileType.MOSTLY_NVFP4,
    "TQ2_0": LlamaFileType.MOSTLY_TQ2_0,
    "TQ1_0": LlamaFileType.MOSTLY_TQ1_0,
    "Q2_0": 41,  # which the package does not know yet
    "Q1_0": LlamaFileType.MOSTLY_Q1_0,
}
"""Formats that `host.gguf.codecs` writes, and ``general.file_type`` of a file that is mostly of each."""

_OUTPUTS = ("token_embd.weight", "output.weight")
_CHUNK_BYTES = 1 << 22


@dataclass
class TensorChange:
    """What becomes of a tensor.

    Attributes
    ----------
    name, source, target : str
        Its name, its format in the original and in the copy.
    source_bytes, target_bytes : int
    square, error : float
        Sum of squares of the values in the original, and of the differences from them; known once it is
        written.
    """

    name: str
    source: str
    target: str
    source_bytes: int
    target_bytes: int
    square: float = 0.0
    error: float = 0.0

    @property
    def rel_rms(self):
        """Relative root mean square of the differences."""
        return (self.error / self.square) ** 0.5 if self.square else 0.0


class Requantisation:
    """A copy of a model with its matrices in another format.

    What is no matrix (norm weights, biases, learned positions) becomes F32, metadata stay as they are but for
    ``general.file_type`` and ``general.quantization_version``, and what described an importance matrix is left out. A
    matrix that has its format already is copied bit by bit.

    Parameters
    ----------
    path : str or os.PathLike
    target : str
        Format of the matrices, a key of `FILE_TYPES`.
    output : str, optional
        Format of the token embedding and the output matrix; `target` by default.
    fallback : str, optional
        Format of matrices with rows that the target's block does not divide.

    Attributes
    ----------
    changes : list of TensorChange
        In the order of the file.

    Raises
    ------
    CelosiaError
        If the file is no sound model, a format is not one of `FILE_TYPES`, or a block does not divide a row.
    """

    def __init__(self, path, target, *, output=None, fallback=None):
        self.path = path
        self._target, self._output = _known(target), _known(output or target)
        self._fallback = fallback and _known(fallback)
        self._model = load(path)
        self._copy = GGUFCopy(GGUFFile(path))
        self.changes = [self._plan(tensor) for tensor in self._copy.tensors]

    def write(self, file, *, progress=None):
        """Write the copy.

        Parameters
        ----------
        file : binary file
        progress : callable, optional
            Called with nothing after every tensor.

        Raises
        ------
        CelosiaError
            If a weight is beyond what a format can hold.
        """
        metadata = {"general.file_type": int(FILE_TYPES[self._target]),
                    "general.quantization_version": GGML_QUANT_VERSION}
        metadata |= {f"quantize.imatrix.{key}": None for key in (
            "file", "dataset", "entries_count", "chunks_count")}
        self._copy.write(file, metadata, [
            (tensor.name, TENSOR_TYPES[change.target].number, change.target_bytes,
             self._pieces(tensor, change, progress))
            for tensor, change in zip(self._copy.tensors, self.changes)])

    def _plan(self, tensor):
        if not self._is_matrix(tensor.name):
            target = "F32"
        else:
            target = self._output if tensor.name in _OUTPUTS else self._target
            target = self._dividing(tensor, target)
        kind = TENSOR_TYPES[target]
        return TensorChange(tensor.name, tensor.ggml_type, target, tensor.raw.nbytes,
                            tensor.shape[0] * (tensor.shape[1] // kind.block) * kind.block_bytes)

    def _is_matrix(self, name):
        """Whether a tensor is one for the dot engine; norms, biases and vectors of positions keep their numbers."""
        return name in self._model.tensors and self._model.is_matrix(name)

    def _dividing(self, tensor, target):
        """`target`, or the fallback where its block does not divide the rows."""
        columns = tensor.shape[1]
        for kind in filter(None, (target, self._fallback)):
            block = TENSOR_TYPES[kind].block
            if columns % block == 0:
                return kind
        advice = "" if self._fallback else "; --fallback F16 would keep such tensors in F16"
        raise CelosiaError(f"{self.path}: tensor {tensor.name!r}: the row length must be a multiple of the "
                           f"{kind} block of {block}, not {columns}{advice}")

    def _pieces(self, tensor, change, progress):
        """Data of the copy, a few megabytes at a time."""
        for rows in tensor.row_chunks(_CHUNK_BYTES):
            values = tensor.dequantise(rows)
            change.square += float(np.square(values, dtype=np.float64).sum())
            if change.target == tensor.ggml_type:
                yield tensor.raw[rows]
                continue
            with np.errstate(over="ignore", invalid="ignore"):  # found below
                data = quantise(values, change.target)
                difference = dequantise(data, change.target).astype(np.float64) - values
            bad = np.argwhere(~np.isfinite(difference))
            if len(bad):
                row, column = bad[0]
                raise CelosiaError(f"{self.path}: tensor {tensor.name!r}: weight {values[row, column]} in "
                                   f"row {rows.start + row}, column {column} is beyond what {change.target} "
                                   f"can hold")
            change.error += float(np.square(difference).sum())
            yield data
        if progress:
            progress()


def _known(kind):
    """The name of a format that can be written."""
    name = kind.upper()
    if name in FILE_TYPES:
        return name
    message = f"format must be one of {', '.join(FILE_TYPES)}, not {kind!r}"
    if name in TENSOR_TYPES:
        message += ", which Celosia does not write; llama.cpp's llama-quantize does"
    raise CelosiaError(message)
