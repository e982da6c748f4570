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
_READ, _WRITE = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32), ctypes.CFUNCTYPE(
    None, ctypes.c_uint32, ctypes.c_uint32)


def native_library():
    """A library (ctypes.CDLL) of all of ``firmware/`` but ``main.c``, for functions that do not look at the bus."""
    return ctypes.CDLL(str(_build(Toolchain())))


class NativeFirmware:
    """The same with a bus; its functions are those of ``library``. There is one bus at a time: the latest.

    Parameters
    ----------
    read : function of int
        The value of a bus address.
    write : function of (int, int)
        Address and value.
    dram : numpy.ndarray
        uint8: what takes the place of DRAM; without it the functions must not use any.
    """

    def __init__(self, *, read, write, dram=None):
        self.library = native_library()
        # They must live as long as the library may call them.
        self._functions = _READ(read), _WRITE(write)
        for name, function in zip(("reader", "writer"), self._functions):
            ctypes.c_void_p.in_dll(self.library, name).value = ctypes.cast(function, ctypes.c_void_p).value
        self._dram = dram
        if dram is not None:
            ctypes.c_void_p.in_dll(self.library, "dram_content").value = dram.ctypes.data
            ctypes.c_uint32.in_dll(self.library, "dram_bytes").value = dram.size


def _build(toolchain):
    files = {path.name: path.read_text() for path in sorted(SOURCES.iterdir()) if path.suffix in (".c", ".h")}
    del files["main.c"]
    files |= fat_sources() | {"fakes.c": _FAKES} | printed_headers()
    inputs = [name for name in files if name.endswith(".c")]
    options = ["-O1", "-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-DFAKE_BUS", "-I."]

    def build(work):
        for name, text in files.items():
            (work / name).write_text(text)
        toolchain.run([*toolchain.cc, *options, *inputs, "-o", "firmware.so"], cwd=work)
        return work / "firmware.so"

    return cached_file("native-firmware", ".so", build, toolchain.cc_version, " ".join([*options, *inputs]),
                       *(text for item in files.items() for text in item))
