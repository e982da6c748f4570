"""The examples: designs of somebody else's that have one block of the gateware in them."""

from pathlib import Path
import subprocess
import sys

import gguf
import numpy as np
import pytest

from examples.matrix_vector import simulate as multiply
from examples.memory_sum import simulate as add_up
from gateware.exact.block_float import quantise_block
from gateware.exact.dot import exact_dot, headroom_bits, unpack_fp16
from gateware.isa import CodeKind

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("address, length", [(0, 1), (511, 2), (1, 777)])
def test_memory_sum(address, length):
    """From one row of the DRAM to the next, and with half a native word at both ends."""
    memory = np.random.default_rng(length).integers(0, 1 << 32, 2048, np.uint32)
    total, cycles = add_up(memory, address, length)
    assert total == int(memory[address:address + length].sum(dtype=np.uint64)) & 0xFFFFFFFF
    # A word per cycle, once the first has come.
    assert cycles <= length + 14


@pytest.mark.parametrize("rows, vectors", [(1, 1), (5, 8)])
def test_matrix_vector(rows, vectors):
    rng = np.random.default_rng(rows)
    tensor = gguf.quants.quantize(rng.standard_normal((rows, 32 * vectors), np.float32), gguf.GGMLQuantizationType.Q8_0)
    x = rng.standard_normal(32 * vectors, np.float32)
    blocks, (mantissas, exponents) = tensor.reshape(rows, vectors, 34), quantise_block(x, 18)
    wanted = exact_dot(
        blocks[:, :, 2:].view(np.int8).astype(float), unpack_fp16(blocks[:, :, :2].copy().view("<u2")[:, :, 0]),
        mantissas.reshape(vectors, 32).astype(float), np.repeat(exponents, 8)[:vectors],
        headroom=headroom_bits(code_bits=8, code_kind=CodeKind.SIGNED, growth=(vectors - 1).bit_length()))
    assert np.array_equal(multiply(tensor, x).view(np.uint32), wanted.view(np.uint32))


@pytest.mark.parametrize("name, line", [
    ("memory_sum", "sum 0x286fa674, in NumPy 0x286fa674, 3014 cycles\n"),
    ("matrix_vector", "row 0:    3.464859, in float64    3.464572\n"),
])
def test_as_its_docstring_says(name, line):
    """Run as a program."""
    text = (ROOT / "examples" / f"{name}.py").read_text()
    assert f"``python -m examples.{name}``" in text
    result = subprocess.run([sys.executable, "-m", f"examples.{name}"], cwd=ROOT, capture_output=True, text=True)
    assert result.stdout.startswith(line) and result.stderr == ""
