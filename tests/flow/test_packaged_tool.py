"""Packaged tools: what they print and return, and that their memory may lie in huge pages."""

import ctypes
import mmap
from pathlib import Path
import re
import subprocess

import pytest
from yowasp_runtime import wasmtime

from flow.packaged_tool import ask_for_huge_pages
from flow.toolchain import Toolchain


def flags_of(address):
    """What the kernel says of the region of this process that an address lies in."""
    found = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if bounds := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            low, high = (int(bound, 16) for bound in bounds.groups())
            found = low <= address < high
        elif found and line.startswith("VmFlags:"):
            return line.split()[1:]
    raise LookupError(address)


@pytest.mark.skipif(not Path("/sys/kernel/mm/transparent_hugepage").exists() or not hasattr(mmap, "MADV_HUGEPAGE"),
                    reason="needs a Linux with huge pages")
def test_memory_is_advised_before_and_after_it_grew():
    store = wasmtime.Store()
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, None)))
    begin = ctypes.cast(memory.data_ptr(store), ctypes.c_void_p).value
    assert "hg" not in flags_of(begin)
    ask_for_huge_pages(memory, store)
    assert "hg" in flags_of(begin)
    memory.grow(store, 1000)
    assert ctypes.cast(memory.data_ptr(store), ctypes.c_void_p).value == begin
    assert "hg" in flags_of(begin) and "hg" in flags_of(begin + memory.data_len(store) - 1)


def test_output_and_exit_status_are_those_of_the_tool():
    yosys = Toolchain(native=False).yosys
    done = subprocess.run([*yosys, "-p", "log celosia; error_it"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "\ncelosia\n" in done.stdout and "No such command: error_it" in done.stderr


def test_a_tool_is_started_elsewhere_than_in_the_project(tmp_path):
    for command in (Toolchain(native=False).nextpnr_ecp5, Toolchain(native=False).ecppack):
        assert subprocess.run([*command, "--help"], cwd=tmp_path, capture_output=True).returncode == 0
