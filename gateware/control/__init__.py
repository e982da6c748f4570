"""From the program in DRAM to commands for the units: fetch, memory side, dispatch, what follows the units.

Figures in docstrings are estimates of ``synth_ecp5; stat`` (Yosys 0.70), assertions removed, the unit alone.
"""
