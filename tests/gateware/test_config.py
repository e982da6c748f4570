"""Validation of the parameters, and what an image depends on."""

from dataclasses import replace
from enum import IntEnum
from itertools import combinations

import pytest

from boards.configs import ALL_CONFIGS
from gateware.config import CONFIGS, Config
from gateware.isa import FIELDS, Field, Reduce
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.memory_shape import MemoryShape
from gateware.shapes.vector_shape import VectorShape


@pytest.mark.parametrize("name", ALL_CONFIGS)
def test_named_configurations_are_known_by_their_name(name):
    assert ALL_CONFIGS[name].name == name


@pytest.mark.parametrize(("shape", "parameters", "message"), [
    (DotShape, {"lanes": 12}, "DotShape: lanes must be 4, 8, 16, 32 or 64, not 12"),
    (DotShape, {"columns": 0}, "DotShape: columns must be 1..8, not 0"),
    (DotShape, {"slots": 17}, "DotShape: slots must be 1..16, not 17"),
    (DotShape, {"columns": 4, "slots": 16}, "DotShape: slots must be at most 8 with 4 columns, not 16"),
    (DotShape, {"x_elements": 32768}, "DotShape: x_elements must be at most 16384, not 32768"),
    (DotShape, {"x_elements": 300}, "DotShape: x_elements must be a power of two of at least 256, not 300"),
    (DotShape, {"scale_bytes": 32}, "DotShape: scale_bytes must be a power of two of at least 64, not 32"),
    (DotShape, {"array": "adders"}, "DotShape: array must be multipliers or digits, not 'adders'"),
    (DotShape, {"decoders": ("trits", "trits")},
     "DotShape: decoders must be different ones of sub_scales, minimums, tables, trits, not ('trits', 'trits')"),
    (DotShape, {"decoders": ("planes",)},
     "DotShape: decoders must be different ones of sub_scales, minimums, tables, trits, not ('planes',)"),
    (VectorShape, {"lanes": 1}, "VectorShape: lanes must be 2, 4, 8 or 16, not 1"),
    (VectorShape, {"scratchpad": 1000}, "VectorShape: scratchpad must be a power of two of at least 64, not 1000"),
    (VectorShape, {"scratchpad": 1 << 21}, "VectorShape: scratchpad must be at most 1048576, not 2097152"),
    (MemoryShape, {"bus_bits": 48}, "MemoryShape: bus_bits must be 32, 64, 128 or 256, not 48"),
    (MemoryShape, {"prefetch_beats": 8}, "MemoryShape: prefetch_beats must be a power of two of at least 16, not 8"),
    (MemoryShape, {"queue": 1}, "MemoryShape: queue must be 2..64, not 1"),
])
def test_impossible_parameters_are_named(shape, parameters, message):
    with pytest.raises(ValueError) as error:
        shape(**parameters)
    assert str(error.value) == message


@pytest.mark.parametrize(("shapes", "message"), [
    ({"dot": DotShape(lanes=64), "memory": MemoryShape(bus_bits=32)},
     "Config 'x': lanes must be at most bus_bits (32), not 64"),
    ({"dot": DotShape(lanes=4), "vector": VectorShape(lanes=8)},
     "Config 'x': vector_lanes must be at most lanes (4), not 8"),
])
def test_shapes_that_do_not_fit_each_other_are_named(shapes, message):
    with pytest.raises(ValueError) as error:
        Config(name="x", **shapes)
    assert str(error.value) == message


def test_a_changed_configuration_differs_in_what_was_named():
    changed = CONFIGS["micro"].changed(name="other", dot={"slots": 4}, memory={"queue": 2})
    assert changed == Config(name="other", dot=DotShape(lanes=4, slots=4, x_elements=256),
                             vector=VectorShape(lanes=2, scratchpad=1024),
                             memory=MemoryShape(bus_bits=64, prefetch_beats=32, queue=2))


@pytest.mark.parametrize("changes", [
    {"name": "other"}, {"memory": {"prefetch_beats": 1024}}, {"memory": {"queue": 32}}, {"dot": {"lanes": 16}},
    {"dot": {"array": "digits"}}, {"dot": {"columns": 1, "slots": 4}},
    {"dot": {"decoders": ("trits", "tables", "minimums", "sub_scales")}},
], ids=str)
def test_what_no_image_depends_on_keeps_its_key(changes):
    config = CONFIGS["sim-columns"]
    assert config.changed(**changes).image_key == config.image_key


@pytest.mark.parametrize("changes", [
    {"memory": {"bus_bits": 128}}, {"vector": {"lanes": 4}}, {"vector": {"scratchpad": 8192}},
    {"dot": {"slots": 4}}, {"dot": {"columns": 4}}, {"dot": {"x_elements": 4096}}, {"dot": {"scale_bytes": 1024}},
    {"dot": {"decoders": ("trits",)}},
], ids=str)
def test_what_the_compiler_reads_changes_the_key(changes):
    config = CONFIGS["sim-columns"]
    assert config.changed(**changes).image_key != config.image_key


@pytest.mark.parametrize("change", [
    lambda fields: [*fields, Field("colour", 1, "common", "")],
    lambda fields: [replace(fields[0], bits=3), *fields[1:]],
    lambda fields: [fields[1], fields[0], *fields[2:]],
    lambda fields: [replace(item, kind=IntEnum("Reduce", {"NONE": 1})) if item.kind is Reduce else item
                    for item in fields],
], ids=["a field more", "a wider field", "another order", "another value"])
def test_another_instruction_word_changes_every_key(change, monkeypatch):
    config = CONFIGS["sim"]
    key = config.image_key
    monkeypatch.setattr("gateware.config.FIELDS", tuple(change(list(FIELDS))))
    assert config.image_key != key


def test_the_key_tells_the_named_configurations_apart():
    assert all(a.image_key != b.image_key for a, b in combinations(ALL_CONFIGS.values(), 2))
