"""The complete accelerator against the golden model: every value that every instruction writes."""

import dataclasses

import numpy as np
import pytest

from gateware.config import CONFIGS
from gateware.control.counters import Counter
from host.compiler import layer_builder
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.engine.model_engine import ModelEngine
from host.engine.rows import Rows
from host.engine.trace import Trace
from host.errors import CelosiaError
from host.gguf.model import load
from host.image.image import build_image
from sim.error import SimulationError
from host.engine.rtl_engine import MemoryTiming, RtlEngine
from testing.micro_model import METADATA

MICRO = CONFIGS["micro"]


def assert_same(compiled, tokens, **options):
    """Run both engines and compare; returns the gateware's."""
    model, gateware = ModelEngine(build_image(compiled)), RtlEngine(build_image(compiled), **options)
    # Feedback through combinational logic, or what looks like it, makes every simulation several times slower.
    assert options.get("interpreted") or gateware.simulation.single_pass
    for token in tokens:
        expected, found = Trace(), Trace()
        logits = model.step(token, trace=expected)
        assert gateware.step(token, trace=found).tobytes() == logits.tobytes()
        assert found.writes == expected.writes
        assert gateware.argmax == model.argmax
    return gateware


def test_a_micro_model_in_amaranths_own_simulator(write_gguf, micro_tensors):
    """Dim 32, one layer, four query heads over two KV heads, two tokens; a vocabulary of 48 words, because the rows
    of the largest matrix are what takes the time."""
    words, (table, kind) = 48, micro_tensors()["token_embd.weight"]
    lists = {f"tokenizer.ggml.{name}": METADATA[f"tokenizer.ggml.{name}"][:words]
             for name in ("tokens", "scores", "token_type")}
    compiled = compile_model(
        load(write_gguf(lists, {"token_embd.weight": (table[:words], kind)})), MICRO, 16)
    assert_same(compiled, [1, 5], interpreted=True, memory=MemoryTiming(latency=8, stall_probability=0.1, seed=1))


