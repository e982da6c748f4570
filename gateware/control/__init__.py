"""From the program in DRAM to commands for the units: fetch, memory side, dispatch, what follows the units."""
