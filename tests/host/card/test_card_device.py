"""Which devices are written, by what the kernel says of them."""

import os

import pytest

from host.card.card_device import CardDevice
from host.errors import CelosiaError


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Function that makes the kernel's files of the device that `/dev/null` stands for; returns arguments."""
    number = os.stat(os.devnull).st_rdev

    def make(*, removable="1", kind=None, mounts="", swaps="Filename Type\n", partition=False, holder=None):
        device = tmp_path / "devices" / "sdx"
        part = device / "sdx1"
        (part / "holders").mkdir(parents=True)
        (device / "holders").mkdir()
        (part / "partition").write_text("1\n")
        (device / "size").write_text("64\n")
        (device / "removable").write_text(f"{removable}\n")
        if kind:
            (device / "device").mkdir()
            (device / "device" / "type").write_text(f"{kind}\n")
        if holder:
            (part / "holders" / holder).mkdir()
        link = tmp_path / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
        link.parent.mkdir(parents=True)
        link.symlink_to(part if partition else device)
        (tmp_path / "self").mkdir()
        (tmp_path / "self" / "mounts").write_text(mounts)
        (tmp_path / "swaps").write_text(swaps)
        return {"path": os.devnull, "kernel": tmp_path, "processes": tmp_path}

    return make


@pytest.mark.parametrize("options", [{}, {"removable": "0", "kind": "SD"},
                                     {"mounts": "/dev/sdy1 / ext4 rw 0 0\nproc /proc proc rw 0 0\n"}])
def test_a_card_that_nobody_uses(kernel, options):
    card = CardDevice(**kernel(**options))
    assert (card.name, card.bytes) == ("sdx", 64 * 512)


@pytest.mark.parametrize("options, message", [
    ({"removable": "0"}, "/dev/null is no memory card, and cannot be taken out: it is not written"),
    ({"removable": "0", "kind": "MMC"}, "/dev/null is no memory card, and cannot be taken out: it is not written"),
    ({"partition": True}, "/dev/null is a partition; the card itself is /dev/sdx"),
    ({"mounts": "/dev/sdx1 /media/card vfat rw 0 0\n"},
     "/dev/null is in use: /dev/sdx1 is mounted at /media/card"),
    ({"mounts": "/dev/sdx /media/card vfat rw 0 0\n"}, "/dev/null is in use: /dev/sdx is mounted at /media/card"),
    ({"swaps": "Filename Type\n/dev/sdx1 partition 1 0 -2\n"},
     "/dev/null is in use: /dev/sdx1 is used for swapping"),
    ({"holder": "dm-0"}, "/dev/null is in use: /dev/sdx1 is part of dm-0"),
])
def test_others_are_refused(kernel, options, message):
    with pytest.raises(CelosiaError) as caught:
        CardDevice(**kernel(**options))
    assert str(caught.value) == message


def test_a_device_that_the_kernel_does_not_know(tmp_path):
    with pytest.raises(CelosiaError, match="the kernel says nothing about this device"):
        CardDevice(os.devnull, kernel=tmp_path, processes=tmp_path)


def test_files_are_no_devices(tmp_path):
    assert not CardDevice.is_device(tmp_path) and not CardDevice.is_device(tmp_path / "none")
    assert not CardDevice.is_device(os.devnull)  # a character device
