#!/bin/sh
# LiteDRAM 2024.12: the sequence that brings a DDR3 up has no REFRESH; those of SDR and DDR2 have two.
#
# One would guess from the older kinds that a DRAM is refreshed before its first ACTIVATE, and measure tRFC and the
# interval of refreshes from there. That is so with SDR and DDR2. A DDR3 ends its sequence with ZQCL, and may have rows of
# several banks opened at once after it: a model of the device that takes the first ACTIVATE for a REFRESH, to have
# something from which the interval begins, finds a fault in a controller that has none. (JESD79-3F, "Power-up
# initialization sequence", asks for no REFRESH either.)
#
# Seen: litedram 2024.12, litex 2024.12, migen 0.9.2
#   SDR MT48LC16M16 refreshes 2 zq 0
#   DDR2 MT47H64M16 refreshes 2 zq 0
#   DDR3 MT41K256M16 refreshes 0 zq 1
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    litedram==2024.12 litex==2024.12 liteeth==2024.12 migen==0.9.2
"$work/venv/bin/python" - > "$work/seen" <<'PYTHON'
from litedram.init import get_sdram_phy_init_sequence
from litedram.modules import MT41K256M16, MT47H64M16, MT48LC16M16
from litedram.phy.model import get_sdram_phy_settings

for part, ratio in ((MT48LC16M16, "1:1"), (MT47H64M16, "1:2"), (MT41K256M16, "1:4")):
    module = part(100e6, ratio)
    settings = get_sdram_phy_settings(module.memtype, 16, 100e6)
    sequence, _ = get_sdram_phy_init_sequence(settings, module.timing_settings)
    commands = [command.split("|") for _, _, _, command, _ in sequence]
    names = [{word.removeprefix("DFII_COMMAND_") for word in command} for command in commands]
    print(module.memtype, part.__name__, "refreshes", names.count({"RAS", "CAS", "CS"}), "zq", names.count({"WE", "CS"}))
PYTHON
cat "$work/seen"
sed -n 's/^#   //p' "$0" | diff - "$work/seen"
