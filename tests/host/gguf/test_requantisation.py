"""Requantised files: every byte that does not change, and errors that the formats allow."""

import io

import gguf
import numpy as np
import pytest

from host.errors import CelosiaError
from host.gguf.codecs import QUANTISABLE
from host.gguf.file import GGUFFile
from host.gguf.model import load
from host.paths import demo_model
from host.gguf.requantisation import FILE_TYPES, Requantisation
from host.gguf.tensor_type import TENSOR_TYPES

HALF_STEP = {"Q8_0": 1 / 254, "Q5_1": 1 / 31, "Q5_0": 1 / 16, "Q4_1": 1 / 15, "Q4_0": 1 / 8}
"""Half a step of a block format, relative to the largest magnitude of its block of 32 uniform numbers."""


def write(path, target, **options):
    """(bytes of the copy, changes by tensor name)."""
    work, file = Requantisation(path, target, **options), io.BytesIO()
    work.write(file)
    return file.getvalue(), {change.name: change for change in work.changes}


def test_the_table_names_what_the_package_can():
    """Where the package learns a format, the table must too; Celosia has codecs of its own besides."""
    able = set()
    for kind in gguf.GGMLQuantizationType:
        try:
            gguf.quants.quantize(np.ones((1, 256), np.float32), kind)
            able.add(kind.name)
        except NotImplementedError:
            pass
    assert able | {"NVFP4", "Q2_0", "Q1_0"} == set(FILE_TYPES) == set(QUANTISABLE)


def test_the_same_format_gives_the_same_file():
    data, _ = write(demo_model(), "Q8_0")
    assert data == demo_model().read_bytes()


@pytest.mark.parametrize("kind", [kind for kind in FILE_TYPES if 32 % TENSOR_TYPES[kind].block == 0])
def test_formats(write_gguf, tmp_path, kind):
    """The float32 model in every format whose blocks divide rows of 32, as the package quantises it."""
    path = write_gguf({"general.file_type": 0, "general.name": "micro", "general.tags": ["a", ""]},
                      ggml_type="F32")
    data, changes = write(path, kind)
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(data)
    before, after = load(path), load(copy)
    assert list(before.tensors) == list(after.tensors) == list(changes)
    for name, tensor in before.tensors.items():
        vector = name.endswith("norm.weight")
        assert after.tensors[name].ggml_type == changes[name].target == ("F32" if vector else kind)
        values = tensor.dequantise()
        wanted = gguf.quants.quantize(values, gguf.GGMLQuantizationType["F32" if vector else kind])
        assert after.tensors[name].raw.tobytes() == wanted.tobytes()
        found = after.tensors[name].dequantise()
        rel_rms = np.linalg.norm(found - values) / np.linalg.norm(values)
        assert changes[name].rel_rms == pytest.approx(rel_rms, rel=1e-4)
        assert changes[name].source_bytes == values.nbytes
        assert changes[name].target_bytes == after.tensors[name].raw.nbytes
        if kind in HALF_STEP and not vector:
            largest = abs(values).reshape(-1, 32).max(axis=1).repeat(32)
            # fp16 scales move a value by another 2**-11 of the largest.
            assert (abs(found - values).reshape(-1) <= (HALF_STEP[kind] + 2 / 2048) * largest).all()
    expected = dict(before.metadata, **{"general.file_type": int(FILE_TYPES[kind]),
                                        "general.quantization_version": gguf.GGML_QUANT_VERSION})
    assert list(after.metadata) == list(expected)
    for key in set(expected) - {"GGUF.version", "GGUF.tensor_count", "GGUF.kv_count"}:
        np.testing.assert_array_equal(after.metadata[key], expected[key])


@pytest.mark.parametrize("kind, number, file_type", [
    ("TQ1_0", 34, 36), ("TQ2_0", 35, 37), ("Q2_0", 42, 41), ("Q1_0", 41, 40)])
def test_one_magnitude(tmp_path, kind, number, file_type):
    """The demo model has rows that blocks of 256 divide: all weights of a block but zeros must have one magnitude."""
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(write(demo_model(), kind)[0])
    tensor = load(copy).tensors["blk.0.attn_q.weight"]
    assert tensor.ggml_type == kind
    values = tensor.dequantise().reshape(-1, tensor.block)
    assert all(len(np.unique(abs(block[block != 0]))) == 1 for block in values)
    assert (values == 0).any() == (kind != "Q1_0")
    file = GGUFFile(copy)
    assert (file.tensors["blk.0.attn_q.weight"].type_code, file.metadata["general.file_type"]) == (number, file_type)


