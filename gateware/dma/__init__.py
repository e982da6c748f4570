"""Burst read and write engines between the memory port and the streams inside."""
