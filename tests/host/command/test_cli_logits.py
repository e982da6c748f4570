"""`celosia logits` on the engines that need no simulation."""

import numpy as np
import pytest

from boards.configs import ALL_CONFIGS
from host.engine import FloatEngine
from host.gguf.model import load

IDS = "1,100,7,7,271"


@pytest.mark.parametrize("name", ["F16", "BF16", "Q8_0", "Q4_0", "Q6_K"])
def test_model_is_close_to_the_ideal(celosia, data_dir, tmp_path, name):
    """The shared reference: float64 on what llama.cpp's quantisation left of the weights."""
    reference = np.load(data_dir / "formats" / "tiny-logits.npz")
    out = tmp_path / "logits.npy"
    ids = ",".join(map(str, reference["tokens"]))
    path = data_dir / "formats" / f"tiny-{name}.gguf"
    status, text, err = celosia("logits", path, "--ids", ids, "--engine", "model", "--out", out)
    assert (status, text, err) == (0, b"", "")
    logits, ideal = np.load(out), reference[f"{name}/ideal"]
    assert logits.dtype == np.float32 and logits.shape == ideal.shape
    assert np.linalg.norm(logits - ideal) < 2e-4 * np.linalg.norm(ideal)


def test_float_engine(celosia, write_gguf, tmp_path):
    path, out = write_gguf(), tmp_path / "logits.npy"
    assert celosia("logits", path, "--ids", IDS, "--engine", "float", "--out", out)[0] == 0
    ideal = FloatEngine(load(path)).logits([int(id) for id in IDS.split(",")])
    assert np.array_equal(np.load(out), ideal.astype(np.float32))


def test_every_configuration_gives_the_same_bits(celosia, write_gguf, tmp_path):
    path, bits = write_gguf(), set()
    for name in ALL_CONFIGS:
        out = tmp_path / f"{name}.npy"
        assert celosia("logits", path, "--ids", IDS, "--config", name, "--out", out)[0] == 0
        bits.add(np.load(out).tobytes())
    assert len(bits) == 1


@pytest.mark.parametrize("ids, message", [
    ("1,,2", "ids must be numbers with commas between them, not '1,,2'"),
    ("", "ids must be numbers with commas between them, not ''"),
    ("1,-2", "ids must be numbers with commas between them, not '1,-2'"),
    ("1,272", "ids must be below the vocabulary's 272, not 272"),
    (",".join(["1"] * 33), "ids must be at most the 32 tokens of the context, not 33"),
])
def test_bad_ids(refused, write_gguf, tmp_path, ids, message):
    out = tmp_path / "out" / "logits.npy"
    out.parent.mkdir()
    assert refused("logits", write_gguf(), "--ids", ids, "--out", out) == message
    assert not list(out.parent.iterdir())


def test_missing_arguments(refused, write_gguf):
    assert "MODEL" in refused("logits")
    assert "--ids" in refused("logits", write_gguf())
