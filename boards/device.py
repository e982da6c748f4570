"""The devices that can be built for, and how much is in them."""

from dataclasses import dataclass

__all__ = ["DEVICES", "Device"]


@dataclass(frozen=True, kw_only=True)
class Device:
    """One FPGA.

    Attributes
    ----------
    name : str
        What the command line calls it.
    family : str
        ``"ecp5"`` or ``"xc7"``.
    luts, ffs : int
        Look-up tables (4 inputs on ECP5, 6 on 7-series) and flip-flops.
    dsps, brams : int
        Multiplier blocks (MULT18X18D, DSP48E1) and block RAMs (18 Kbit DP16KD on ECP5, 36 Kbit on 7-series).
    speeds : tuple of int
        Speed grades, slowest first; empty where nothing is placed and routed.
    size : str
        What tells nextpnr-ecp5 the device.
    package : str
        The one that units are placed in, in Lattice's words; that of a board is a matter of its platform.
    """

    name: str
    family: str
    luts: int
    ffs: int
    dsps: int
    brams: int
    speeds: tuple[int, ...] = ()
    size: str = ""
    package: str = ""

    def options(self, package=None):
        """What tells nextpnr-ecp5 device and package.

        Parameters
        ----------
        package : str
            As the platforms of amaranth-boards have it, ``"BG381"``; by default that of units.

        Returns
        -------
        tuple of str
        """
        return self.size, "--package", _PACKAGES[package or self.package]


# nextpnr's names of the packages in Lattice's ordering codes.
_PACKAGES = {"BG256": "CABGA256", "MG285": "CSFBGA285", "BG381": "CABGA381", "BG554": "CABGA554", "BG756": "CABGA756"}

# ECP5: Lattice FPGA-DS-02012, table 1.1; nextpnr counts the same. The 12F is a 25F with less of it promised.
# 7-series: Xilinx DS180 (Artix-7) and DS190 (Zynq-7000), the tables of device resources.
DEVICES = {device.name: device for device in (
    Device(name="lfe5u-12f", family="ecp5", luts=12_096, ffs=12_096, dsps=28, brams=32,
           speeds=(6, 7, 8), size="--12k", package="BG381"),
    Device(name="lfe5u-25f", family="ecp5", luts=24_288, ffs=24_288, dsps=28, brams=56,
           speeds=(6, 7, 8), size="--25k", package="BG381"),
    Device(name="lfe5u-45f", family="ecp5", luts=43_848, ffs=43_848, dsps=72, brams=108,
           speeds=(6, 7, 8), size="--45k", package="BG381"),
    Device(name="lfe5u-85f", family="ecp5", luts=83_640, ffs=83_640, dsps=156, brams=208,
           speeds=(6, 7, 8), size="--85k", package="BG381"),
    Device(name="lfe5um5g-85f", family="ecp5", luts=83_640, ffs=83_640, dsps=156, brams=208,
           speeds=(8,), size="--um5g-85k", package="BG554"),
    Device(name="xc7a35t", family="xc7", luts=20_800, ffs=41_600, dsps=90, brams=50),
    Device(name="xc7a100t", family="xc7", luts=63_400, ffs=126_800, dsps=240, brams=135),
    Device(name="xc7z020", family="xc7", luts=53_200, ffs=106_400, dsps=220, brams=140),
)}
"""Devices by their names."""