def test_nvfp4(tmp_path):
    """At most a sixth off, for between 4 and 6 there is no number; scales have four bits, down to 2**-9."""
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(write(demo_model(), "NVFP4")[0])
    before, after = (load(path).tensors["blk.0.attn_q.weight"].dequantise().reshape(-1, 16)
                     for path in (demo_model(), copy))
    assert (abs(after - before).max(axis=1) <= abs(before).max(axis=1) / 6 * 1.07 + 6 * 2**-10).all()


def test_output_has_a_format_of_its_own(write_gguf):
    _, changes = write(write_gguf(ggml_type="F32"), "Q4_0", output="Q8_0")
    assert {name for name, change in changes.items() if change.target == "Q8_0"} == {"token_embd.weight"}
    assert changes["blk.0.attn_q.weight"].target == "Q4_0"


def test_fallback(data_dir, tmp_path):
    path = data_dir / "stories260K" / "stories260K.gguf"
    reason = (f"{path}: tensor 'blk.0.ffn_down.weight': the row length must be a multiple of the {{}} block "
              f"of 32, not 172")
    with pytest.raises(CelosiaError) as raised:
        write(path, "Q8_0")
    assert str(raised.value) == reason.format("Q8_0") + "; --fallback F16 would keep such tensors in F16"
    with pytest.raises(CelosiaError) as raised:
        write(path, "Q8_0", fallback="Q4_0")
    assert str(raised.value) == reason.format("Q4_0")
    _, changes = write(path, "Q8_0", fallback="F16")
    for name, change in changes.items():
        assert change.target == ("F32" if "norm" in name else "F16" if "ffn_down" in name else "Q8_0")


def test_every_format_can_be_read(data_dir, tmp_path):
    """A K-quant mix of llama.cpp as the source."""
    path, copy = data_dir / "formats" / "tiny-Q4_K_M.gguf", tmp_path / "copy.gguf"
    data, changes = write(path, "Q8_0")
    copy.write_bytes(data)
    before, after = load(path), load(copy)
    for name, tensor in before.tensors.items():
        values = tensor.dequantise()
        assert np.linalg.norm(after.tensors[name].dequantise() - values) < 0.01 * np.linalg.norm(values)
    assert {change.source for change in changes.values()} == {"F32", "Q4_K", "Q6_K"}


def test_rope_factors_and_alignment_are_kept(write_gguf, tmp_path):
    """A tensor that is no weight is copied; tensors begin where the file's own alignment says."""
    reader = gguf.GGUFReader(write_gguf({"quantize.imatrix.file": "x"}, {
        "rope_freqs.weight": (np.array([1, 2, 4, 8], np.float32), "F32")}, ggml_type="F32"))
    path, copy = tmp_path / "aligned.gguf", tmp_path / "copy.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_custom_alignment(256)
    for field in reader.fields.values():
        if not field.name.startswith(("GGUF.", "general.")):
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=field.types[-1])
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    copy.write_bytes(write(path, "Q8_0")[0])
    file = GGUFFile(copy)
    assert {info.offset % 256 for info in file.tensors.values()} == {0}
    assert file.metadata["general.alignment"] == 256 and "quantize.imatrix.file" not in file.metadata
    np.testing.assert_array_equal(load(copy).hyperparameters.ropes["rope"].factors, [1, 2, 4, 8])


@pytest.mark.parametrize("kind, weight", [("F16", 1e5), ("Q8_0", 1e8)])
def test_a_weight_beyond_the_format_is_refused(write_gguf, micro_tensors, kind, weight):
    values = np.array(micro_tensors("F32")["blk.0.ffn_up.weight"][0])
    values[3, 5] = weight
    path = write_gguf(tensors={"blk.0.ffn_up.weight": (values, "F32")}, ggml_type="F32")
    with pytest.raises(CelosiaError) as raised:
        write(path, kind)
    assert str(raised.value).startswith(f"{path}: tensor 'blk.0.ffn_up.weight': weight ")
    assert str(raised.value).endswith(f"beyond what {kind} can hold")


@pytest.mark.parametrize("kind, message", [
    ("Q4_K", ", not 'Q4_K', which Celosia does not write; llama.cpp's llama-quantize does"),
    ("Q9", ", not 'Q9'"),
])
def test_formats_that_are_refused(kind, message):
    for options in ({}, {"output": kind}, {"fallback": kind}):
        with pytest.raises(CelosiaError) as raised:
            Requantisation(demo_model(), "Q8_0" if options else kind, **options)
        assert str(raised.value) == f"format must be one of {', '.join(FILE_TYPES)}{message}"
