"""The commands that simulate the gateware, on the smallest configuration and the micro model."""

import dataclasses
import json

import numpy as np
import pytest

import host.engine.rtl_engine
from boards.configs import ALL_CONFIGS
from gateware.config import CONFIGS
from gateware.isa import INSTRUCTION_BITS, encode
from host.compiler.compiled import compile_model
from host.compiler.part import Part
from host.gguf.model import load
from boards.memories import MEMORIES

MICRO = ("--config", "micro")


@pytest.fixture
def report(tmp_path):
    return tmp_path / "report.json"


def test_generate(celosia, write_gguf, report):
    """The text of the golden model, and costs that fit together and fit the program."""
    path, tokens = write_gguf(), 12
    arguments = ("generate", path, *MICRO, "--tokens", tokens, "--prompt", "a lost code", "--json", report)
    text = celosia(*arguments, "--engine", "model")[1]
    ids = json.loads(report.read_text())["tokens"]
    status, out, err = celosia(*arguments)
    contents = json.loads(report.read_text())
    assert (status, out) == (0, text)
    assert contents["tokens"] == ids
    assert (contents["engine"], contents["config"]) == ("rtl", "micro")
    # The first token comes with the prompt.
    compiled, first = compile_model(load(path), CONFIGS["micro"]), len(contents["prompt_tokens"])
    read = np.mean([compiled.read_bytes(first + index) for index in range(len(ids) - 1)])
    # Writes, the KV row above all, come on top of what the streams read.
    assert read <= contents["bus_bytes_per_token"] < 1.2 * read
    assert contents["bus_bytes_per_cycle"] == CONFIGS["micro"].memory.bus_bytes
    assert contents["bus_utilisation"] == pytest.approx(
        contents["bus_bytes_per_token"] / contents["cycles_per_token"] / contents["bus_bytes_per_cycle"])
    assert 0 < contents["bus_utilisation"] <= 1
    assert contents["simulated_cycles_per_second"] > 0
    # Two tokens go through the weights together.
    assert contents["prefill_cycles_per_token"] < 0.8 * contents["cycles_per_token"]
    assert "cycles/token, bus busy " in err and f"{contents['prefill_cycles_per_token']:,.0f} cycles/token" in err
    assert celosia(*arguments, "--group", 1)[1] == out
    assert json.loads(report.read_text())["prefill_cycles_per_token"] > contents["prefill_cycles_per_token"]


def test_drafts_save_cycles(celosia, write_gguf, report):
    """A prompt that repeats itself; three drafts are clipped to the one that two logical columns have room for."""
    arguments = ("generate", write_gguf(), *MICRO, "--tokens", 20, "--prompt", "ab", "--json", report)
    results = []
    for options in ((), ("--speculate", 3), ("--speculate", 1, "--group", 1)):
        status, out, err = celosia(*arguments, *options)
        assert status == 0
        results.append((out, json.loads(report.read_text()), err))
    (text, plain, _), (same, drafted, err), (again, single, none) = results
    assert text == same == again and plain["tokens"] == drafted["tokens"] == single["tokens"]
    assert err.startswith("celosia: 3 drafts need 4 logical columns; this model goes through 'micro' in groups of 2 "
                          "at most, so there were 1\n")
    assert none.startswith("celosia: 1 drafts need 2 logical columns; this model goes through 'micro' in groups of 1 "
                           "at most, so there were none\n")
    assert (plain["drafted"], plain["accepted"], drafted["speculate"]) == (0, 0, 1)
    assert 0 < drafted["accepted"] <= drafted["drafted"]
    assert f"{drafted['accepted']} of {drafted['drafted']} drafts accepted" in err


def test_sampled_text_is_that_of_the_golden_model(celosia, write_gguf):
    arguments = ("generate", write_gguf(), *MICRO, "--tokens", 8, "--temperature", 1, "--seed", 3)
    assert celosia(*arguments)[1] == celosia(*arguments, "--engine", "model")[1]


def test_logits(celosia, write_gguf, tmp_path):
    path, logits = write_gguf(), []
    for engine in ("model", "rtl"):
        out = tmp_path / f"{engine}.npy"
        assert celosia("logits", path, *MICRO, "--ids", "1,200,7,7", "--engine", engine, "--out", out)[0] == 0
        logits.append(np.load(out))
    assert logits[0].dtype == logits[1].dtype == np.float32
    assert logits[0].shape == (4, 272)
    assert logits[0].tobytes() == logits[1].tobytes()


def test_verify(celosia, write_gguf, report):
    status, out, err = celosia("verify", write_gguf(), *MICRO, *MICRO, "--tokens", 3, "--stalls", 0.3,
                               "--seed", 5, "--json", report)
    contents = json.loads(report.read_text())
    assert (status, err) == (0, "")
    assert contents["passed"] and contents["same_logits"]
    row = contents["configurations"][0]
    assert (row["config"], row["tokens"], row["difference"]) == ("micro", 3, None)
    assert row["values"] > 3000 and f"{row['values']:,}" in out.decode()
    assert b"rtl and model agree in every value; stalls 0.3, seed 5." in out
    assert b"The logits of all 2 configurations are the same bits." in out


def test_verify_groups(celosia, write_gguf, report):
    status, out, _ = celosia("verify", write_gguf(), *MICRO, "--tokens", 5, "--groups", "--json", report)
    row = json.loads(report.read_text())["configurations"][0]
    groups = row["groups"]
    assert status == 0
    assert (groups["group"], groups["tokens"], groups["difference"]) == (2, 5, None)
    assert groups["logits_hash"] == row["logits_hash"] and 0 < groups["cycles"] < row["cycles"]
    assert f"groups of up to 2 tokens agree in every value ({groups['values']:,})" in out.decode()


