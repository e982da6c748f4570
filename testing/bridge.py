"""The bridge of a link with its DRAM, simulated: a board without an accelerator."""

import gateware.dma
import gateware.stream
import soc.link
from sim.byte_board import ByteBoard
from sim.compile import compile_design, source_key
from sim.dram import Dram
from sim.linked import LinkedSimulation
from soc.link.bridge import LinkBridge

__all__ = ["SimulatedBridge"]


class SimulatedBridge(ByteBoard):
    """:class:`soc.link.bridge.LinkBridge` as a stream of bytes, with the members of `sim.board.SimulatedBoard`.

    Several times as fast as a whole board, and compiled in seconds.

    Parameters
    ----------
    content : numpy.ndarray
        Of the memory, see :class:`sim.dram.Dram`.
    bus_bits : int
    identity : int
        See :class:`soc.link.bridge.LinkBridge`.
    link_stalls : float
        Probability that the streams of bytes are held back in a cycle.
    seed : int
        Of these stalls.
    dram : dict
        Other parameters of the :class:`sim.dram.Dram`.

    Attributes
    ----------
    content, hertz, patience
        See :class:`sim.board.SimulatedBoard`.
    busy : bool
        What the bridge takes the accelerator for; set it.
    """

    hertz = 75e6
    patience = 64

    def __init__(self, content, *, bus_bits, identity=0, link_stalls=0.0, seed=0, dram=None):
        self.content = content
        memory = Dram(content, bus_bits=bus_bits, **(dram or {}))
        library = compile_design(
            lambda: LinkBridge(identity=identity, bus_bits=bus_bits, memory_bytes=memory.size), name="bridge",
            key=source_key(gateware, soc.link, parameters=(identity, bus_bits, memory.size)))
        super().__init__(LinkedSimulation(library, dram=memory, stall_probability=link_stalls, seed=seed))

    @property
    def busy(self):
        return bool(self._sim.get("control__busy"))

    @busy.setter
    def busy(self, busy):
        self._sim.set("control__busy", int(busy))
