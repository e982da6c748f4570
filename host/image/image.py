"""The memory image of a compiled model."""

from dataclasses import dataclass
import zlib

import numpy as np

from gateware.isa import CodeKind, encode
from host.compiler.compiled import Compiled
from host.compiler.placement import LOGITS, STATES
from host.errors import CelosiaError
from host.image.header import HEADER_BYTES, Header
from host.image.formats import FORMATS, sub_vectors, trit_bytes
from host.image.program_table import program_table
from host.image.planes import to_planes

__all__ = ["Image", "build_image", "put_matrix"]

_CHUNK_BYTES = 1 << 20
_FP32_BYTES = 4


@dataclass(frozen=True, eq=False)
class Image:
    """DRAM as it is before the first token.

    Attributes
    ----------
    compiled : Compiled
    header : Header
    memory : numpy.ndarray
        uint8, shape (image_bytes,).
    """

    compiled: Compiled
    header: Header
    memory: np.ndarray

    def check_fits(self, memory):
        """Refuse the memory of a board that this does not fit.

        Parameters
        ----------
        memory : soc.dram.memory.Memory

        Raises
        ------
        CelosiaError
            If it does not, by how many bytes.
        """
        if self.memory.size > memory.bytes:
            raise CelosiaError(f"memory image must be at most the {memory.bytes:,} bytes of {memory.name}, not "
                               f"{self.memory.size:,}: {self.memory.size - memory.bytes:,} too many")


def build_image(compiled, *, put=None):
    """Pack the model of ``compiled``.

    Re-orders the bits of quantised tensors, never their values; F32, F16 and BF16 matrices become W16.

    Parameters
    ----------
    compiled : Compiled
    put : callable
        Packs a matrix in place of :func:`put_matrix`.

    Returns
    -------
    Image
    """
    place, model = compiled.placement, compiled.model
    memory = np.zeros(place.image_bytes, np.uint8)
    program = b"".join(encode(instruction) for program in compiled.programs.values() for instruction in program)
    _put(memory, place.map.address("program"), np.frombuffer(program, np.uint8))
    for name, table in place.tables.items():
        content = table.content(compiled.context, compiled.config.memory.bus_bytes)
        _put(memory, place.map.address(name), content.view(np.uint8).reshape(-1))
    for name, tensor in place.tensors.items():
        address = place.map.address(name)
        if name in place.rows:
            (put or put_matrix)(memory, address, tensor, place.rows[name])
        else:
            _put(memory, address, np.ascontiguousarray(tensor.dequantise()).view(np.uint8).reshape(-1))
    _put(memory, place.map.address("table"), np.frombuffer(program_table(compiled), np.uint8))
    hp = model.hyperparameters
    results, width, row_bytes = (LOGITS, hp.vocab, _FP32_BYTES * hp.vocab) if hp.causal else (
        STATES, hp.dim, place.state_bytes)
    header = Header(
        image_key=compiled.config.image_key, content_bytes=place.content_bytes, image_bytes=place.image_bytes,
        program=place.map.address("program"), table=place.map.address("table"), results=place.map.address(results),
        programs=len(compiled.programs), vocab=hp.vocab, width=width, row_bytes=row_bytes, context=compiled.context,
        group=compiled.group, bus_bits=compiled.config.memory.bus_bits, kv_bits=compiled.kv_bits,
        crc=zlib.crc32(memory[HEADER_BYTES:place.content_bytes]))
    _put(memory, 0, np.frombuffer(header.pack(), np.uint8))
    return Image(compiled, header, memory)


def _put(memory, address, data):
    memory[address:address + data.size] = data


def put_matrix(memory, address, tensor, geometry):
    """Pack the rows of ``tensor`` into ``memory`` from a byte address on, as ``geometry`` says."""
    form = FORMATS[tensor.ggml_type]
    rows = memory[address:address + tensor.shape[0] * geometry.row_bytes].reshape(tensor.shape[0], geometry.row_bytes)
    for chunk in tensor.row_chunks(_CHUNK_BYTES):
        blocks = form.split(tensor, chunk)
        scales = [part for part in (blocks.scale, blocks.minimum) if part is not None]
        parts = (
            (0, np.stack(scales, axis=2)),
            (geometry.sub_start, to_planes(sub_vectors(blocks, form), form.sub_bits)),
            (geometry.code_start, trit_bytes(blocks.codes) if form.code_kind == CodeKind.TRITS
             else to_planes(blocks.codes, form.code_bits)))
        for start, part in parts:
            data = np.ascontiguousarray(part.reshape(len(part), -1)).view(np.uint8)
            rows[chunk, start:start + data.shape[1]] = data
        tensor.release()
