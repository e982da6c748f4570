"""From a design to counts, clocks and bitstreams, through yosys and nextpnr."""
