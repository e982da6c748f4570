"""Kinds of cycles: those of instructions, and none."""

from host.compiler.kind import Kind

__all__ = ["BETWEEN", "KINDS"]

BETWEEN = "between"
"""Kind of the cycles in which no unit executes anything."""

KINDS = (*(kind.value for kind in Kind), BETWEEN)
"""In the order in which reports list them."""
