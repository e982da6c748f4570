"""Takes codes of the vector unit to the KV cache."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import ElementWrite, StoreCommand, StoredCode

__all__ = ["StoreUnit"]


class StoreUnit(wiring.Component):
    """Writes the codes of a pass, 2 bytes each, and after them their scale as fp32.

    Code i goes to ``base + i * stride``; the scale ``2**exponent`` to ``scale_address``, as 0 where it would
    be below the normal numbers (exponents below -126). Exponents above 127 do not occur: codes of 16 bits
    represent fp32 numbers with exponents up to 127 - 14. One code per cycle, one more cycle for the scale.

    On ECP5: 100 LUT4, 24 CCU2C, 157 FF.

    Members
    -------
    command : In(stream of StoreCommand)
        ``ready`` is a register.
    codes : In(stream of StoredCode)
    writes : Out(stream of ElementWrite)
        From registers; the scale has ``last``.
    done : Out(1)
        Pulse: the scale has been accepted.
    """

    command: In(stream.Signature(StoreCommand))
    codes: In(stream.Signature(StoredCode))
    writes: Out(stream.Signature(ElementWrite))
    done: Out(1)

    def elaborate(self, platform):
        m = Module()
        address = Signal(32, reset_less=True)  # of the next code, in the end of the scale
        stride = Signal(24, reset_less=True)
        scale_address = Signal(32, reset_less=True)
        exponent = Signal(8, reset_less=True)  # as fp32 has it
        # A command executes; its codes are expected; its scale comes next.
        active, taking, scale = Signal(), Signal(), Signal()
        free = Signal()
        m.d.comb += [
            self.command.ready.eq(~active),
            free.eq(~self.writes.valid | self.writes.ready),
            self.codes.ready.eq(taking & free),
            self.done.eq(self.writes.valid & self.writes.ready & self.writes.p.last),
        ]
        with m.If(self.command.valid & ~active):
            m.d.sync += [
                active.eq(1),
                taking.eq(1),
                address.eq(self.command.p.base),
                stride.eq(self.command.p.stride),
                scale_address.eq(self.command.p.scale_address),
            ]
        with m.If(free):
            m.d.sync += self.writes.valid.eq(scale)
        with m.If(free & scale):
            m.d.sync += [
                self.writes.p.address.eq(scale_address),
                self.writes.p.data.eq(exponent << 23),
                self.writes.p.wide.eq(1),
                self.writes.p.last.eq(1),
                scale.eq(0),
            ]
        with m.If(self.codes.valid & self.codes.ready):
            m.d.sync += [
                self.writes.valid.eq(1),
                self.writes.p.address.eq(address),
                self.writes.p.data.eq(self.codes.p.code.as_unsigned()),
                self.writes.p.wide.eq(0),
                self.writes.p.last.eq(0),
                address.eq(address + stride),
                taking.eq(~self.codes.p.last),
                scale.eq(self.codes.p.last),
                exponent.eq(Mux(self.codes.p.exponent > -127, self.codes.p.exponent + 127, 0)),
            ]
        with m.If(self.done):
            m.d.sync += active.eq(0)
        return m
