"""The registers that carry the link's bytes where host and board share a bus: `soc.link.axi_port` has them."""

__all__ = ["DATA", "LEVELS", "VALID_BIT"]

DATA, LEVELS = 0, 4
"""Byte addresses of the registers."""
VALID_BIT = 8
"""Of DATA: the low 8 bits are a byte."""
