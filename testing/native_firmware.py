"""The firmware's C on this machine, with a bus in Python."""

import ctypes

from flow.cache import cached_file
from flow.fat_library import fat_sources
from flow.firmware import SOURCES, printed_headers
from flow.toolchain import Toolchain

__all__ = ["NativeFirmware", "native_library"]

_FAKES = """\
#include <setjmp.h>
#include <stdint.h>
uint32_t (*reader)(uint32_t);
void (*writer)(uint32_t, uint32_t);
uint8_t *dram_content;
uint32_t dram_bytes;
int bus_failed;
static jmp_buf caller;
static void go_on(void) {
  if (bus_failed)
    longjmp(caller, 1);
}
uint32_t bus_read(uint32_t address) {
  uint32_t value = reader(address);
  go_on();
  return value;
}
void bus_write(uint32_t address, uint32_t value) {
  writer(address, value);
  go_on();
}
typedef uintptr_t function(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);
uintptr_t call(function *called, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f);
uintptr_t call(function *called, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f) {
  return setjmp(caller) ? 0 : called(a, b, c, d, e, f);
}
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

    An exception of the bus ends the function that looked at it, and is raised by its call: a program that waits for a
    register would wait for ever.

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

    Attributes
    ----------
    library : object
        Has the functions as ctypes.CDLL has them, with at most six arguments: numbers and addresses.
    """

    def __init__(self, *, read, write, dram=None, board=None):
        library = native_library(board=board)
        self.library = _Functions(library, self)
        self._error, self._failed = None, ctypes.c_int.in_dll(library, "bus_failed")
        # They must live as long as the library may call them.
        self._functions = [function if isinstance(function, ctypes._CFuncPtr) else kind(self._guarded(function))
                           for kind, function in ((_READ, read), (_WRITE, write))]
        for name, function in zip(("reader", "writer"), self._functions):
            ctypes.c_void_p.in_dll(library, name).value = ctypes.cast(function, ctypes.c_void_p).value
        self._dram = dram
        if dram is not None:
            ctypes.c_void_p.in_dll(library, "dram_content").value = dram.ctypes.data
            ctypes.c_uint32.in_dll(library, "dram_bytes").value = dram.size
        if board is not None:
            self.library.board.restype = ctypes.c_void_p

    def _guarded(self, function):
        """The function; its exception is kept until the firmware's function has ended."""
        def guarded(*arguments):
            try:
                return function(*arguments)
            except BaseException as error:
                self._error, self._failed.value = error, 1
                return 0
        return guarded

    def raise_error(self):
        """Raise what has been kept."""
        if self._error is not None:
            error, self._error, self._failed.value = self._error, None, 0
            raise error


class _Functions:
    """What a library has, each function as a `_Function`."""

    def __init__(self, library, firmware):
        self._library, self._firmware = library, firmware

    def __getattr__(self, name):
        function = _Function(self._library, name, self._firmware)
        setattr(self, name, function)
        return function


class _Function:
    """A function of a library, through its ``call``."""

    def __init__(self, library, name, firmware):
        self._place, self._firmware = ctypes.cast(library[name], ctypes.c_void_p), firmware
        self._call = library["call"]

    @property
    def restype(self):
        return self._call.restype

    @restype.setter
    def restype(self, kind):
        self._call.restype = kind

    def __call__(self, *arguments):
        arguments = [ctypes.c_uint64(value) if isinstance(value, int) else value for value in arguments]
        result = self._call(self._place, *arguments, *[None] * (6 - len(arguments)))
        self._firmware.raise_error()
        return result


def _build(toolchain, board):
    files = {path.name: path.read_text() for path in sorted(SOURCES.iterdir()) if path.suffix in (".c", ".h")}
    del files["main.c"]
    files |= fat_sources() | {"fakes.c": _FAKES} | printed_headers()
    files["board.h"] = "#pragma once\n" if board is None else board
    if board is not None:
        files["board.c"] = _BOARD
    inputs = [name for name in files if name.endswith(".c")]
    options = ["-O1", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-DFAKE_BUS", "-I."]

    def build(work):
        for name, text in files.items():
            (work / name).write_text(text)
        toolchain.run([*toolchain.cc, *options, *inputs, "-o", "firmware.so"], cwd=work)
        return work / "firmware.so"

    return cached_file("native-firmware", ".so", build, toolchain.cc_version, " ".join([*options, *inputs]),
                       *(text for item in files.items() for text in item))
