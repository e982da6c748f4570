"""Stripes of codes, one code after another."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import StoredCode
from gateware.stream.lut_fifo import LutFifo
from gateware.stream.skid_buffer import SkidBuffer

__all__ = ["CodeSerialiser"]

_DEPTH = 16


class CodeSerialiser(wiring.Component):
    """Sends the codes of stripes one per cycle, with back-pressure, the first one three cycles after its stripe.

    Stripes come out of a pipeline that cannot wait, so each has to be announced with ``reserve`` when it
    enters that pipeline, which is allowed while there is ``room`` in the queue of 16 stripes.

    Parameters
    ----------
    lanes : int
        Codes of a stripe, a power of two.

    Members
    -------
    room : Out(1)
        Another stripe may be reserved. Depends on registers only.
    reserve : In(1)
    valid, last : In(1)
        A stripe that was reserved earlier; it is the last of the pass.
    stripe : In(ArrayLayout(signed(16), lanes))
    last_lane : In
        The last code of the last stripe. Constant during a pass.
    scale : In(32)
        Scale of all codes, fp32. Constant while a code is waiting.
    codes : Out(stream of StoredCode)
        Its handshake outputs are registers.
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
            "stripe": In(data.ArrayLayout(signed(16), lanes)),
            "last_lane": In(range(lanes)),
            "scale": In(32),
            "codes": Out(stream.Signature(StoredCode)),
            "done": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._lanes
        layout = data.StructLayout({"stripe": data.ArrayLayout(signed(16), lanes), "last": 1})
        m.submodules.queue = queue = LutFifo(shape=layout, depth=_DEPTH)
        # The stripe whose codes leave, the next one in its low bits, and how many come after that.
        stripe, valid = Signal(layout, reset_less=True), Signal()
        left = Signal(range(lanes), reset_less=True)
        free = Signal(range(_DEPTH + 1), init=_DEPTH)
        m.submodules.output = output = SkidBuffer(shape=data.StructLayout({"code": signed(16), "last": 1}))
        accepted = output.i.valid & output.i.ready
        m.d.comb += [
            queue.i.valid.eq(self.valid),
            queue.i.payload.stripe.eq(self.stripe),
            queue.i.payload.last.eq(self.last),
            output.i.valid.eq(valid),
            output.i.p.code.eq(stripe.stripe[0]),
            output.i.p.last.eq(stripe.last & (left == 0)),
            queue.o.ready.eq(~valid | output.i.ready & (left == 0)),
            self.codes.valid.eq(output.o.valid),
            self.codes.p.code.eq(output.o.p.code),
            self.codes.p.last.eq(output.o.p.last),
            self.codes.p.scale.eq(self.scale),
            output.o.ready.eq(self.codes.ready),
            self.done.eq(self.codes.valid & self.codes.ready & self.codes.p.last),
        ]
        with m.If(queue.o.ready):
            m.d.sync += [
                valid.eq(queue.o.valid),
                stripe.eq(queue.o.payload),
                left.eq(Mux(queue.o.p.last, self.last_lane, lanes - 1)),
            ]
        with m.Elif(accepted):
            m.d.sync += [Cat(*stripe.stripe).eq(Cat(*stripe.stripe[1:])), left.eq(left - 1)]
        m.d.sync += [
            free.eq(free + (queue.o.valid & queue.o.ready) - self.reserve),
            self.room.eq(free > 1),  # Even if one is reserved just now.
        ]
        return m