@pytest.mark.parametrize("ggml_type", ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4"])
def test_every_format_in_the_compiled_simulation(write_gguf, ggml_type):
    compiled = compile_model(load(write_gguf(ggml_type=ggml_type)), MICRO, 16)
    assert_same(compiled, [1, 17, 30], memory=MemoryTiming(stall_probability=0.2, seed=2))


@pytest.mark.parametrize("name", ["IQ4_NL", "Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "TQ1_0", "TQ2_0"])
def test_formats_of_llama_cpp(data_dir, name):
    """Files whose tensors have several formats each, on a narrow bus: one token, all writes compared."""
    compiled = compile_model(load(data_dir / "formats" / f"tiny-{name}.gguf"), CONFIGS["sim-narrow"])
    assert_same(compiled, [77], memory=MemoryTiming(stall_probability=0.1, seed=4))


@pytest.mark.parametrize("name", ["qwen2-256-Q4_K_M", "qwen3", "gemma2", "gemma3", "phi2", "phi3-longrope", "smollm3",
                                  "granite", "olmo2", "olmo3", "stablelm", "stablelm-12b", "starcoder2", "gpt2",
                                  "gptneox-Q8_0", "llama-yarn"])
def test_every_architecture(architectures_dir, name):
    """Two tokens, all writes compared."""
    compiled = compile_model(load(architectures_dir / f"{name}.gguf"), CONFIGS["sim"], 16)
    assert_same(compiled, [77, 5], memory=MemoryTiming(stall_probability=0.2, seed=6))


def test_matrices_that_are_several_lines(write_gguf, monkeypatch):
    """As those beyond 2**24 bus words are; the lines here have 40 at most."""
    monkeypatch.setattr(layer_builder, "_MOST_BEATS", 40)
    monkeypatch.setattr(layer_builder, "_MOST_STRIDE", 40)
    compiled = compile_model(load(write_gguf()), MICRO, 16)
    assert max(i.stream_lines for i in compiled.program) > 20
    assert_same(compiled, [1, 17], memory=MemoryTiming(stall_probability=0.2, seed=7))


@pytest.mark.parametrize("memory", [
    MemoryTiming(latency=1), MemoryTiming(latency=200), MemoryTiming(bandwidth=(1, 3)),
    MemoryTiming(stall_probability=0.7, seed=3)], ids=lambda memory: repr(memory)[12:])
def test_no_memory_changes_a_bit(write_gguf, memory):
    compiled = compile_model(load(write_gguf()), MICRO, 64 // 4)
    assert_same(compiled, range(1, 16, 3), memory=memory)


@pytest.mark.parametrize("ggml_type", ["Q8_0", "F32"])
def test_bytes_that_a_program_reads(write_gguf, ggml_type):
    """`Compiled.read_bytes` against the counter of words that passed: every program, where K and V grow, and a table
    whose rows are packed. Fetch reads four instructions beyond END, which the program does not count."""
    path = write_gguf(metadata={"llama.context_length": 40}, ggml_type=ggml_type)
    compiled = compile_model(load(path), MICRO, 40)
    engine = RtlEngine(build_image(compiled))
    assert any(i.packed and i.stream_index for i in compiled.program)
    for tokens, part in (([3], Part.DECODE), ([4, 7], Part.BODY), ([5, 6], Part.LOGITS), ([5, 6], Part.LAST)):
        for position in (0, 30, 31, 32):
            engine.position = position
            before = engine.counters()[Counter.READ_BEATS]
            engine.run(tokens, part)
            read = engine.counters()[Counter.READ_BEATS] - before
            expected = compiled.read_bytes(position + len(tokens) - 1, len(tokens), part) + 4 * 64
            assert 8 * read == expected, (part, position)


def test_a_context_longer_than_a_vector_of_codes(write_gguf):
    """Positions 0..39: V rows of one and of two vectors, K of many rows."""
    path = write_gguf(metadata={"llama.context_length": 40})
    gateware = assert_same(compile_model(load(path), MICRO, 40), [int(t) for t in np.arange(40) * 7 % 272])
    with pytest.raises(CelosiaError, match="^The context of 40 positions is full$"):
        gateware.step(1)


@pytest.mark.parametrize("kv_bits", [8, 4])
def test_codes_of_the_kv_cache(write_gguf, kv_bits):
    """Five tokens from position 30 on, one by one: all writes, with rows of V that pass to a second vector."""
    path = write_gguf(metadata={"llama.context_length": 40})
    compiled = compile_model(load(path), MICRO, 40, kv_bits=kv_bits)
    ids = [int(token) for token in np.arange(35) * 7 % 272]
    model = ModelEngine(build_image(compiled))
    gateware = RtlEngine(build_image(compiled), memory=MemoryTiming(stall_probability=0.3, seed=5))
    for engine in (model, gateware):
        engine.extend(ids[:30], rows=Rows.NONE)
    for token in ids[30:]:
        expected, found = Trace(), Trace()
        assert gateware.step(token, trace=found).tobytes() == model.step(token, trace=expected).tobytes()
        assert found.writes == expected.writes


def test_without_logits_only_the_argmax_comes_back(write_gguf):
    compiled = compile_model(load(write_gguf()), MICRO, 16)
    with_logits, without = RtlEngine(build_image(compiled)), RtlEngine(build_image(compiled))
    logits = with_logits.step(3)
    assert without.step(3, logits=False) is None
    assert without.argmax == with_logits.argmax == logits.argmax()
    assert without.dram.counters.write_beats < with_logits.dram.counters.write_beats
    with pytest.raises(CelosiaError, match="^Token id must be below 272, not 272$"):
        without.step(272)


@pytest.mark.parametrize(("columns", "slots", "kv_bits"), [(1, 3, 16), (2, 2, 16), (1, 3, 4), (2, 2, 8), (2, 2, 4)])
def test_groups_of_tokens_give_the_same_bits(write_gguf, columns, slots, kv_bits):
    """Seven tokens in groups of the logical columns, all writes compared, against one after another."""
    config = MICRO.changed(dot={"columns": columns, "slots": slots}, vector={"scratchpad": 2048})
    path = write_gguf(metadata={"llama.context_length": 40})
    compiled = compile_model(load(path), config, 40, kv_bits=kv_bits)
    assert compiled.group == columns * slots
    ids = [int(token) for token in np.arange(37) * 11 % 272]
    single = ModelEngine(build_image(compiled))
    logits = np.stack([single.step(token) for token in ids])
    expected, found = Trace(), Trace()
    model, gateware = ModelEngine(build_image(compiled)), RtlEngine(build_image(compiled))
    assert model.extend(ids, trace=expected).tobytes() == logits.tobytes()
    assert gateware.extend(ids, trace=found).tobytes() == logits.tobytes()
    assert found.writes == expected.writes
    assert gateware.choices == model.choices == logits.argmax(axis=1).tolist()
    for rows, last in ((Rows.LAST, logits[-1:]), (Rows.NONE, None)):
        gateware.reset()
        cycles = gateware.cycles
        result = gateware.extend(ids, rows=rows)
        assert result is None if last is None else result.tobytes() == last.tobytes()
        assert gateware.cycles > cycles and gateware.position == len(ids)


def test_an_access_outside_the_image_names_the_instruction(write_gguf):
    """The image is cut behind the program: the first stream that reads beyond is the embedding's."""
    compiled = compile_model(load(write_gguf()), MICRO, 16)
    image = build_image(compiled)
    end = compiled.placement.map.address("token_embd.weight")
    cut = dataclasses.replace(image, memory=image.memory[:end].copy())
    with pytest.raises(SimulationError) as error:
        RtlEngine(cut).step(0)
    assert error.value.instruction == "instruction 1 (token_embd)"
    assert error.value.what.startswith("Read of ") and "is outside the memory" in error.value.what
