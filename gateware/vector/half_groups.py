"""Groups of elements, half a group at a time."""

from amaranth.hdl import Cat, Module, Mux
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.numeric.delay import delay

__all__ = ["HalfGroups"]


class HalfGroups(wiring.Component):
    """The two halves of a group, one after the other.

    Groups must come two cycles apart at least. The lower half leaves in the cycle in which the group arrives, the
    upper half in the next one; no flow control.

    Parameters
    ----------
    lanes : int
        Elements of a group, even.

    Members
    -------
    arrives : In(1)
        A group.
    group : In(ArrayLayout(32, lanes))
    half : Out(ArrayLayout(32, lanes // 2))
    """

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "arrives": In(1),
            "group": In(data.ArrayLayout(32, lanes)),
            "half": Out(data.ArrayLayout(32, lanes // 2)),
        })

    def elaborate(self, platform):
        m = Module()
        elements = list(self.group)
        lower, upper = Cat(elements[:self._lanes // 2]), Cat(elements[self._lanes // 2:])
        m.d.comb += self.half.as_value().eq(Mux(self.arrives, lower, delay(m, upper, name="upper")))
        return m
