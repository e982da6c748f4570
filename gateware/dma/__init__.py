"""Burst read and write engines between the DRAM ports and the streams inside.

Figures in docstrings are estimates of ``synth_ecp5; stat`` (Yosys 0.70), assertions removed, the unit alone.
"""
