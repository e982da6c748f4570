"""Validation of the parameters."""

import dataclasses

import pytest

from gateware.config import CONFIGS, Config


@pytest.mark.parametrize("name", CONFIGS)
def test_named_configurations_are_known_by_their_name(name):
    assert CONFIGS[name].name == name


@pytest.mark.parametrize(("parameters", "message"), [
    ({"lanes": 12}, "Config 'x': lanes must be 4, 8, 16, 32 or 64, not 12"),
    ({"lanes": 64, "bus_bits": 32}, "Config 'x': lanes must be at most bus_bits (32), not 64"),
    ({"columns": 0}, "Config 'x': columns must be 1..8, not 0"),
    ({"slots": 17}, "Config 'x': slots must be 1..16, not 17"),
    ({"columns": 4, "slots": 16}, "Config 'x': slots must be at most 8 with 4 columns, not 16"),
    ({"bus_bits": 48}, "Config 'x': bus_bits must be 32, 64, 128 or 256, not 48"),
    ({"vector_lanes": 1}, "Config 'x': vector_lanes must be 2, 4, 8 or 16, not 1"),
    ({"lanes": 4, "vector_lanes": 8}, "Config 'x': vector_lanes must be at most lanes (4), not 8"),
    ({"scratchpad": 1000}, "Config 'x': scratchpad must be a power of two of at least 64, not 1000"),
    ({"x_elements": 32768}, "Config 'x': x_elements must be at most 16384, not 32768"),
    ({"queue": 1}, "Config 'x': queue must be 2..64, not 1"),
    ({"decoders": ("trits", "trits")}, "Config 'x': decoders must be different ones of sub_scales, minimums, tables, "
                                       "trits, not ('trits', 'trits')"),
    ({"array": "adders"}, "Config 'x': array must be multipliers or digits, not 'adders'"),
    ({"decoders": ("planes",)}, "Config 'x': decoders must be different ones of sub_scales, minimums, tables, trits, "
                                "not ('planes',)"),
])
def test_impossible_parameters_are_named(parameters, message):
    with pytest.raises(ValueError) as error:
        Config(name="x", **parameters)
    assert str(error.value) == message


def test_the_hash_tells_parameters_but_not_names_apart():
    config = CONFIGS["sim"]
    assert dataclasses.replace(config, name="other").hash == config.hash
    assert dataclasses.replace(config, lanes=16).hash != config.hash
