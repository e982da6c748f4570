"""Burst read and write engines between the DRAM ports and the streams inside."""
