"""The firmware's C on this machine, with a bus in Python."""

import ctypes

from flow.cache import cached_file
from flow.fat_library import fat_sources
from flow.firmware import SOURCES, printed_headers
from flow.toolchain import Toolchain

__all__ = ["NativeFirmware", "native_library"]

_FAKES = """\
#include <stdint.h>
uint32_t (*reader)(uint32_t);
void (*writer)(uint32_t, uint32_t);
uint32_t bus_read(uint32_t address) { return reader(address); }
void bus_write(uint32_t address, uint32_t value) { writer(address, value); }
uint8_t *dram_content;
uint32_t dram_bytes;
"""
_BOARD = """\
#include "board.h"
const struct ddr3 *board(void);
const struct ddr3 *board(void) { return &BOARD_DDR3; }
"""
_READ, _WRITE = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32), ctypes.CFUNCTYPE(
    None, ctypes.c_uint32, ctypes.c_uint32)


def native_library(*, board=None):
    """A library (ctypes.CDLL) of all of ``firmware/`` but ``main.c``, for functions that do not look at the bus."""
    return ctypes.CDLL(str(_build(Toolchain(), board)))


class NativeFirmware:
    """The same with a bus; its functions are those of ``library``. There is one bus at a time: the latest.

    Parameters
    ----------
    read : function of int
        The value of a bus address. A function of ctypes is called without any Python.
    write : function of (int, int)
        Address and value; the same.
    dram : numpy.ndarray
        uint8: what takes the place of DRAM; without it the functions must not use any.
    board : str
        ``board.h``, see :mod:`flow.board_header`: the library then has a function ``board``, which returns the address
        of what it describes.
    """

    def __init__(self, *, read, write, dram=None, board=None):
        self.library = native_library(board=board)
        # They must live as long as the library may call them.
        self._functions = [function if isinstance(function, ctypes._CFuncPtr) else kind(function)
                           for kind, function in ((_READ, read), (_WRITE, write))]
        for name, function in zip(("reader", "writer"), self._functions):
            ctypes.c_void_p.in_dll(self.library, name).value = ctypes.cast(function, ctypes.c_void_p).value
        self._dram = dram
        if dram is not None:
            ctypes.c_void_p.in_dll(self.library, "dram_content").value = dram.ctypes.data
            ctypes.c_uint32.in_dll(self.library, "dram_bytes").value = dram.size
        if board is not None:
            self.library.board.restype = ctypes.c_void_p


def _build(toolchain, board):
    files = {path.name: path.read_text() for path in sorted(SOURCES.iterdir()) if path.suffix in (".c", ".h")}
    del files["main.c"]
    files |= fat_sources() | {"fakes.c": _FAKES} | printed_headers()
    if board is not None:
        files |= {"board.h": board, "board.c": _BOARD}
    inputs = [name for name in files if name.endswith(".c")]
    options = ["-O1", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-DFAKE_BUS", "-I."]

    def build(work):
        for name, text in files.items():
            (work / name).write_text(text)
        toolchain.run([*toolchain.cc, *options, *inputs, "-o", "firmware.so"], cwd=work)
        return work / "firmware.so"

    return cached_file("native-firmware", ".so", build, toolchain.cc_version, " ".join([*options, *inputs]),
                       *(text for item in files.items() for text in item))
