"""Flow control: skid buffers and FIFOs of `amaranth.lib.stream`."""
