#!/bin/sh
# amaranth-boards 0.0.21: the command line of an SD card in SD mode is an output, so that no response can be read.
#
# `SDCardResources` makes `sd_card_1bit`, `sd_card_4bit` and `sd_card_spi`. In SD mode a card answers on the line of the
# commands, but `cmd` of the first two has the direction "o". A request with dir={"cmd": "io"} is refused, and as bare
# ports (dir="-") the line is still an output. A reader in SD mode needs a resource of its own, with the same pins.
#
# Seen: amaranth 0.5.10, amaranth-boards 0.0.21
#   sd_card_4bit of ULX3S_85F_Platform: clk o, cmd o, dat io
#   request with cmd as io: ValueError
#   bare port cmd: Direction.Output
set -eu
self=$(realpath "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check amaranth==0.5.10 amaranth-boards==0.0.21 "setuptools<81"
cd "$work"
"$work/venv/bin/python" - > seen <<'PY'
from amaranth_boards.ulx3s import ULX3S_85F_Platform as Platform

platform = Platform()
pins = platform.lookup("sd_card_4bit", 0)
print(f"sd_card_4bit of {Platform.__name__}:", ", ".join(f"{pin.name} {pin.ios[0].dir}" for pin in pins.ios
                                                           if pin.name in ("clk", "cmd", "dat")))
try:
    platform.request("sd_card_4bit", 0, dir={"cmd": "io", "dat": "i", "clk": "o"})
except Exception as error:
    print("request with cmd as io:", type(error).__name__)
else:
    print("request with cmd as io: accepted")
print("bare port cmd:", Platform().request("sd_card_4bit", 0, dir="-").cmd.direction)
PY
cat seen
sed -n 's/^#   //p' "$self" | diff - seen
