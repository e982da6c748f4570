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


def test_model_too_large(refused, tmp_path):
    out = tmp_path / "report.json"
    assert refused("inspect", "--config", "micro", "--json", out) == (
        f"{demo_model()}: a row of tensor 'blk.0.ffn_down.weight' needs 512 elements of x-buffer, 256 more than "
        "configuration 'micro' has (256)")
    assert not out.exists()


def test_program(inspect):
    report, printed = inspect("--program")
    assert len(report["program"]) == report["instructions"]
    assert report["program"][-1] == {"label": "end", "text": "end"}
    lines = printed.splitlines()[-len(report["program"]):]
    for index, (line, row) in enumerate(zip(lines, report["program"])):
        assert line.split() == [str(index), row["label"], *row["text"].split()]
    assert "program" not in inspect()[0]
