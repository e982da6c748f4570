"""Errors per instruction: the float64 run is the ideal, and what is put wrong on purpose is found."""

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.isa import Opcode
from host.evaluation.comparison import Comparison
from host.compiler.compiled import compile_model
from host.engine.float_engine import FloatEngine
from host.engine.float_program import FloatProgram
from host.engine.model_engine import ModelEngine
from host.engine.program_state import ProgramState
from host.gguf.model import load
from host.image.image import build_image

IDS = [1, 5, 9, 200, 7, 7, 100]


def image(model, config="micro", kv_bits=16):
    return build_image(compile_model(model, CONFIGS[config], 16, kv_bits=kv_bits))


def run(model, ids, *args):
    """(comparison, logits of the golden model, logits of the float64 run)."""
    comparison = Comparison(image(model, *args))
    found, ideal = zip(*map(comparison.step, ids))
    return comparison, np.stack(found), np.stack(ideal)


def distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("kind, config, kv_bits", [
    ("Q8_0", "micro", 16), ("F16", "sim-wide", 16), ("Q8_0", "micro", 8), ("Q8_0", "micro", 4)])
def test_both_runs_are_what_they_say(write_gguf, kind, config, kv_bits):
    """The golden model bit for bit, and the ideal up to the image's fp32 constants."""
    model = load(write_gguf(ggml_type=kind))
    comparison, found, ideal = run(model, IDS, config, kv_bits)
    engine = ModelEngine(image(model, config, kv_bits))
    assert np.array_equal(found.astype(np.float32), [engine.step(token) for token in IDS])
    assert distance(ideal, FloatEngine(model).logits(IDS)) < 1e-6
    assert comparison.positions == len(IDS)
    assert comparison.same_argmax == (found.argmax(axis=1) == ideal.argmax(axis=1)).sum()
    logits, = (error for error in comparison.errors() if error.result == "logits")
    assert logits.accumulated == pytest.approx(distance(found, ideal), rel=1e-6)
    stores = [error.local for error in comparison.errors() if error.result == "KV cache"]
    # Half a code at most, of vectors whose elements are a third of the largest or so.
    assert stores and all(2.0**-(kv_bits + 4) < local < 2.0**-(kv_bits - 2) for local in stores)


@pytest.mark.parametrize("name", ["qwen2", "qwen3", "gemma2", "gemma3", "phi2", "phi3", "smollm3", "granite", "olmo2",
                                  "stablelm", "stablelm-12b", "starcoder2", "gpt2", "gptneox", "llama-yarn"])
def test_programs_of_every_architecture_are_exact_but_for_rounding(architectures_dir, name):
    """In float64 a program is the architecture's definition; polynomials of GELU are the largest difference."""
    model = load(architectures_dir / f"{name}.gguf")
    _comparison, found, ideal = run(model, IDS[:4], "sim")
    assert np.array_equal(found.astype(np.float32), ModelEngine(image(model, "sim")).extend(IDS[:4]))
    assert distance(ideal, FloatEngine(model).logits(IDS[:4])) < 1e-6


def test_a_file_of_llama_cpp(data_dir):
    """Its logits are the ideal, and the distances are those of `celosia logits`."""
    reference = np.load(data_dir / "formats" / "tiny-logits.npz")
    _, found, ideal = run(load(data_dir / "formats" / "tiny-Q6_K.gguf"), reference["tokens"][:6], "sim")
    assert distance(ideal, reference["Q6_K/ideal"][:6]) < 1e-6
    assert distance(found, ideal) < 2e-4


def test_local_errors_are_rounding(write_gguf):
    """Exact dot products and fp32 passes add an fp32 rounding; quantisers what their bits allow."""
    comparison, _, _ = run(load(write_gguf()), IDS)
    for error in comparison.errors():
        limit = {"column": 2.0**-12, "KV cache": 2.0**-10}.get(error.result, 2e-6)
        assert error.local <= limit, error
    quantised = [error for error in comparison.errors() if error.result in ("column", "KV cache")]
    assert all(error.local > 1e-7 for error in quantised if not error.label.startswith("blk.0.softmax"))


def test_every_instruction_is_listed(write_gguf):
    comparison, _, _ = run(load(write_gguf()), IDS[:1])
    program = image(load(write_gguf())).compiled.program
    assert [(error.index, error.label) for error in comparison.errors()] == [
        (index, i.label) for index, i in enumerate(program) if i.opcode in (Opcode.DOT, Opcode.VECTOR)]
    formats = {error.label: error.format for error in comparison.errors() if error.format}
    assert formats["blk.0.ffn_down"] == formats["token_embd"] == formats["output"] == "Q8_0"
    assert set(formats) == {"token_embd", "output", *(f"blk.0.{name}" for name in (
        "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"))}


def test_a_matrix_that_its_packing_hurts_is_found(write_gguf, micro_tensors):
    """Weights of 1e6 where the input is always zero take all the bits of their vector from the others."""
    values = np.array(micro_tensors("F32")["blk.0.attn_v.weight"][0])
    values[:, 3] = 1e6
    norm = np.ones(32, np.float32)
    norm[3] = 0
    model = load(write_gguf(ggml_type="F32", tensors={
        "blk.0.attn_v.weight": (values, "F32"), "blk.0.attn_norm.weight": (norm, "F32")}))
    comparison, _, _ = run(model, IDS)
    errors = {error.label: error for error in comparison.errors()}
    worst = max(errors.values(), key=lambda error: error.local)
    assert worst.label == "blk.0.attn_v" and worst.local > 0.5
    # What reads it carries the error on and adds none; what came before it knows nothing of it.
    assert errors["blk.0.attn_output"].accumulated > 0.1 > 1e-3 > errors["blk.0.attn_output"].local
    assert errors["blk.0.attn_k"].accumulated < 1e-3


def test_numbers_beyond_fp32_are_no_error(write_gguf):
    """silu of a very negative gate: exp overflows in fp32 as it should, and the sigmoid is 0."""
    norm = np.full(32, 300, np.float32)
    comparison, _, _ = run(load(write_gguf(tensors={"blk.0.ffn_norm.weight": (norm, "F32")})), IDS)
    errors = {error.label: error for error in comparison.errors()}
    # The gate's own error is multiplied with the exponent of 2.
    assert errors["blk.0.silu.exp"].local < 1e-3 and errors["blk.0.silu"].local < 1e-6


def test_weights_that_are_not_kept_give_the_same(write_gguf):
    built = image(load(write_gguf()))
    state = ProgramState(built.compiled)
    state.columns[0] = np.random.default_rng(1).standard_normal(32)
    index = next(index for index, i in enumerate(built.compiled.program) if i.label == "blk.0.ffn_up")
    kept, read = (FloatProgram(built, weight_bytes=size).execute(index, [state, state], 1, 0)
                  for size in (1 << 20, 0))
    np.testing.assert_allclose(kept[0].values, read[1].values, rtol=1e-13)
