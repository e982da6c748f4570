"""The golden model against the ideal, and against itself in other configurations."""

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.isa import Opcode, Reduce
from host.compiler.compiled import compile_model
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.engine.trace import Trace
from host.errors import CelosiaError
from host.gguf.model import load
from host.image.image import build_image


def engine(model, config="sim", context=None, **options):
    return ModelEngine(build_image(compile_model(model, CONFIGS[config], context)), **options)


def run(model, ids, *args, **options):
    machine = engine(model, *args, **options)
    return np.stack([machine.step(int(token)) for token in ids])


def distance(a, b):
    """Relative root mean square."""
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.mark.parametrize("name", ["F16", "BF16", "Q8_0", "Q4_0"])
def test_logits_are_close_to_the_ideal(data_dir, name):
    """Must be within 2e-4; llama.cpp's own distance stands beside the ideal in the same file."""
    reference = np.load(data_dir / "formats" / "tiny-logits.npz")
    ideal, tokens = reference[f"{name}/ideal"], reference["tokens"]
    logits = run(load(data_dir / "formats" / f"tiny-{name}.gguf"), tokens)
    assert distance(logits, ideal) < 2e-4
    assert distance(logits, ideal) < distance(reference[f"{name}/ggml"], ideal)
    assert (logits.argmax(axis=1) == ideal.argmax(axis=1)).all()


def test_every_configuration_gives_the_same_bits(data_dir):
    model = load(data_dir / "stories260K" / "stories260K.gguf")
    ids = [1, 403, 407, 261, 378]
    texts = {run(model, ids, name, 64).tobytes() for name in ("sim", "sim-narrow", "sim-wide")}
    assert len(texts) == 1


def test_decoding_in_chunks_gives_the_same_bits(write_gguf):
    model = load(write_gguf())
    kept, decoded = (run(model, [1, 5, 9], "micro", 16, cache_bytes=size) for size in (1 << 20, 0))
    assert kept.tobytes() == decoded.tobytes()


def test_a_micro_model_is_close_to_float(write_gguf):
    model, ids = load(write_gguf()), [1, 2, 3, 40, 5, 6, 7]
    assert distance(run(model, ids, "micro", 16), FloatEngine(model).logits(ids)) < 2e-4


def test_a_second_text_does_not_see_the_first(write_gguf):
    model = load(write_gguf())
    machine = engine(model, "micro", 16)
    first = [machine.step(token).tobytes() for token in (1, 2, 3)]
    machine.reset()
    for token in (9, 8, 7, 6):
        machine.step(token)
    machine.reset()
    assert [machine.step(token).tobytes() for token in (1, 2, 3)] == first


def test_the_trace_holds_every_result(write_gguf):
    model = load(write_gguf())
    machine, trace = engine(model, "micro", 16), Trace()
    logits = machine.step(1, trace=trace)
    program = machine.image.compiled.program
    silent = {index for index, i in enumerate(program) if i.opcode == Opcode.END}
    assert {index for index, _kind, _place in trace.writes} == set(range(len(program))) - silent
    last = max(index for index, i in enumerate(program) if i.reduce == Reduce.ARGMAX)
    stored = [value for (index, kind, _place), value in trace.writes.items() if (index, kind) == (last, "store")]
    assert np.array(stored, np.uint32).tobytes() == logits.tobytes()
    assert trace.writes[last, "argmax", 0] == machine.argmax == logits.argmax()


def test_what_does_not_fit_is_refused(write_gguf):
    machine = engine(load(write_gguf()), "micro", 2)
    vocab = machine.image.header.vocab
    with pytest.raises(CelosiaError, match=f"^Token id must be below {vocab}, not {vocab}$"):
        machine.step(vocab)
    machine.step(1), machine.step(1)
    with pytest.raises(CelosiaError, match="^The context of 2 positions is full$"):
        machine.step(1)
