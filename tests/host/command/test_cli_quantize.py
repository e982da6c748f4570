"""`celosia quantize`."""

import json

import pytest

from host.gguf.model import load
from host.gguf.requantisation import FILE_TYPES


def test_command(celosia, write_gguf, tmp_path):
    source, target, report = write_gguf(ggml_type="F32"), tmp_path / "small.gguf", tmp_path / "report.json"
    status, out, err = celosia("quantize", source, target, "--type", "q4_0", "--output-type", "Q8_0",
                               "--json", report)
    assert (status, err) == (0, "")
    contents = json.loads(report.read_text())
    tensors = {row["name"]: row for row in contents["tensors"]}
    for name, tensor in load(target).tensors.items():
        vector = name.endswith("norm.weight")
        assert tensor.ggml_type == tensors[name]["target"] == (
            "Q8_0" if name == "token_embd.weight" else "F32" if vector else "Q4_0")
        assert tensor.raw.nbytes == tensors[name]["target_bytes"]
        assert (tensors[name]["rel_rms"] == 0) == vector
    before, after = (sum(row[key] for row in contents["tensors"]) for key in ("source_bytes", "target_bytes"))
    worst = max(contents["tensors"], key=lambda row: row["rel_rms"])
    assert out.decode() == (
        f"{target}: 1 tensor from F32 to Q8_0, 3 tensors kept in F32, 7 tensors from F32 to Q4_0\n"
        f"tensors {before:,} -> {after:,} bytes ({after / before:.3f})\n"
        f"rel-rms at worst {worst['rel_rms']:.3g} ({worst['name']})\n")
    assert 0.05 < worst["rel_rms"] < 0.15


def test_generate_from_the_copy(celosia, write_gguf, tmp_path):
    """A requantised file is a model like any other."""
    target = tmp_path / "small.gguf"
    celosia("quantize", write_gguf(), target, "--type", "Q4_0")
    assert celosia("generate", target, "--engine", "model", "--tokens", 2)[0] == 0


def test_refused(refused, write_gguf, tmp_path):
    source, folder = write_gguf(), tmp_path / "out"
    folder.mkdir()
    target = folder / "small.gguf"
    target.write_bytes(b"old")
    assert refused("quantize", source, target, "--type", "Q4_K") == (
        f"format must be one of {', '.join(FILE_TYPES)}, not 'Q4_K', which Celosia does not write; "
        f"llama.cpp's llama-quantize does")
    line = refused("quantize", source, target, "--type", "TQ2_0", "--output-type", "F16")
    assert line.startswith(f"{source}: tensor 'blk.0.attn_q.weight': ")
    assert "--type" in refused("quantize", source, target)
    assert refused("quantize", source, source, "--type", "F16") == (
        f"cannot write {source}: it is the file to read")
    assert refused("quantize", folder / "absent.gguf", target, "--type", "F16") == (
        f"{folder}/absent.gguf: No such file or directory")
    assert refused("quantize", source, folder / "absent" / "x.gguf", "--type", "F16") == (
        f"cannot write {folder}/absent/x.gguf: No such file or directory")
    assert target.read_bytes() == b"old" and list(folder.iterdir()) == [target]


@pytest.mark.parametrize("where", ["report", "target"])
def test_nothing_is_left_behind(refused, write_gguf, micro_tensors, tmp_path, where):
    """A weight that the format cannot hold is found while writing."""
    values = micro_tensors("F32")["blk.0.ffn_down.weight"][0] * 1e6
    source = write_gguf(tensors={"blk.0.ffn_down.weight": (values, "F32")}, ggml_type="F32")
    folder = tmp_path / "out"
    folder.mkdir()
    arguments = ["--json", folder / "report.json"] if where == "report" else []
    line = refused("quantize", source, folder / "small.gguf", "--type", "F16", *arguments)
    assert line.endswith("is beyond what F16 can hold")
    assert not list(folder.iterdir())
