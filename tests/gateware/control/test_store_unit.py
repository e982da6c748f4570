"""Store unit: addresses of the codes, and their scale."""

import random

import numpy as np

from gateware.control.store_unit import StoreUnit
from gateware.vector.vector_pass import scale_bits
from sim.streams import run_stream_test


def _passes(rng, exponents):
    commands, codes, writes = [], [], []
    for exponent in exponents:
        command = {"base": rng.getrandbits(28), "stride": rng.choice([2, 2 * rng.getrandbits(14)]),
                   "scale_address": rng.getrandbits(30) * 4}
        values = [rng.randint(-32768, 32767) for _ in range(rng.choice([1, 2, rng.randint(3, 20)]))]
        commands.append(command)
        for i, value in enumerate(values):
            codes.append({"code": value, "exponent": exponent, "last": i == len(values) - 1})
            writes.append({"address": command["base"] + i * command["stride"], "data": value & 0xffff,
                           "wide": 0, "last": 0})
        writes.append({"address": command["scale_address"], "data": scale_bits(exponent),
                       "wide": 1, "last": 1})
    return commands, codes, writes


def test_codes_and_scales():
    exponents = [-143, -142, -127, -126, -125, -14, -1, 0, 1, 113]
    commands, codes, writes = _passes(random.Random(1), exponents)
    scales = [write["data"] for write in writes if write["wide"]]
    with np.errstate(under="ignore"):
        ideal = np.ldexp(1.0, np.array(exponents)).astype(np.float32)
    ideal[np.array(exponents) < -126] = 0
    assert np.array(scales, np.uint32).view(np.float32).tolist() == ideal.tolist()
    run_stream_test(StoreUnit(), inputs={"command": commands, "codes": codes}, outputs={"writes": writes},
                    seeds=range(6), deadline=8000)


def test_one_code_per_cycle():
    commands, codes, writes = [{"stride": 2}], [{"last": n == 99} for n in range(100)], 101
    run_stream_test(StoreUnit(), inputs={"command": commands, "codes": codes}, outputs={"writes": writes},
                    stall=0, deadline=105)
