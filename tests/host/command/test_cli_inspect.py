"""`celosia inspect` against the file and against the memory image."""

import json

import gguf
import pytest

from boards.configs import ALL_CONFIGS
from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.gguf.model import load
from host.image.image import build_image
from host.paths import demo_model
from testing.architectures import NAMES


@pytest.fixture
def inspect(celosia, tmp_path):
    """Function (*arguments) -> (the report that was written, what was printed)."""
    def run(*arguments):
        path = tmp_path / "report.json"
        status, out, err = celosia("inspect", *arguments, "--json", path)
        assert (status, err) == (0, "")
        return json.loads(path.read_text()), out.decode()
    return run


def test_tensors_are_those_of_the_file(inspect):
    report, printed = inspect()
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(demo_model()).tensors}
    assert [row["name"] for row in report["tensors"]] == list(tensors)
    for row in report["tensors"]:
        tensor = tensors[row["name"]]
        assert row["format"] == tensor.tensor_type.name
        assert row["gguf_bytes"] == tensor.n_bytes
        assert row["name"].removesuffix(".weight") in printed
    assert report["gguf_bytes"] == sum(tensor.n_bytes for tensor in tensors.values())
    assert report["parameters"] == sum(tensor.n_elements for tensor in tensors.values())
    assert sum(entry["tensors"] for entry in report["formats"].values()) == len(tensors)


@pytest.mark.parametrize("name, growth", [("Q8_0", 1), ("Q4_0", 1), ("Q6_K", 1), ("F16", 65 / 64)])
def test_packed_bytes(inspect, data_dir, name, growth):
    """Quantised tensors stay as large as they are, 16 bits gain an exponent per 32; padding comes on top."""
    report, _ = inspect(data_dir / "formats" / f"tiny-{name}.gguf")
    matrices = [row for row in report["tensors"] if row["format"] == name]
    assert matrices
    for row in matrices:
        padding = row["packed_bytes"] - row["gguf_bytes"] * growth
        # Scales and codes of a row each begin on a bus word.
        assert 0 <= padding < 2 * CONFIGS["sim"].memory.bus_bytes * row["shape"][0]
        assert row["ratio"] == row["packed_bytes"] / row["gguf_bytes"]


def test_sizes_are_those_of_the_image(inspect, write_gguf):
    path = write_gguf()
    for config in ALL_CONFIGS.values():
        report, printed = inspect(path, "--config", config.name, "--context", 16)
        compiled = compile_model(load(path), config, 16)
        assert report["image_bytes"] == build_image(compiled).memory.size
        assert f"{report['image_bytes']:,} bytes" in printed
        assert report["instructions"] == len(compiled.program)
        # K, and V along positions in vectors of 32: 2 bytes each; two scales of 4 bytes for each position.
        assert report["kv_bytes"] == 2 * (16 * 32 * 2 + 8 * 32 * 2 + 2 * 16 * 4)


def test_bits_of_the_kv_cache(inspect, write_gguf):
    path, sizes = write_gguf(), {}
    for bits in (16, 8, 4):
        report, printed = inspect(path, "--kv", bits, "--context", 32)
        assert report["kv_bits"] == bits and f"{report['kv_bytes']:,} bytes, codes of {bits} bits" in printed
        sizes[bits] = report["kv_bytes"] - 2 * 2 * 32 * 4  # the scales
    assert sizes[16] == 2 * sizes[8] == 4 * sizes[4]


