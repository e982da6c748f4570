"""What the comparison of two engines finds, on the golden model and a copy whose memory has a defect."""

from dataclasses import replace

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.engine.model_engine import ModelEngine
from host.engine.trace import Trace
from host.engine.trace_difference import TraceDifference, first_difference
from host.gguf.model import load
from host.image.image import build_image
from host.evaluation.verification import verify_engines


@pytest.fixture
def image(write_gguf):
    return build_image(compile_model(load(write_gguf()), CONFIGS["micro"]))


def engines(image, *, damage=None):
    other = image.memory.copy()
    if damage is not None:
        other[damage] ^= 0x20
    return ModelEngine(image), ModelEngine(replace(image, memory=other))


def test_equal_engines(image):
    results = [(len(result.ids), result.values) for result in verify_engines(*engines(image), 1, 4)]
    assert [ids for ids, _ in results] == [1, 2, 3, 4]
    assert results[0][1] > 1000 and results == sorted(results)
    *_, result = verify_engines(*engines(image), 1, 4)
    assert result.difference is None
    assert len(result.logits_hash) == 16


@pytest.mark.parametrize("region, label", [
    ("token_embd.weight", "token_embd"), ("blk.0.attn_norm.weight", "blk.0.attn_norm"),
    ("blk.0.ffn_down.weight", "blk.0.ffn_down"), ("rope", "rope.cosine"),
])
def test_a_bit_in_memory_shows_at_the_first_instruction_that_reads_it(image, region, label):
    place = image.compiled.placement
    address = place.map.address(region)
    if region in place.rows:
        address += place.rows[region].row_bytes  # the first scale of row 1, and token 1 is what is fed
    else:
        address += 2  # of an fp32, one of the upper bits
    *_, result = verify_engines(*engines(image, damage=address), 1, 4)
    assert len(result.ids) == 1
    assert image.compiled.label(result.difference.instruction) == label
    assert result.difference.expected != result.difference.found


def test_scores_of_a_damaged_cache(image):
    """The K of position 0 is read again for token 2, not for token 1."""
    reference, engine = engines(image)
    reference.step(1)
    engine.step(1)
    engine.image.memory[image.compiled.placement.map.address("blk.0.kv.1.key") + 3] ^= 0x40
    *_, result = verify_engines(reference, engine, 5, 3)
    assert len(result.ids) == 1
    assert image.compiled.label(result.difference.instruction) == "blk.0.kv.1.score"


def test_order_of_differences():
    expected, found = Trace(), Trace()
    for trace in (expected, found):
        trace.scalar(0, 1, np.float32(1))
    expected.store(2, [64], [7])
    found.store(2, [64], [8])
    found.scratchpad(1, 16, np.float32([1.5]))
    assert first_difference(expected, found) == TraceDifference(1, "scratchpad", 16, None, 0x3FC00000)
    expected.scratchpad(1, 16, np.float32([1.5]))
    assert first_difference(expected, found) == TraceDifference(2, "store", 64, 7, 8)
    found.store(2, [64], [7])
    assert first_difference(expected, found) is None


@pytest.mark.parametrize("difference, where, value", [
    (TraceDifference(0, "scratchpad", 16, 0, 0x3FC00000), "scratchpad 16", "0x3fc00000 (1.5)"),
    (TraceDifference(0, "scalar", 3, 0, 0xFF800000), "scalar 3", "0xff800000 (-inf)"),
    (TraceDifference(0, "mantissa", (1, 40), 0, -5), "mantissa 40 of column 1", "-5"),
    (TraceDifference(0, "exponent", (1, 2), 0, -20), "exponent of block 2 of column 1", "-20"),
    (TraceDifference(0, "store", 4096, 0, 255), "DRAM byte 0x1000", "0xff"),
    (TraceDifference(0, "argmax", 0, 3, None), "argmax", "nothing"),
])
def test_words(difference, where, value):
    assert difference.where() == where
    assert difference.value(difference.found) == value
