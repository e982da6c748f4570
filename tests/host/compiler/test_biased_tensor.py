"""A bias as columns of its matrix."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.bench.random_image import random_blocks
from host.compiler.biased_tensor import BiasedTensor
from host.compiler.compiled import compile_model
from host.compiler.limits import check_rows
from host.errors import CelosiaError
from host.gguf.model import load

BIAS = np.array([0.0, 1.0, -0.3333333, 12.75, -1e-3, 7e-5, -250.2, 0.1], np.float32)


def biased(kind, columns=256):
    matrix = random_blocks("output.weight", (len(BIAS), columns), kind, np.random.default_rng(3))
    return matrix, BiasedTensor("model.gguf", matrix, BIAS)


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "Q2_K",
                                  "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q1_0", "Q2_0"])
def test_rows_times_ones_have_the_bias(kind):
    matrix, tensor = biased(kind)
    values = tensor.dequantise(dtype=np.float64)
    assert (values[:, :256] == matrix.dequantise(dtype=np.float64)).all()
    assert values.shape == tensor.shape == (len(BIAS), 256 + len(tensor.ones))
    exact = 2.0**-15 if kind == "BF16" else 2.0**-20
    # What an fp16 scale cannot hold because it is too small is below 1e-7.
    assert np.abs(values[:, 256:] @ tensor.ones - BIAS).max() <= np.abs(BIAS).max() * exact
    assert np.abs(values[:, 256:] @ tensor.ones - BIAS)[5] < 1e-7


def test_single_rows_and_chunks_are_those_of_the_whole():
    _, tensor = biased("Q8_0")
    whole = tensor.dequantise()
    assert (tensor.dequantise(np.array([6, 2])) == whole[[6, 2]]).all()
    assert (tensor.dequantise(slice(3, 5)) == whole[3:5]).all()


def test_the_bias_of_floats_begins_a_vector_of_its_own():
    """Otherwise it would share its power of two with weights. 48 elements are one vector and a half."""
    _, tensor = biased("F32", columns=48)
    assert tensor.shape == (len(BIAS), 128)
    assert np.flatnonzero(tensor.ones).tolist() == [16, 48]


def test_the_first_term_of_f32_survives_rounding_to_16_bits():
    _, tensor = biased("F32")
    first = tensor.dequantise()[:, 256]
    mantissa, _ = np.frexp(first)
    assert (mantissa * 2**8 % 1 == 0).all() and (first != BIAS).any()


@pytest.mark.parametrize("kind", ["MXFP4", "NVFP4", "TQ1_0", "TQ2_0"])
def test_other_formats_are_refused(kind):
    with pytest.raises(CelosiaError) as error:
        biased(kind)
    assert str(error.value) == f"model.gguf: tensor 'output.weight' has a bias and type {kind}, which has no program"


def test_rows_with_a_bias_must_fit_the_x_buffer(architectures_dir):
    """64 elements, and 64 more for the bias of logits; the feed-forward network needs 256."""
    model = load(architectures_dir / "phi2.gguf")
    rows = compile_model(model, CONFIGS["sim"], 16).placement.rows
    assert rows["output.weight"].columns == 128 and rows["token_embd.weight"].columns == 64
    long = replace(rows["output.weight"], columns=320)
    with pytest.raises(CelosiaError) as error:
        check_rows(model, CONFIGS["micro"], SimpleNamespace(rows={"output.weight": long}))
    assert str(error.value) == (f"{model.path}: a row of tensor 'output.weight' needs 320 elements of x-buffer, 64 "
                                f"more than configuration 'micro' has (256)")


def test_an_embedding_that_is_the_output_matrix_takes_no_bias(architectures_dir):
    model = load(architectures_dir / "phi2.gguf")
    tied = replace(model, hyperparameters=replace(model.hyperparameters, tied=True))
    with pytest.raises(CelosiaError) as error:
        compile_model(tied, CONFIGS["sim"], 16)
    assert str(error.value) == f"{model.path}: tensor 'output.bias' must come with an output matrix of its own"
