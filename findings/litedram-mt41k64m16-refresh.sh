#!/bin/sh
# LiteDRAM 2024.12: the MT41K64M16 of an OrangeCrab, 1 Gbit, is refreshed as long as the MT41K128M16 with 2 Gbit.
#
# The time of a refresh (tRFC) grows with the capacity of a DDR3 device. JEDEC's table (JESD79-3F, "Refresh parameters by
# device density") and the data sheets of the two parts have 110 ns for 1 Gbit, 160 for 2 and 260 for 4. One would guess
# that LiteDRAM's modules say the same. They do for 2 and 4 Gbit; the 1 Gbit part has the 160 ns of the next larger one,
# and so a board with it loses half as much again of its time to refreshes. No harm to the data.
#
# Seen: litedram 2024.12, litex 2024.12, migen 0.9.2
#   MT41K64M16 1 Gbit 128 clocks 160 ns
#   MT41K128M16 2 Gbit 128 clocks 160 ns
#   MT41K256M16 4 Gbit 208 clocks 260 ns
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    litedram==2024.12 litex==2024.12 liteeth==2024.12 migen==0.9.2
"$work/venv/bin/python" - > "$work/seen" <<'PYTHON'
from litedram.modules import MT41K64M16, MT41K128M16, MT41K256M16

for part in (MT41K64M16, MT41K128M16, MT41K256M16):
    gbit = part.nbanks * part.nrows * part.ncols * 16 >> 30
    clocks = part.speedgrade_timings["1600"].tRFC[0]
    print(part.__name__, gbit, "Gbit", clocks, "clocks", round(clocks * 1.25), "ns")
PYTHON
cat "$work/seen"
sed -n 's/^#   //p' "$0" | diff - "$work/seen"
