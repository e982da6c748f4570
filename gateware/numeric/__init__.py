"""Arithmetic: fp32 units, block floating point and multipliers. `gateware.exact` has their functions in NumPy.

Every unit is a free-running pipeline: one result per cycle, ``LATENCY`` cycles later, no flow
control. Users delay by `gateware.numeric.delay.delay` what has to stay beside it.

Figures in the units' docstrings are estimates of ``synth_ecp5; stat`` (Yosys 0.70) and the slowest of
``nextpnr-ecp5 --85k --speed 6 --seed 1..3``, the unit alone with registers around it.
"""
