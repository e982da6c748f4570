"""Arithmetic: fp32 units, block floating point and multipliers. `gateware.exact` has their functions in NumPy.

Every unit is a free-running pipeline: one result per cycle, ``LATENCY`` cycles later, no flow
control. Users delay by `gateware.numeric.delay.delay` what has to stay beside it.
"""
