"""Cycles that the docstrings of buffers, FIFOs and block RAM name."""

import pytest

from gateware.block_ram import BlockRam
from gateware.stream.block_fifo import BlockFifo
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer
from testing.cycles import run_cycles, transfer_cycles


@pytest.mark.parametrize("make,latency", [
    (lambda: SkidBuffer(shape=8), 1),
    (lambda: LutFifo(shape=8, depth=4), 1),
    (lambda: BlockFifo(shape=8, depth=64), 4),
], ids=["SkidBuffer", "LutFifo", "BlockFifo"])
def test_a_payload_per_cycle_and_the_latency(make, latency):
    passed = transfer_cycles(make(), {"i": range(100)}, ["o"], cycles=110)
    assert passed == {"i": list(range(100)), "o": list(range(latency, 100 + latency))}


def test_a_read_of_block_ram_takes_two_cycles():
    writes = [{"write_enable": 1, "write_address": n, "write_data": 100 + n, "read_enable": 0} for n in range(8)]
    reads = [{"write_enable": 0, "read_enable": 1, "read_address": n} for n in range(8)]
    got = run_cycles(BlockRam(width=8, depth=8), writes + reads, ["read_data"], tail=2)["read_data"]
    assert got[8 + 2:] == [100 + n for n in range(8)] and BlockRam.LATENCY == 2
