"""What the gateware computes, bit for bit, in NumPy: one definition of every arithmetic operation.

The hardware is tested against these functions, the golden model executes programs with them, packing and compiling
use them. They are the ground floor: they import the instruction set (`gateware.isa`) and nothing else of Celosia, and
nothing that imports them needs Amaranth.
"""
