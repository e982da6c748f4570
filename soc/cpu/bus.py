"""The bus of the board's processor."""

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ProcessorBus"]

ProcessorBus = wiring.Signature({
    "valid": Out(1),
    "address": Out(32),
    "strobes": Out(4),
    "write_data": Out(32),
    "ready": In(1),
    "read_data": In(32),
})
"""One access after another, as the master has it.

From ``valid`` on everything stays as it is until ``ready``, which ends the access and may come in the same cycle.
``address`` counts bytes; its two lowest bits are zero. A byte is written where its strobe is set; without any it is a
read, whose ``read_data`` counts while ``ready`` is set."""
