"""`celosia program` with a stand-in for openFPGALoader that says what is connected and takes note of its
arguments."""

import pytest

LFE5U_85F, LFE5U_45F = 0x41113043, 0x41112043


@pytest.fixture
def bitstream(tmp_path):
    """Function (code) -> the beginning of an ECP5 bitstream."""
    def write(code):
        path = tmp_path / "top.bit"
        path.write_bytes(b"\xff\x00Made by a test\x00\xff" + bytes.fromhex("ffffbdb3ffffffff3b000000e2000000")
                         + code.to_bytes(4, "big") + bytes(100))
        return path
    return write


@pytest.fixture
def loader(tmp_path, monkeypatch):
    """Function (text, status=0) that puts the stand-in on the PATH; returns the file with its arguments."""
    def install(text, status=0):
        folder, log = tmp_path / "bin", tmp_path / "log"
        folder.mkdir()
        program = folder / "openFPGALoader"
        program.write_text(f"#!/bin/sh\necho \"$@\" >> '{log}'\ncat << 'END'\n{text}\nEND\nexit {status}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
        return log
    return install


def _detected(code):
    return f"index 0:\n\tidcode {code:#x}\n\tmanufacturer lattice\n\tfamily ECP5\n\tirlength 8"


@pytest.mark.parametrize("options, expected", [
    ((), "--detect\n{0}\n"),
    (("--board", "ulx3s", "--flash"), "--board ulx3s --detect\n--board ulx3s --write-flash {0}\n")])
def test_the_right_device(celosia, bitstream, loader, options, expected):
    path, log = bitstream(LFE5U_85F), loader(_detected(LFE5U_85F))
    status, out, err = celosia("program", path, *options)
    assert (status, out, err) == (0, b"", f"celosia: LFE5U-85F programmed with {path}\n")
    assert log.read_text() == expected.format(path)


def test_the_wrong_device(refused, bitstream, loader):
    path, log = bitstream(LFE5U_85F), loader(_detected(LFE5U_45F))
    assert refused("program", path) == f"{path}: is for LFE5U-85F, connected is LFE5U-45F"
    assert log.read_text() == "--detect\n"


def test_no_device(refused, bitstream, loader):
    path, _ = bitstream(LFE5U_85F), loader("No cable")
    assert refused("program", path) == "openFPGALoader found no device"


def test_a_loader_that_fails(refused, bitstream, loader):
    path, _ = bitstream(LFE5U_85F), loader("unable to open ftdi device", 1)
    assert refused("program", path) == "openFPGALoader --detect failed: unable to open ftdi device"


def test_no_loader(refused, bitstream, monkeypatch):
    path = bitstream(LFE5U_85F)
    monkeypatch.setenv("PATH", "/nowhere")
    assert refused("program", path) == "openFPGALoader is not on the PATH: install it from your distribution"


def test_bad_files(refused, bitstream, tmp_path):
    path = tmp_path / "none.bit"
    assert refused("program", path) == f"{path}: No such file or directory"
    path.write_bytes(b"text")
    assert refused("program", path) == f"{path}: not a bitstream of an ECP5 that names its device"
    path = bitstream(0x0362D093)
    assert refused("program", path).startswith(f"{path}: device 0x0362d093 is none of LFE5U-12F, ")
