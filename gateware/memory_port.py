"""The port behind which the DRAM lies."""

from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import BurstRequest, WriteBeat

__all__ = ["MemoryPort"]


def MemoryPort(bus_bits):
    """Bursts of bus words to and from DRAM, as who asks for them sees it; what serves them has ``In(MemoryPort(...))``.

    Words of reads come in the order of the requests, and all words of a burst follow one another. Bursts are written
    in the order of the requests; their data may be offered before the request is taken or after it, and each burst is
    reported once, in order. A read that is requested after the report of a write sees what was written. Nothing is
    said of the order of a read and a write that has not been reported. What is offered stays until it is taken.

    Parameters
    ----------
    bus_bits : int
        Width of a bus word.

    Members
    -------
    read_request : Out(stream of BurstRequest)
    read_data : In(stream of bus_bits)
        The words of every burst that has been requested.
    write_request : Out(stream of BurstRequest)
    write_data : Out(stream of WriteBeat)
        A beat for each word of the bursts.
    write_done : In(1)
        Pulse: a burst has been written.
    """
    return wiring.Signature({
        "read_request": Out(stream.Signature(BurstRequest)),
        "read_data": In(stream.Signature(bus_bits)),
        "write_request": Out(stream.Signature(BurstRequest)),
        "write_data": Out(stream.Signature(WriteBeat(bus_bits))),
        "write_done": In(1),
    })
