"""Memory images with random weights."""

import numpy as np

from host.image.image import build_image, put_matrix
from host.gguf.tensor import FLOAT_TYPES, SCALE_FIELDS, Tensor
from host.gguf.tensor_type import TENSOR_TYPES

__all__ = ["random_blocks", "random_image"]

_TILE_ROWS = 32


def random_blocks(name, shape, ggml_type, rng):
    """A tensor of random codes whose scales are small and valid."""
    like = Tensor(name, (0, shape[1]), ggml_type, _empty(shape[1], ggml_type))
    if ggml_type in FLOAT_TYPES:
        values = rng.standard_normal(shape).astype(np.float32) / 16
        raw = {"F32": values, "F16": values.astype(np.float16),
               "BF16": values.view(np.uint16)[:, 1::2]}[ggml_type]
        return Tensor(name, shape, ggml_type, np.ascontiguousarray(raw).view(np.uint8).reshape(shape[0], -1))
    raw = rng.integers(0, 256, (shape[0], shape[1] // like.block, like.block_bytes), np.uint8)
    for place in SCALE_FIELDS[ggml_type]:
        scales = rng.uniform(1 / 512, 1 / 256, raw.shape[:2]).astype(np.float16)
        raw[:, :, place:place + 2] = scales[:, :, None].view(np.uint8)
    if ggml_type == "MXFP4":
        raw[:, :, 0] = rng.integers(118, 122, raw.shape[:2])
    if ggml_type == "NVFP4":
        raw[:, :, :4] = rng.integers(1, 24, (*raw.shape[:2], 4))  # small and valid
    if ggml_type == "TQ2_0":
        codes = raw[:, :, :64]
        codes &= ~(codes >> 1 & 0x55)  # 3 is no code
    return Tensor(name, shape, ggml_type, raw.reshape(shape[0], -1))


def _empty(columns, ggml_type):
    kind = TENSOR_TYPES[ggml_type]
    return np.zeros((0, columns // kind.block * kind.block_bytes), np.uint8)


def random_image(compiled, *, seed=0):
    """The image of a model without content (see :class:`host.bench.shape.Shape`), its matrices random.

    The same few rows are repeated all over a matrix, which no cycle depends on. The KV cache is all zeros,
    which are valid codes and scales.

    Returns
    -------
    host.image.image.Image
    """
    rng = np.random.default_rng(seed)

    def put(memory, address, tensor, geometry):
        rows, tile = tensor.shape[0], min(_TILE_ROWS, tensor.shape[0])
        blocks = random_blocks(tensor.name, (tile, tensor.shape[1]), tensor.ggml_type, rng)
        put_matrix(memory, address, blocks, geometry)
        content = memory[address:address + rows * geometry.row_bytes].reshape(rows, geometry.row_bytes)
        for start in range(tile, rows, tile):
            count = min(tile, rows - start)
            content[start:start + count] = content[:count]

    return build_image(compiled, put=put)