def test_bytes_read_grow_with_the_position(inspect):
    report, printed = inspect()
    entries = report["bytes_read_per_token"]
    assert [entry["position"] for entry in entries] == [0, report["context"] // 2, report["context"] - 1]
    assert entries[0]["bytes"] < entries[1]["bytes"] < entries[2]["bytes"]
    for entry in entries:
        assert f"at position {entry['position']}" in printed
        assert f"{entry['bytes']:,} bytes" in printed
    # Every matrix at least once, and no more than the cache on top of it and of the program.
    weights = report["packed_bytes"]
    assert weights <= entries[0]["bytes"] <= weights + report["program_bytes"] + 65536


def test_what_does_not_fit_is_listed_all_the_same(celosia, tmp_path):
    out = tmp_path / "report.json"
    reason = (f"{demo_model()}: a row of tensor 'blk.0.ffn_down.weight' needs 512 elements of x-buffer, 256 more than "
              "configuration 'micro' has (256)")
    status, printed, err = celosia("inspect", "--config", "micro", "--json", out)
    report, lines = json.loads(out.read_text()), printed.decode().splitlines()
    assert (status, err) == (0, "")
    assert report["refusal"] == reason and "image_bytes" not in report and len(report["tensors"]) == 20
    assert {name: context for name, context in report["room"].items()} == {
        name: 256 for name in ALL_CONFIGS if name != "micro"}
    assert lines[-2] == f"Does not fit: {reason}"
    assert lines[-1].startswith("There is room on the configurations 'sim' (256 positions), 'sim-narrow' (256")
    assert "blk.1.ffn_down" in printed.decode()


def test_a_context_that_was_asked_for_is_refused(celosia, tmp_path):
    out = tmp_path / "report.json"
    status, printed, err = celosia("inspect", "--context", 257, "--json", out)
    assert (status, err) == (2, f"celosia: {demo_model()}: context must be 1 to 256, not 257\n")
    assert "blk.1.ffn_down" in printed.decode() and not out.exists()


def test_a_shorter_context_is_told(celosia, write_gguf):
    status, printed, err = celosia("inspect", write_gguf({"llama.context_length": 4096}))
    assert status == 0 and "with a context of 2048 positions" in printed.decode()
    assert err == ("celosia: context is 2048 of the 4096 positions that the model was trained for: configuration 'sim' "
                   "has no room for more; 'ecpix5' has for 4096\n")


def test_a_file_of_another_architecture_is_listed(celosia, write_gguf):
    path = write_gguf(architecture="mamba")
    status, printed, err = celosia("inspect", path)
    assert (status, err) == (2, f"celosia: {path}: architecture must be one of {NAMES}, not 'mamba'\n")
    rows = [line.split() for line in printed.decode().splitlines()]
    assert rows[0] == [f"{path}:", "mamba,", "11", "tensors"]
    assert ["token_embd", "272", "x", "32", "Q8_0", "9,248"] in rows
    assert ["blk.0.ffn_norm", "32", "F32", "128"] in rows


@pytest.mark.parametrize("width, packing", [(80, False), (120, True)])
def test_names_are_whole_on_a_narrow_terminal(celosia, monkeypatch, width, packing):
    monkeypatch.setattr("host.console.stdout_console._WIDTH", width)
    status, printed, _ = celosia("inspect")
    lines = printed.decode().splitlines()
    names = [tensor.name.removesuffix(".weight") for tensor in gguf.GGUFReader(demo_model()).tensors]
    assert status == 0 and {*names} <= {line.split()[0] for line in lines if line.split()}
    assert ("Packed as" in printed.decode()) == packing
    assert max(map(len, lines[2:4 + len(names)])) <= width


def test_program(inspect):
    report, printed = inspect("--program")
    assert len(report["program"]) == report["instructions"]
    assert report["program"][-1] == {"label": "end", "text": "end"}
    lines = printed.splitlines()[-len(report["program"]):]
    for index, (line, row) in enumerate(zip(lines, report["program"])):
        assert line.split() == [str(index), row["label"], *row["text"].split()]
    assert "program" not in inspect()[0]


def test_sizes_of_fused_tensors_and_of_tables_are_those_of_their_parts(inspect, architectures_dir):
    """192 rows of 64 elements in 2 bytes, each with 4 bytes of powers; 128 positions of 64 elements in 4 bytes."""
    report, _printed = inspect(architectures_dir / "gpt2.gguf")
    packed = {row["name"]: row["packed_bytes"] for row in report["tensors"]}
    assert packed["blk.0.attn_qkv.weight"] == 192 * (4 + 128)
    assert packed["blk.0.attn_qkv.bias"] == 192 * 4
    assert packed["position_embd.weight"] == 128 * 64 * 4
