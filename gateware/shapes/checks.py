"""What shapes have in common: how a parameter is checked and named."""

__all__ = ["BUS_BITS", "VECTOR_LANES", "check_bus", "check_power", "check_vector_lanes", "require"]

BUS_BITS = (32, 64, 128, 256)
"""Widths that a beat on a memory port may have."""

VECTOR_LANES = (2, 4, 8, 16)
"""Elements of a stripe: those that the vector unit computes, and the x-buffer takes, in a cycle."""


def require(condition, owner, name, rule, value):
    """Refuse a parameter.

    Raises
    ------
    ValueError
        Unless ``condition`` holds: ``owner: name must be rule, not value``.
    """
    if not condition:
        raise ValueError(f"{owner}: {name} must be {rule}, not {value!r}")


def check_bus(owner, bus_bits):
    """Refuse a width of the bus that is none of :data:`BUS_BITS`."""
    require(bus_bits in BUS_BITS, owner, "bus_bits", "32, 64, 128 or 256", bus_bits)


def check_vector_lanes(owner, name, lanes):
    """Refuse a number of elements in a stripe that is none of :data:`VECTOR_LANES`."""
    require(lanes in VECTOR_LANES, owner, name, "2, 4, 8 or 16", lanes)


def check_power(owner, name, value, least):
    """Refuse what is no power of two of at least ``least``."""
    require(isinstance(value, int) and value >= least and value & value - 1 == 0, owner, name,
            f"a power of two of at least {least}", value)
