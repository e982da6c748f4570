"""The model on a card: with a file system, and without."""

import zlib

import numpy as np
import pytest

from testing.card_reader import CardReader
from testing.fat_image import fat_image

MAGIC, SCRATCH = 0x4C454331, (1 << 20) - 512


def model_bytes(size, seed=1):
    """Bytes that begin with the magic."""
    rng = np.random.default_rng(seed)
    return MAGIC.to_bytes(4, "little") + rng.integers(0, 256, size - 4, np.uint8).tobytes()


def check(content, expected, *, chunk=4096, size=None):
    """Open and load a card, in chunks, to an address in DRAM."""
    reader = CardReader(content, access_clocks=20)
    try:
        found = reader.open(MAGIC, SCRATCH)
        assert found == (len(expected) if size is None else size)
        reader.begin_sum()
        for offset in range(0, len(expected), chunk):
            assert reader.load(offset, min(chunk, len(expected) - offset), 64 + offset) is None
        assert reader.sum() == zlib.crc32(expected)
        assert reader.dram[64:64 + len(expected)].tobytes() == expected
        return reader
    finally:
        reader.close()


@pytest.mark.parametrize("options", [
    {"bits": 32}, {"bits": 32, "scattered": True}, {"bits": 32, "partition": False},
    {"bits": 16, "cluster_blocks": 4}, {"bits": 16, "cluster_blocks": 8, "scattered": True, "partition": False},
], ids=lambda options: "-".join(f"{key}={value}" for key, value in options.items()))
def test_the_first_model_of_the_root_folder(options):
    model = model_bytes(20_480)
    files = [("README.TXT", b"nothing"), ("MODELS.CEL/", b""), (".HIDDEN~1.CEL", model_bytes(600, 2)), ("CEL", b"1"),
             ("MODEL~1.CEL", model), ("OTHER.CEL", model_bytes(900, 3))]
    check(fat_image(files, **options), model)


def test_a_card_without_a_file_system():
    model = model_bytes(9 * 512)
    content = np.zeros(1 << 16, np.uint8)
    content[:len(model)] = np.frombuffer(model, np.uint8)
    check(content, model, size=0xFFFFFFFF)


@pytest.mark.parametrize("content, message", [
    (np.zeros(1 << 16, np.uint8), "there is neither a model nor a FAT file system on the card"),
    (fat_image([("README.TXT", b"nothing"), ("MODEL.CEM", b"1"), ("CEL", b"1")], bits=16),
     "there is no file *.celosia on the card"),
])
def test_what_is_missing_is_said(content, message):
    reader = CardReader(content)
    assert reader.open(MAGIC, SCRATCH) == message
    reader.close()


def test_what_is_wrong_while_it_is_read():
    model = model_bytes(20_480)
    content = fat_image([("MODEL.CEL", model)], bits=16)
    reader = CardReader(content, haste=50)
    assert reader.open(MAGIC, SCRATCH) == len(model)
    assert reader.load(len(model) - 512, 1024, 0) == "the file on the card is too short"
    reader.card.present = False
    assert reader.load(0, 4096, 0) == "a response of the card is damaged or missing"
    assert reader.open(MAGIC, SCRATCH) == "no card answers"
    reader.card.present = True
    assert reader.open(MAGIC, SCRATCH) == len(model)
    assert reader.load(0, 4096, 0) is None
    reader.close()


def test_a_damaged_table_is_said():
    """A chain of clusters that leads nowhere."""
    model = model_bytes(20_480)
    content = fat_image([("MODEL.CEL", model)], bits=16, partition=False)
    reader = CardReader(content)
    assert reader.open(MAGIC, SCRATCH) == len(model)
    content[512 + 2 * 5:512 + 2 * 6] = 0  # the entry of the file's third cluster: free
    assert reader.load(0, 8192, 0) == "the file system of the card is damaged"
    reader.close()
