"""Groups of codes, one code after another."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import StoredCode
from gateware.stream.lut_fifo import LutFifo

__all__ = ["CodeSerialiser"]

_DEPTH = 16


class CodeSerialiser(wiring.Component):
    """Sends the codes of groups one per cycle, with back-pressure.

    Groups come out of a pipeline that cannot wait, so each has to be announced with ``reserve`` when it
    enters that pipeline, which is allowed while there is ``room`` in the queue of 16 groups.

    Parameters
    ----------
    lanes : int
        Codes of a group, a power of two.

    Members
    -------
    room : Out(1)
        Another group may be reserved. Depends on registers only.
    reserve : In(1)
    valid, last : In(1)
        A group that was reserved earlier; it is the last of the pass.
    group : In(ArrayLayout(signed(16), lanes))
    last_lane : In
        The last code of the last group. Constant during a pass.
    scale : In(32)
        Scale of all codes, fp32. Constant while a code is waiting.
    codes : Out(stream of StoredCode)
    done : Out(1)
        The last code is being handed over.
    """

    def __init__(self, *, lanes):
        self._lanes = lanes
        super().__init__({
            "room": Out(1),
            "reserve": In(1),
            "valid": In(1),
            "last": In(1),
            "group": In(data.ArrayLayout(signed(16), lanes)),
            "last_lane": In(range(lanes)),
            "scale": In(32),
            "codes": Out(stream.Signature(StoredCode)),
            "done": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._lanes
        layout = data.StructLayout({"group": data.ArrayLayout(signed(16), lanes), "last": 1})
        m.submodules.queue = queue = LutFifo(shape=layout, depth=_DEPTH)
        lane = Signal(range(lanes))
        free = Signal(range(_DEPTH + 1), init=_DEPTH)
        head, code = queue.o.payload, self.codes.payload
        accepted = self.codes.valid & self.codes.ready
        m.d.comb += [
            queue.i.valid.eq(self.valid),
            queue.i.payload.group.eq(self.group),
            queue.i.payload.last.eq(self.last),
            self.codes.valid.eq(queue.o.valid),
            code.code.eq(head.group[lane]),
            code.scale.eq(self.scale),
            code.last.eq(head.last & (lane == self.last_lane)),
            queue.o.ready.eq(self.codes.ready & (code.last | (lane == lanes - 1))),
            self.done.eq(accepted & code.last),
        ]
        with m.If(accepted):
            m.d.sync += lane.eq(Mux(code.last, 0, lane + 1))
        m.d.sync += [
            free.eq(free + (queue.o.valid & queue.o.ready) - self.reserve),
            self.room.eq(free > 1),  # Even if one is reserved just now.
        ]
        return m
