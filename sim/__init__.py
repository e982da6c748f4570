"""Simulation: compiled (CXXRTL) and interpreted, DRAM models, and helpers that the tests share."""
