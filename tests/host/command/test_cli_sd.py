"""`celosia sd`."""

import json

import pytest

from soc.cpu.board_file import BoardFile, SECTOR, Section


@pytest.fixture
def packed(celosia, tmp_path, write_gguf):
    """Path of a board file."""
    path = tmp_path / "micro.celosia"
    assert celosia("pack", write_gguf(), "--board", "ulx3s", "--template", "plain", "-o", path)[0] == 0
    return path


def test_to_a_file(celosia, packed, tmp_path):
    card, report = tmp_path / "card.img", tmp_path / "report.json"
    size = packed.stat().st_size
    status, out, err = celosia("sd", packed, "--device", card, "--json", report)
    assert (status, out.decode(), err) == (0, f"{card}: {size:,} bytes\n", "")
    assert card.read_bytes() == packed.read_bytes() and size % SECTOR == 0
    assert json.loads(report.read_text()) == {"file": str(packed), "device": str(card), "bytes": size, "card": False}
    assert celosia("sd", packed, "--device", card, "--json", "-")[1].startswith(b"{")


def test_damaged_files(refused, packed, tmp_path):
    content = packed.read_bytes()
    header = BoardFile.from_buffer_copy(content)
    image = header.sections[Section.IMAGE].offset

    def message(data):
        packed.write_bytes(data)
        return refused("sd", packed, "--device", tmp_path / "card.img").removeprefix(f"{packed}")

    def changed(place):
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1:]

    assert message(b"GGUF" + content[4:]) == " is no model for a board: celosia pack makes one"
    assert message(content[:100]) == " is no model for a board: celosia pack makes one"
    assert message(changed(8)) == ": version must be 1, not 0: pack the model again"
    assert message(changed(40)) == " is damaged: wrong CRC of its header"
    assert message(content[:-SECTOR]) == (
        f" is damaged: it must have {len(content):,} bytes, not {len(content) - SECTOR:,}")
    assert message(changed(image + 5)) == " is damaged: wrong CRC of section image"
    assert message(changed(SECTOR)) == " is damaged: wrong CRC of section programs"
    assert not (tmp_path / "card.img").exists()


def test_places_that_are_no_card(refused, packed, tmp_path):
    assert refused("sd", tmp_path / "none", "--device", "x") == (
        f"cannot read {tmp_path / 'none'}: No such file or directory")
    assert refused("sd", packed, "--device", "/dev/null") == (
        "device must be a block device or a file, and /dev/null is neither")
    assert refused("sd", packed, "--device", tmp_path / "no" / "card") == (
        f"cannot write {tmp_path / 'no' / 'card'}: No such file or directory")
