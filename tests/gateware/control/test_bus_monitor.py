"""The monitor: one cause for every cycle."""

from amaranth.sim import Simulator

from gateware.activity import BusState
from gateware.control.bus_monitor import BusMonitor

B = BusState

# Inputs that are 1 in a cycle, and what the cycle is.
CYCLES = [
    ("", B.IDLE),
    ("outstanding waiting", B.IDLE),               # nothing counts while there is no token
    ("busy", B.PROGRAM),
    ("busy outstanding", B.PROGRAM),               # the latency of the first words
    ("busy outstanding beat", B.BUSY),
    ("busy outstanding", B.DRAM),                  # it had begun to answer
    ("busy outstanding blocked waiting", B.DRAM),
    ("busy outstanding full", B.ENGINE),
    ("busy outstanding full beat", B.BUSY),
    ("busy outstanding fetched", B.DRAM),
    ("busy waiting", B.STORES),
    ("busy outstanding", B.STORES),                # latency that the stores cost
    ("busy outstanding beat", B.BUSY),
    ("busy outstanding", B.DRAM),
    ("busy blocked", B.QUEUE),
    ("busy outstanding waiting", B.QUEUE),
    ("busy full", B.ENGINE),
    ("busy outstanding", B.ENGINE),
    ("busy outstanding beat", B.BUSY),
    ("busy blocked fetched", B.QUEUE),
    ("busy fetched", B.END),
    ("", B.IDLE),
    ("busy outstanding", B.PROGRAM),               # the cause of the token before is forgotten
]


def test_one_cause_per_cycle():
    dut, seen = BusMonitor(), []
    inputs = ("busy", "beat", "outstanding", "full", "waiting", "blocked", "fetched")

    async def testbench(ctx):
        full = 0
        for names, _ in [*CYCLES, ("", None)]:
            for name in inputs:
                # `full` comes a cycle late.
                ctx.set(getattr(dut, name), full if name == "full" else name in names.split())
            full = "full" in names.split()
            seen.append(ctx.get(dut.state))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    assert seen[1:] == [state for _, state in CYCLES]
