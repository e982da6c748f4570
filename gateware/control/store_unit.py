"""Takes codes and elements of the vector unit to DRAM."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.layouts import ElementWrite, StoreCommand, StoredCode, StoredElement

__all__ = ["StoreUnit"]


class StoreUnit(wiring.Component):
    """Writes the fp32 elements of a pass, or its codes, of 2 bytes, a byte, or half a byte, and then their fp32 scale.

    Element or code i goes to ``base + i * stride``, the scale to ``scale_address``. Codes of 4 bits, an even number of
    them, go in pairs, the first one in the lower half: 2i and 2i + 1 to ``base + i * stride``. So no byte has to
    be read. One element or code per cycle, one more cycle for the scale.

    Members
    -------
    command : In(stream of StoreCommand)
        ``ready`` is a register.
    codes : In(stream of StoredCode)
    elements : In(stream of StoredElement)
    writes : Out(stream of ElementWrite)
        From registers; the scale, or the last element, has ``last``.
    done : Out(1)
        Pulse: that one has been accepted.
    """

    command: In(stream.Signature(StoreCommand))
    codes: In(stream.Signature(StoredCode))
    elements: In(stream.Signature(StoredElement))
    writes: Out(stream.Signature(ElementWrite))
    done: Out(1)

    def elaborate(self, platform):
        m = Module()
        address = Signal(32, reset_less=True)  # of the next element or code
        stride = Signal(24, reset_less=True)
        scale_address = Signal(32, reset_less=True)
        code_bits = Signal.like(self.command.p.code_bits, reset_less=True)
        scale = Signal(32, reset_less=True)
        # A command executes; its codes or its elements are expected; its scale comes next.
        active, taking_codes, taking_elements, ending = Signal(), Signal(), Signal(), Signal()
        # Of a pair of codes: the first one has come, and is this.
        second, first = Signal(), Signal(4, reset_less=True)
        free = Signal()
        code = self.codes.p.code.as_unsigned()
        paired = code_bits == 4
        m.d.comb += [
            self.command.ready.eq(~active),
            free.eq(~self.writes.valid | self.writes.ready),
            self.codes.ready.eq(taking_codes & free),
            self.elements.ready.eq(taking_elements & free),
            self.done.eq(self.writes.valid & self.writes.ready & self.writes.p.last),
        ]
        with m.If(self.command.valid & ~active):
            m.d.sync += [
                active.eq(1),
                taking_codes.eq(~self.command.p.elements),
                taking_elements.eq(self.command.p.elements),
                address.eq(self.command.p.base),
                stride.eq(self.command.p.stride),
                scale_address.eq(self.command.p.scale_address),
                code_bits.eq(self.command.p.code_bits),
            ]
        with m.If(free):
            m.d.sync += self.writes.valid.eq(ending)
        with m.If(free & ending):
            m.d.sync += [
                self.writes.p.address.eq(scale_address),
                self.writes.p.data.eq(scale),
                self.writes.p.size.eq(2),
                self.writes.p.last.eq(1),
                ending.eq(0),
            ]
        with m.If(self.codes.valid & self.codes.ready):
            m.d.sync += [
                second.eq(paired & ~second),
                first.eq(code),
                self.writes.p.address.eq(address),
                self.writes.p.data.eq(Mux(paired, Cat(first, code[:4]), Mux(code_bits == 8, code[:8], code))),
                self.writes.p.size.eq(code_bits == 16),
                self.writes.p.last.eq(0),
                taking_codes.eq(~self.codes.p.last),
                ending.eq(self.codes.p.last),
                scale.eq(self.codes.p.scale),
            ]
            with m.If(~paired | second):
                m.d.sync += [self.writes.valid.eq(1), address.eq(address + stride)]
        with m.If(self.elements.valid & self.elements.ready):
            m.d.sync += [
                self.writes.valid.eq(1),
                self.writes.p.address.eq(address),
                self.writes.p.data.eq(self.elements.p.value),
                self.writes.p.size.eq(2),
                self.writes.p.last.eq(self.elements.p.last),
                taking_elements.eq(~self.elements.p.last),
                address.eq(address + stride),
            ]
        with m.If(self.done):
            m.d.sync += active.eq(0)
        return m
