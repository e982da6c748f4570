"""DRAM parts: geometry and timing, from their data sheets."""

from dataclasses import dataclass

__all__ = ["DramPart", "PARTS"]


@dataclass(frozen=True, kw_only=True)
class DramPart:
    """One DRAM device, as its data sheet describes it.

    A timing is ``(clocks, nanoseconds)``: the larger of both counts. Clocks are those of the device.

    Attributes
    ----------
    name, kind : str
        ``kind`` is ``SDR`` or ``DDR3``.
    banks, rows, columns : int
    data_bits : int
        Width of the device's data bus.
    burst : int
        Columns that one READ or WRITE moves.
    rp : (int, float)
        PRECHARGE to ACTIVATE or REFRESH of the same bank.
    rcd : (int, float)
        ACTIVATE to READ or WRITE.
    ras, rc : (int, float)
        ACTIVATE to PRECHARGE, ACTIVATE to ACTIVATE, of the same bank.
    rrd, faw : (int, float)
        ACTIVATE to ACTIVATE of another bank; window that holds at most four ACTIVATEs.
    wr, wtr : (int, float)
        End of write data to PRECHARGE, to READ.
    rtp : (int, float)
        READ to PRECHARGE.
    ccd : int
        READ to READ, WRITE to WRITE, in clocks.
    rfc : (int, float)
        REFRESH to ACTIVATE or REFRESH.
    mrd, mod : (int, float)
        Mode register write to mode register write, to any other command.
    refresh_interval : float
        Average between two REFRESHes, ns.
    postponed : int
        REFRESHes that may be postponed.
    power_up : float
        From stable clock to the first command, ns.
    source : str
        Data sheet and tables.
    """

    name: str
    kind: str
    banks: int
    rows: int
    columns: int
    data_bits: int
    burst: int
    rp: tuple
    rcd: tuple
    ras: tuple
    rc: tuple
    rrd: tuple
    faw: tuple
    wr: tuple
    wtr: tuple
    rtp: tuple
    ccd: int
    rfc: tuple
    mrd: tuple
    mod: tuple
    refresh_interval: float
    postponed: int
    power_up: float
    source: str

    @property
    def bytes(self):
        """Capacity."""
        return self.banks * self.rows * self.columns * self.data_bits // 8

    @property
    def transfers_per_clock(self):
        """Transfers on a data line per clock."""
        return 2 if self.kind == "DDR3" else 1


def _ddr3(*, name, rows, rfc, source):
    """A DDR3 or DDR3L part, 16 bits wide, 8 banks, 2 KiB pages, speed grade -125 (DDR3-1600, CL 11).

    Where the table has a column per data rate, the figure is the largest of those up to 1600: the parts run
    far below their rate here, and what such a part guarantees at 800 is the larger figure.
    """
    return DramPart(
        name=name, kind="DDR3", banks=8, rows=rows, columns=1024, data_bits=16, burst=8,
        rp=(0, 13.75), rcd=(0, 13.75), ras=(0, 37.5), rc=(0, 51.25), rrd=(4, 10), faw=(0, 50), wr=(0, 15), wtr=(4, 7.5),
        rtp=(4, 7.5), ccd=4, rfc=(0, rfc), mrd=(4, 0), mod=(12, 15), refresh_interval=64e6 / 8192, postponed=8,
        power_up=500_000, source=source)


PARTS = {part.name: part for part in (
    DramPart(
        name="MT48LC16M16A2", kind="SDR", banks=4, rows=8192, columns=512, data_bits=16, burst=1,
        rp=(0, 20), rcd=(0, 20), ras=(0, 44), rc=(0, 66), rrd=(0, 15), faw=(0, 0), wr=(0, 15), wtr=(0, 0), rtp=(0, 0),
        ccd=1, rfc=(0, 66), mrd=(2, 0), mod=(2, 0), refresh_interval=64e6 / 8192, postponed=8, power_up=100_000,
        source='Micron "256Mb: x4, x8, x16 SDRAM", table 12 "Electrical Characteristics and Recommended AC Operating '
               'Conditions", -75, the slowest grade'),
    _ddr3(name="MT41K64M16", rows=8192, rfc=110,
          source='Micron "1Gb: x4, x8, x16 DDR3L SDRAM", tables "DDR3L-1600 Speed Bins" and "Electrical '
                 'Characteristics and AC Operating Conditions"; tRFC - 1Gb'),
    _ddr3(name="MT41K128M16", rows=16384, rfc=160,
          source='Micron "2Gb: x4, x8, x16 DDR3(L) SDRAM", table 52 "DDR3-1600 Speed Bins", table 56 "Electrical '
                 'Characteristics and AC Operating Conditions"; tRFC - 2Gb'),
    _ddr3(name="MT41K256M16", rows=32768, rfc=260,
          source='Micron "4Gb: x4, x8, x16 DDR3L SDRAM", tables "DDR3L-1600 Speed Bins" and "Electrical '
                 'Characteristics and AC Operating Conditions"; tRFC - 4Gb'),
)}
"""Parts on the boards, by name."""
