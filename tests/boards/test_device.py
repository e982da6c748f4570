"""The table of devices against other sources: the data sheets' in their own terms, and nextpnr's count."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
import pytest

from boards.device import DEVICES
from boards.ecp5 import Ecp5
from flow.place_and_route import place_and_route
from flow.synthesis import synthesise
from flow.toolchain import Toolchain

# Lattice FPGA-DS-02012, table 1.1: thousands of LUTs, block RAMs, multipliers.
ECP5 = {"lfe5u-12f": (12, 32, 28), "lfe5u-25f": (24, 56, 28), "lfe5u-45f": (44, 108, 72), "lfe5u-85f": (84, 208, 156),
        "lfe5um5g-85f": (84, 208, 156)}
# Xilinx DS180 and DS190: slices (a quarter of the LUTs, an eighth of the flip-flops), block RAMs of 36 Kbit, DSP48E1.
XC7 = {"xc7a35t": (5_200, 50, 90), "xc7a100t": (15_850, 135, 240), "xc7z020": (13_300, 140, 220)}


def test_data_sheets():
    assert DEVICES.keys() == ECP5.keys() | XC7.keys()
    for name, (thousands, brams, dsps) in ECP5.items():
        device = DEVICES[name]
        assert (round(device.luts / 1000), device.ffs, device.brams, device.dsps) == (
            thousands, device.luts, brams, dsps)
        # Eight LUTs to a tile.
        assert device.luts % 8 == 0
    for name, (slices, brams, dsps) in XC7.items():
        device = DEVICES[name]
        assert (device.luts, device.ffs, device.brams, device.dsps) == (4 * slices, 8 * slices, brams, dsps)


class Toggle(wiring.Component):
    """A register."""

    o: Out(1)

    def elaborate(self, platform):
        m = Module()
        state = Signal()
        m.d.sync += state.eq(~state)
        m.d.comb += self.o.eq(state)
        return m


@pytest.mark.parametrize("name", ["lfe5u-25f", "lfe5u-45f", "lfe5u-85f"])
def test_nextpnr_counts_the_same(name):
    """One of each die; nextpnr has the 12F as a 25F."""
    device, toolchain = DEVICES[name], Toolchain()
    synthesis = synthesise(Toggle(), device=device, platform=Ecp5(), toolchain=toolchain)
    route = place_and_route(synthesis, device=device, speed=6, mhz=50, placer="heap", seed=1, toolchain=toolchain)
    available = {kind: route.used[kind][1] for kind in ("TRELLIS_COMB", "TRELLIS_FF", "MULT18X18D", "DP16KD")}
    assert available == {
        "TRELLIS_COMB": device.luts, "TRELLIS_FF": device.ffs, "MULT18X18D": device.dsps, "DP16KD": device.brams}
