"""Simulation: compiled (CXXRTL) and interpreted, and models of DRAM."""