def test_text_through_the_memory_controller_of_a_board(celosia, write_gguf, report):
    """The same text in more cycles, which are those of the board's clock. The design is that of
    tests/sim/test_memory_system.py."""
    arguments = ("generate", write_gguf(), "--config", "micro", "--tokens", 3, "--json", report)
    plain, simple = celosia(*arguments), json.loads(report.read_text())
    status, out, err = celosia(*arguments, "--memory", "ulx3s")
    real = json.loads(report.read_text())
    assert (status, out) == (0, plain[1])
    assert (simple["memory"], real["memory"]) == (None, "ulx3s")
    assert real["cycles_per_token"] > 1.5 * simple["cycles_per_token"]
    assert f" ms at {MEMORIES['ulx3s'].clock_hz / 1e6:.0f} MHz, " in err


def test_verify_names_the_first_difference_in_a_group(celosia, write_gguf, report, monkeypatch):
    """The gateware on a memory in which one bit of a program is wrong that only groups run."""
    class OnBadProgram(host.engine.rtl_engine.RtlEngine):
        def __init__(self, image, **parameters):
            compiled, label, size = image.compiled, "output_norm.1.root", INSTRUCTION_BITS // 8
            index, instruction = next(
                item for item in enumerate(compiled.programs[2, Part.LOGITS]) if item[1].label == label)
            start = compiled.program_address(2, Part.LOGITS) + index * size
            word = encode(dataclasses.replace(instruction, b=instruction.b ^ 1 << 20))
            image.memory[start:start + size] = np.frombuffer(word, np.uint8)
            super().__init__(image, **parameters)

    monkeypatch.setattr(host.engine.rtl_engine, "RtlEngine", OnBadProgram)
    status, _, err = celosia("verify", write_gguf(), *MICRO, "--tokens", 3, "--groups", "--json", report)
    row = json.loads(report.read_text())["configurations"][0]
    assert (status, row["difference"], row["groups"]["difference"]["label"]) == (1, None, "output_norm.1.root")
    assert err.startswith("celosia: micro: tokens 0 to 1, instruction ") and "(output_norm.1.root)" in err


def test_verify_names_the_first_difference(celosia, write_gguf, report, monkeypatch):
    """The gateware on a memory in which one bit of a weight is wrong."""
    class OnBadMemory(host.engine.rtl_engine.RtlEngine):
        def __init__(self, image, **parameters):
            image.memory[image.compiled.placement.map.address("blk.0.ffn_up.weight") + 200] ^= 4
            super().__init__(image, **parameters)

    monkeypatch.setattr(host.engine.rtl_engine, "RtlEngine", OnBadMemory)
    status, _, err = celosia("verify", write_gguf(), *MICRO, "--json", report)
    found = json.loads(report.read_text())["configurations"][0]["difference"]
    assert status == 1
    assert (found["label"], found["kind"], found["token"]) == ("blk.0.ffn_up", "scratchpad", 0)
    assert found["model"] != found["rtl"]
    assert err == (f"celosia: micro: token 0, instruction {found['instruction']} (blk.0.ffn_up), scratchpad "
                   f"{found['place']}: rtl wrote {found['rtl']:#010x} ({as_float(found['rtl'])}), model "
                   f"{found['model']:#010x} ({as_float(found['model'])})\n")


def as_float(bits):
    return str(np.uint32(bits).view(np.float32))


def test_access_outside_the_memory_names_the_instruction(celosia, write_gguf, monkeypatch):
    """A program that reads beyond its image ends with one line and status 1."""
    class OnBadProgram(host.engine.rtl_engine.RtlEngine):
        def __init__(self, image, **parameters):
            label, size = "blk.0.ffn_down", INSTRUCTION_BITS // 8
            index, instruction = next(
                item for item in enumerate(image.compiled.programs[1, Part.CHOOSE]) if item[1].label == label)
            word = encode(dataclasses.replace(instruction, stream_base=1 << 24))
            start = image.compiled.program_address(1, Part.CHOOSE) + index * size
            image.memory[start:start + size] = np.frombuffer(word, np.uint8)
            super().__init__(image, **parameters)

    monkeypatch.setattr(host.engine.rtl_engine, "RtlEngine", OnBadProgram)
    status, out, err = celosia("generate", write_gguf(), *MICRO, "--tokens", 1)
    assert (status, out) == (1, b"")
    assert err.startswith("celosia: Read of ") and err.count("\n") == 1
    assert "at bus word 0x1000000 " in err and "is outside the memory of " in err
    assert err.endswith("(blk.0.ffn_down)\n")


def test_speeds(celosia, write_gguf, report):
    """Both simulators reach the same state, or there would be no figures."""
    status, out, err = celosia("bench-sim", write_gguf(), *MICRO, "--tokens", 3, "--cycles", 150,
                               "--json", report)
    contents = json.loads(report.read_text())
    assert (status, err) == (0, "")
    assert contents["interpreted_cycles"] == 150 < contents["compiled_cycles"]
    assert contents["ratio"] > 30
    assert out.decode().endswith(f"compiled is {contents['ratio']:,.0f} times as fast\n")


@pytest.mark.parametrize("arguments, message", [
    (["--config", "huge"], f"configuration must be one of {', '.join(ALL_CONFIGS)}, not 'huge'"),
    (["--tokens", "0"], "tokens must be 1 or more, not 0"),
    (["--tokens", "33"], "tokens must be at most the 32 of the context, not 33"),
    (["--stalls", "1"], "stalls must be 0 to below 1, not 1.0"),
])
def test_bad_options_of_verify(refused, write_gguf, arguments, message):
    assert refused("verify", write_gguf(), *arguments) == message
