"""The board's card slot: from an SD card into DRAM."""
