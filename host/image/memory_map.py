"""Allocation of DRAM."""

__all__ = ["ALIGNMENT", "MemoryMap"]

ALIGNMENT = 128
"""Bytes that every region starts on: a multiple of the widest bus word."""


class MemoryMap:
    """Named regions one after another.

    Parameters
    ----------
    start : int
        First free byte.

    Attributes
    ----------
    regions : dict of str to range
        Bytes of each region, by each of its names.
    size : int
        End of the last region.
    """

    def __init__(self, start):
        self.regions = {}
        self.size = start

    def add(self, name, size):
        """Reserve ``size`` bytes and return their address."""
        address = self.size + -self.size % ALIGNMENT
        self.regions[name] = range(address, address + size)
        self.size = address + size
        return address

    def share(self, name, other):
        """Give the bytes of another region a second name."""
        self.regions[name] = self.regions[other]

    def address(self, name):
        """First byte of a region."""
        return self.regions[name].start

    def region_at(self, address):
        """Name of the region that holds a byte, or None."""
        return next((name for name, region in self.regions.items() if address in region), None)
