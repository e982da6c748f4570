"""The test of the DRAM, as C on this machine and as a command on the terminal."""

import ctypes
import mmap
import os

import numpy as np
import pytest

from soc.cpu.map import AcceleratorRegister, ConsoleRegister, OwnBit, Region, StateBit, TimerRegister, address
from testing.native_firmware import NativeFirmware, native_library

BYTES = 1 << 16
# Blocks of 4 KiB in 64 KiB: see memory_test.h.
COVERED = [0, 0x1000, 0x2000, 0x4000, 0x8000, 0xf000]


@pytest.fixture(scope="module")
def library():
    library = native_library()
    for function in library.memory_check, library.memory_test:
        function.restype = ctypes.c_uint32
    return library


def test_what_is_covered(library):
    rng = np.random.default_rng(3)
    memory = rng.integers(0, 256, BYTES, np.uint8)
    before = memory.copy()
    pointer = memory.ctypes.data_as(ctypes.c_void_p)
    assert library.memory_test(pointer, BYTES) == BYTES
    covered = np.zeros(BYTES, bool)
    for block in COVERED:
        covered[block:block + 4096] = True
    assert np.array_equal(memory[~covered], before[~covered])
    library.memory_fill(pointer, BYTES, 77)
    words = memory.view(np.uint32)[covered.reshape(-1, 4)[:, 0]]
    assert np.unique(words).size == words.size
    for offset in [0, 0xfff, 0xffff, *map(int, rng.choice(np.flatnonzero(covered), 20))]:
        memory[offset] ^= 1 << int(rng.integers(8))
        assert library.memory_check(pointer, BYTES, 77) == offset & ~3
        library.memory_fill(pointer, BYTES, 77)
    assert library.memory_check(pointer, BYTES, 77) == BYTES
    assert library.memory_check(pointer, BYTES, 78) == 0


@pytest.mark.parametrize("size, blocks", [
    (4096, [0]), (8192, [0, 4096]), (6144, [0, 2048]), (0x9800, [0, 0x1000, 0x2000, 0x4000, 0x8000, 0x8800]),
])
def test_blocks(library, size, blocks):
    memory, expected = np.zeros(size, np.uint8), np.zeros(size, bool)
    library.memory_fill(memory.ctypes.data_as(ctypes.c_void_p), size, 5)
    for block in blocks:
        expected[block:block + 4096] = True
    np.testing.assert_array_equal(memory.view(np.uint32) != 0, expected[::4])
    assert library.memory_check(memory.ctypes.data_as(ctypes.c_void_p), size, 5) == size


def memory_with_an_address_line_missing(missing):
    """uint8 of `BYTES`: two places whose addresses differ in that bit alone are one."""
    half = os.memfd_create("half")
    os.truncate(half, missing)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    whole = mmap.mmap(-1, BYTES)
    place = ctypes.addressof(ctypes.c_char.from_buffer(whole))
    fixed = 0x10
    for at in range(0, BYTES, missing):
        found = libc.mmap(place + at, missing, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED | fixed, half, 0)
        assert found == place + at
    os.close(half)
    return np.frombuffer(whole, np.uint8)


class Board:
    """The command on a board with this DRAM."""

    def __init__(self, dram, *, ready=True):
        at = {register: address(Region.ACCELERATOR, register) for register in AcceleratorRegister}
        self.registers = {
            at[AcceleratorRegister.VERSION]: int(ready), at[AcceleratorRegister.STATE]: ready << StateBit.READY,
            at[AcceleratorRegister.BUSY]: 0, at[AcceleratorRegister.MEMORY_BYTES]: dram.size,
            at[AcceleratorRegister.OWN]: 0, address(Region.CONSOLE, ConsoleRegister.STATUS): 1,
            **{address(Region.TIMER, register): 1 for register in TimerRegister}}
        self.own, self.shown, self.owners = at[AcceleratorRegister.OWN], bytearray(), []
        self._firmware = NativeFirmware(read=self.registers.__getitem__, write=self._write, dram=dram)

    def _write(self, place, value):
        if place == self.own:
            self.owners.append(value)
        else:
            assert place == address(Region.CONSOLE, ConsoleRegister.DATA)
            self.shown.append(value)

    def test(self):
        self._firmware.library.monitor_run(ctypes.create_string_buffer(b"/test"))
        return self.shown.decode().replace("\r\n", "\n")


def test_a_good_memory():
    board = Board(np.zeros(BYTES, np.uint8))
    assert board.test() == (
        "the DRAM holds what is written to it; what lay in it is gone; /load loads a model\n")
    # Hosts are kept from it meanwhile.
    assert board.owners == [1 << OwnBit.OWN, 0]


def test_a_missing_address_line():
    board = Board(memory_with_an_address_line_missing(0x4000))
    assert board.test() == "wrong: the word at 00000000; what lay in it is gone; /load loads a model\n"


def test_a_memory_that_is_not_up():
    board = Board(np.zeros(BYTES, np.uint8), ready=False)
    assert board.test() == "the DRAM cannot be used\n" and not board.owners
