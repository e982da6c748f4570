"""`celosia firmware`."""

import json
import re

from flow.firmware import loaded_bytes


def test_firmware(celosia, tmp_path):
    elf, sizes = tmp_path / "firmware.elf", tmp_path / "sizes.json"
    status, out, err = celosia("firmware", "-o", elf, "--json", sizes)
    assert (status, err) == (0, "")
    content = loaded_bytes(elf.read_bytes())
    assert json.loads(sizes.read_text()) == {
        "program_bytes": len(content), "memory_bytes": 65536, "least_stack_bytes": 2048}
    found = re.fullmatch(
        rb"firmware: ([\d,]+) of 65,536 bytes, code and data; 2,048 at least are left for the stack\n", out)
    assert int(found[1].replace(b",", b"")) == len(content)


def test_to_stdout(celosia, refused):
    """Then nothing else goes there."""
    status, out, err = celosia("firmware", "--json", "-")
    assert (status, err) == (0, "") and json.loads(out)["memory_bytes"] == 65536
    status, out, err = celosia("firmware", "-o", "-")
    assert (status, err) == (0, "") and loaded_bytes(out)
    assert refused("firmware", "-o", "-", "--json", "-") == "only one output can be -, which is stdout"


def test_a_folder_that_is_not_there(refused, tmp_path):
    path = tmp_path / "none" / "firmware.elf"
    assert refused("firmware", "-o", path) == f"cannot write {path}: No such file or directory"


def test_of_a_board(celosia, refused):
    """That of a board with a DDR3 has its training besides."""
    def size(*board):
        status, out, err = celosia("firmware", *board, "--json", "-")
        assert (status, err) == (0, "")
        return json.loads(out)["program_bytes"]

    assert size("ulx3s") == size() < size("ecpix5")
    assert refused("firmware", "pynq_z1") == (
        "board must be one of ulx3s, ecpix5, orangecrab, arty_a7, not 'pynq_z1'")
