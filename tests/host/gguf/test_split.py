"""Models that were split into several files."""

import shutil
import struct

import numpy as np
import pytest

from host.errors import CelosiaError
from host.gguf.file import GGUFFile
from host.gguf.model import load
from host.gguf.requantisation import Requantisation

HALF = 5


@pytest.fixture
def split(write_gguf, micro_tensors, tmp_path):
    """Function that writes the micro model in two parts and returns their paths; ``keys`` are changes to both's."""
    def write(*changes, move=()):
        names = list(micro_tensors())
        paths = []
        for part, kept in enumerate((names[:HALF], names[HALF:])):
            keys = {"split.no": part, "split.count": 2, "split.tensors.count": len(names)}
            keys |= changes[part] if part < len(changes) else {}
            absent = dict.fromkeys(set(names) - set(kept) - set(move))
            path = tmp_path / f"micro-0000{part + 1}-of-00002.gguf"
            shutil.move(write_gguf(keys, absent), path)
            paths.append(path)
        return paths
    return write


def message(path):
    with pytest.raises(CelosiaError) as caught:
        load(path)
    text = str(caught.value)
    assert "\n" not in text
    return text.replace(f"{path.parent}/", "")


def test_any_part_stands_for_the_whole(split, write_gguf, micro_tensors):
    whole = load(write_gguf(name="whole.gguf"))
    for path in split():
        model = load(path)
        assert list(model.tensors) == list(micro_tensors())
        for name, tensor in model.tensors.items():
            np.testing.assert_array_equal(tensor.raw, whole.tensors[name].raw)
    assert [part.path.name for part in GGUFFile(path).parts] == [
        "micro-00001-of-00002.gguf", "micro-00002-of-00002.gguf"]


def test_keys_are_those_of_the_first_part(split):
    first, second = split({}, {"tokenizer.ggml.tokens": None, "llama.block_count": 7})
    assert load(second).hyperparameters.layers == 1
    assert load(second).hyperparameters == load(first).hyperparameters


@pytest.mark.parametrize("gone, other", [(0, 1), (1, 0)])
def test_missing_part(split, gone, other):
    paths = split()
    paths[gone].unlink()
    assert message(paths[other]) == (
        f"{paths[other].name}: part {gone + 1} of 2 is missing: micro-0000{gone + 1}-of-00002.gguf")


@pytest.mark.parametrize("name", [
    "micro.gguf", "micro-00002-of-00002.gguf", "micro-00001-of-00003.gguf", "micro-1-of-2.gguf"])
def test_name_that_leads_nowhere(split, tmp_path, name):
    first, second = split()
    second.unlink()
    path = tmp_path / name
    first.rename(path)
    assert message(path) == (f"{name}: part 1 of 2 must be named NAME-00001-of-00002.gguf, or the other parts cannot "
                             f"be found")


@pytest.mark.parametrize("changes, text", [
    ({"split.no": 0}, "must be 1 and 2, not 0 and 2"),
    ({"split.count": 3}, "must be 1 and 2, not 1 and 3"),
    ({"split.no": None, "split.count": None}, "must be 1 and 2, not 0 and 1"),
    ({"split.no": "one"}, "must be a part's number and the number of parts, not 'one' and 2"),
    ({"split.no": 2}, "must be a part's number and the number of parts, not 2 and 2"),
])
def test_part_of_something_else(split, changes, text):
    first, second = split({}, changes)
    assert message(first) == f"{second.name}: metadata keys 'split.no' and 'split.count' {text}"


def test_tensor_in_two_parts(split):
    first, second = split(move=["output_norm.weight"])
    assert message(second) == f"{second.name}: tensor 'output_norm.weight' is in {first.name} too"


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("total, found", [(0, "0"), (12, "12"), ("many", "'many'"), ([11, 11], "a list of 2")])
def test_wrong_number_of_tensors(split, part, total, found):
    paths = split(*({"split.tensors.count": total} if index == part else {} for index in range(2)))
    assert message(paths[1 - part]) == (f"{paths[part].name}: metadata key 'split.tensors.count' must be the 11 "
                                        f"tensors of all parts, not {found}")


def test_damage_is_told_of_its_part(split):
    first, second = split()
    size = second.stat().st_size
    second.write_bytes(second.read_bytes()[:-100])
    assert message(first) == (f"{second.name}: tensor 'output_norm.weight' is truncated: it ends at byte {size}, the "
                              f"file has {size - 100}")
    second.write_bytes(b"GGUF" + struct.pack("<I", 3))
    assert message(first) == f"{second.name}: truncated: its header reaches byte 24, the file has 8"


def test_split_of_one(write_gguf):
    assert load(write_gguf({"split.no": 0, "split.count": 1, "split.tensors.count": 11})).tensors
    assert load(write_gguf({"split.count": 0})).tensors


def test_requantised_into_one_file(split, write_gguf, tmp_path):
    first, second = split()
    copies = []
    for name, path in (("of_split", second), ("of_whole", write_gguf(name="whole.gguf"))):
        copies.append(tmp_path / f"{name}.gguf")
        with open(copies[-1], "wb") as file:
            Requantisation(path, "Q4_0").write(file)
    assert copies[0].read_bytes() == copies[1].read_bytes()
