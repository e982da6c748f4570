"""Runs a tool that is packaged as WebAssembly, its memory in huge pages.

    python flow/packaged_tool.py PACKAGE FUNCTION ARGUMENT...

Such a tool has one region of memory, which it goes through at random: in pages of 4 KiB the processor spends much of
the time looking addresses up. Linux gives huge pages to who asks for them, where
`/sys/kernel/mm/transparent_hugepage/enabled` says `madvise` (its default) or `always`; nobody asks for WebAssembly.
What the tool writes is the same.
"""

import ctypes
import importlib
import mmap
import sys

from yowasp_runtime import wasmtime

__all__ = ["ask_for_huge_pages"]

_RESERVED = 1 << 32
"""Bytes that wasmtime keeps free for a memory to grow into, on 64-bit machines."""


def ask_for_huge_pages(memory, store):
    """Ask for huge pages for a memory, and for what it will grow into; elsewhere than on Linux do nothing.

    Parameters
    ----------
    memory : wasmtime.Memory
    store : wasmtime.Store
    """
    if hasattr(mmap, "MADV_HUGEPAGE"):
        begin = ctypes.cast(memory.data_ptr(store), ctypes.c_void_p)
        # An advice: a kernel without huge pages refuses it, and all is as before.
        ctypes.CDLL(None).madvise(begin, ctypes.c_size_t(_RESERVED), mmap.MADV_HUGEPAGE)


class _Linker(wasmtime.Linker):
    def instantiate(self, store, module):
        instance = super().instantiate(store, module)
        ask_for_huge_pages(instance.exports(store)["memory"], store)
        return instance


def _main(package, function, *arguments):
    # The packages' runtime has no setting for it.
    wasmtime.Linker = _Linker
    return getattr(importlib.import_module(package), function)(list(arguments))


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
