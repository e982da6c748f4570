"""The table of parts against other people's: LiteDRAM's modules, and figures of the data sheets typed once more."""

import pytest

from soc.dram.parts import PARTS

# JEDEC JESD79-3F, "Refresh parameters by device density" and "Timing Parameters by Speed Bin" (2 KiB pages), and
# Micron's "DDR3L-1600 Speed Bins", -125; clocks, nanoseconds. Of columns for several data rates the slowest timing
# counts.
DDR3 = {"rp": (0, 13.75), "rcd": (0, 13.75), "ras": (0, 37.5), "rrd": (4, 10), "faw": (0, 50), "wr": (0, 15),
        "wtr": (4, 7.5), "rtp": (4, 7.5), "mrd": (4, 0), "mod": (12, 15)}
# Micron 256Mb SDRAM, -75.
SDR = {"rp": (0, 20), "rcd": (0, 20), "ras": (0, 44), "rc": (0, 66), "rrd": (0, 15), "wr": (0, 15), "rfc": (0, 66),
       "mrd": (2, 0)}
REFRESH_NS = {"MT41K64M16": 110, "MT41K128M16": 160, "MT41K256M16": 260}
# By LiteDRAM's name. Its tRFC of the smallest part is that of a larger one.
MODULES = {"MT48LC16M16A2": "MT48LC16M16", "MT41K64M16": "MT41K64M16", "MT41K128M16": "MT41K128M16",
           "MT41K256M16": "MT41K256M16"}


def test_all_parts_are_compared():
    assert PARTS.keys() == MODULES.keys() == {"MT48LC16M16A2"} | REFRESH_NS.keys()


@pytest.mark.parametrize("name", PARTS)
def test_data_sheet(name):
    part = PARTS[name]
    expected = SDR if part.kind == "SDR" else DDR3 | {"rfc": (0, REFRESH_NS[name])}
    assert {field: getattr(part, field) for field in expected} == expected
    assert part.rc[1] >= part.ras[1] + part.rp[1]
    assert part.refresh_interval == 7812.5 and part.postponed == 8
    assert part.power_up == (100_000 if part.kind == "SDR" else 500_000)


@pytest.mark.parametrize("name", PARTS)
def test_litedram_agrees(name):
    from litedram import modules

    part, module = PARTS[name], getattr(modules, MODULES[name])
    assert (part.banks, part.rows, part.columns) == (module.nbanks, module.nrows, module.ncols)
    grades, common = module.speedgrade_timings, module.technology_timings
    assert part.rp == (0, grades["default"].tRP) and part.rcd == (0, grades["default"].tRCD)
    assert part.ras[1] == max(grade.tRAS for grade in grades.values())
    assert part.ccd == common.tCCD[0] and part.rrd[1] == common.tRRD[1]
    assert part.refresh_interval == common.tREFI
    if part.kind == "DDR3":
        assert part.wtr == common.tWTR and part.rrd == common.tRRD
        assert part.faw[1] == max(grade.tFAW[1] for grade in grades.values())
        # Clocks of DDR3-1600, in LiteDRAM.
        refresh = grades["1600"].tRFC[0] * 1.25
        assert part.rfc[1] == refresh or name == "MT41K64M16"
    else:
        assert part.rfc == (0, grades["default"].tRFC[1]) and part.wr[1] == grades["default"].tWR
