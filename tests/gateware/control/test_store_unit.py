"""Store unit: addresses of codes of every width, and their scale; of fp32 elements."""

import random

import pytest

from gateware.control.store_unit import StoreUnit
from testing.streams import run_stream_test


def _passes(rng, widths):
    """Passes with codes of some width, or with elements where that is 32."""
    commands, codes, elements, writes = [], [], [], []
    for code_bits in widths:
        if code_bits == 32:
            command = {"base": 4 * rng.getrandbits(26), "stride": rng.choice([4, 4 * rng.getrandbits(20)]),
                       "elements": 1, "code_bits": rng.getrandbits(5)}
            values = [rng.getrandbits(32) for _ in range(rng.choice([1, 2, rng.randint(3, 40)]))]
            last = len(values) - 1
            commands.append(command)
            elements += [{"value": value, "last": i == last} for i, value in enumerate(values)]
            writes += [{"address": command["base"] + i * command["stride"], "data": value, "size": 2, "last": i == last}
                       for i, value in enumerate(values)]
            continue
        command = {"base": rng.getrandbits(28), "stride": rng.choice([2, 2 * rng.getrandbits(14)]),
                   "scale_address": rng.getrandbits(30) * 4, "code_bits": code_bits}
        limit = (1 << code_bits - 1) - 1
        values = [rng.choice([rng.randint(-limit, limit), -limit, limit, 0, -1])
                  for _ in range(rng.choice([1, 2, rng.randint(3, 20)]) * (2 if code_bits == 4 else 1))]
        scale = rng.getrandbits(32)
        commands.append(command)
        codes += [{"code": value, "scale": scale, "last": i == len(values) - 1} for i, value in enumerate(values)]
        if code_bits == 4:
            packed = [low & 15 | (high & 15) << 4 for low, high in zip(values[::2], values[1::2])]
        else:
            packed = [value & (1 << code_bits) - 1 for value in values]
        writes += [{"address": command["base"] + i * command["stride"], "data": element,
                    "size": int(code_bits == 16), "last": 0} for i, element in enumerate(packed)]
        writes.append({"address": command["scale_address"], "data": scale, "size": 2, "last": 1})
    return commands, codes, elements, writes


def test_codes_and_scales_and_elements():
    commands, codes, elements, writes = _passes(random.Random(1), [16, 8, 32, 4, 4, 32, 32, 8, 16, 4, 16, 32, 8, 4])
    run_stream_test(StoreUnit(), inputs={"command": commands, "codes": codes, "elements": elements},
                    outputs={"writes": writes}, seeds=range(6), deadline=8000)


@pytest.mark.parametrize("code_bits", [16, 8, 4])
def test_one_code_per_cycle(code_bits):
    commands, codes = [{"stride": 2, "code_bits": code_bits}], [{"last": n == 99} for n in range(100)]
    run_stream_test(StoreUnit(), inputs={"command": commands, "codes": codes}, stall=0, deadline=105,
                    outputs={"writes": 51 if code_bits == 4 else 101})


def test_one_element_per_cycle():
    commands, elements = [{"stride": 4, "elements": 1}], [{"last": n == 99} for n in range(100)]
    run_stream_test(StoreUnit(), inputs={"command": commands, "elements": elements}, stall=0, deadline=104,
                    outputs={"writes": 100})
