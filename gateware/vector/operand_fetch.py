"""Where the operands of a pass come from: scratchpad, scalars, immediates, the stream."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.isa import Function, Reduce, Sink, Source
from gateware.layouts import VectorCommand
from gateware.numeric.delay import delay
from gateware.numeric.fp32_multiply import Fp32Multiply
from gateware.vector.control_delay import control_delay
from gateware.vector.scratchpad import Scratchpad
from gateware.vector.stream_operand import StreamOperand

__all__ = ["OperandFetch"]

_FLIGHT = 16
_SCALAR_BITS = 6


class OperandFetch(wiring.Component):
    """Hands the operands of a pass to the lanes, stripe by stripe.

    The scratchpad gives one stripe per cycle, so a stripe leaves every ``max(1, number of SCRATCHPAD
    operands)`` cycles (``half_interval``, ``sum_interval`` or ``lanes`` at least where these apply), later if the
    stream has none or ``hold`` is set. The first ``fire`` comes ``LATENCY + max(1, number of SCRATCHPAD operands)``
    cycles after ``start``.

    c is wanted only when the product is there; it waits in LUT RAM, 16 stripes deep.

    Parameters
    ----------
    lanes, bus_bits : int
        Elements of a stripe, bits of a beat.
    half_interval, sum_interval : int
        Least number of cycles between stripes of a pass with a function or a reduction, and of one that takes a sum.
        One into DRAM takes ``lanes``.

    Members
    -------
    start : In(1)
        A pass begins with ``command``. The previous one has handed over its last stripe.
    command : In(VectorCommand)
        Looked at with ``start``.
    operand : In(stream of bus_bits)
    scalar_enable, scalar_address : Out
    scalar_data : In(32)
        A scalar register, ``BlockRam.LATENCY`` cycles after its address.
    read_enable, read_stripe : Out
    read_data : In(ArrayLayout(32, lanes))
        A stripe of the scratchpad, ``Scratchpad.LATENCY`` cycles after its address.
    hold : In(1)
        No stripe may leave.
    leaves : Out(1)
        A stripe is about to: its operands have been requested.
    fire, last : Out(1)
        A stripe begins; it is the last of the pass.
    a, b : Out(ArrayLayout(32, lanes))
        Together with ``fire``.
    c : Out(ArrayLayout(32, lanes))
        ``Fp32Multiply.LATENCY`` cycles after ``fire``.
    """

    LATENCY = Scratchpad.LATENCY + 1

    def __init__(self, *, lanes, bus_bits, half_interval, sum_interval):
        self._lanes, self._bus_bits = lanes, bus_bits
        self._half_interval, self._sum_interval = half_interval, sum_interval
        stripe = data.ArrayLayout(32, lanes)
        super().__init__({
            "start": In(1),
            "command": In(VectorCommand),
            "operand": In(stream.Signature(bus_bits)),
            "scalar_enable": Out(1),
            "scalar_address": Out(_SCALAR_BITS),
            "scalar_data": In(32),
            "read_enable": Out(1),
            "read_stripe": Out(20),
            "read_data": In(stripe),
            "hold": In(1),
            "leaves": Out(1),
            "fire": Out(1),
            "last": Out(1),
            "a": Out(stripe),
            "b": Out(stripe),
            "c": Out(stripe),
        })

    def elaborate(self, platform):
        m = Module()
        lanes = self._lanes
        lane_bits = (lanes - 1).bit_length()
        command = self.command

        # Fields of the pass. The address bits of a, b and c count up while the pass reads the scratchpad.
        a, b, c = Signal(20, reset_less=True), Signal(32, reset_less=True), Signal(32, reset_less=True)
        b_first, b_wrap = Signal(20, reset_less=True), Signal(12, reset_less=True)
        a_scalar, c_scalar, c_scratchpad = (
            Signal(reset_less=True, name=name) for name in ("a_scalar", "c_scalar", "c_scratchpad"))
        b_from = {source: Signal(reset_less=True, name=f"b_from_{source.name.lower()}") for source in Source}
        a_swap = Signal(reset_less=True)
        with m.If(self.start):
            m.d.sync += [
                a.eq(command.a), b.eq(command.b), c.eq(command.c),
                b_first.eq(command.b), b_wrap.eq(command.b_wrap),
                a_scalar.eq(command.a_source == Source.SCALAR),
                c_scalar.eq(command.c_source == Source.SCALAR),
                c_scratchpad.eq(command.c_source == Source.SCRATCHPAD),
                a_swap.eq(command.a_swap),
            ]
            m.d.sync += [flag.eq(command.b_source == source) for source, flag in b_from.items()]

        # Beats arrive on their own.
        m.submodules.stream = beats = StreamOperand(lanes=lanes, bus_bits=self._bus_bits)
        wiring.connect(m, wiring.flipped(self.operand), beats.beats)
        m.d.comb += [
            beats.start.eq(self.start),
            beats.length.eq(Mux(command.b_source == Source.STREAM, command.length, 0)),
        ]

        # A stripe takes a cycle for each read of the scratchpad, or more. `sources` has a bit for each read, `others`
        # one for each cycle after the first, shifted out as they pass: so a register says which is the last.
        sources = Cat(source == Source.SCRATCHPAD
                      for source in (command.a_source, command.b_source, command.c_source))
        reads = sources[0] + sources[1] + sources[2]
        halves = (command.function != Function.IDENTITY) | (command.reduce != Reduce.NONE)
        sums = command.reduce == Reduce.SUM
        single = command.sink == Sink.MEMORY
        others = Cat((reads > number) | halves & (self._half_interval > number) | sums & (self._sum_interval > number)
                     | single & (lanes > number)
                     for number in range(1, max(len(sources), self._half_interval, self._sum_interval, lanes)))
        sources_of_pass, others_of_pass = Signal.like(sources), Signal.like(others)
        sources_left, others_left = Signal.like(sources), Signal.like(others)
        stripes_left = Signal(20 - lane_bits, reset_less=True)
        running = Signal()
        go, final = Signal(), Signal()
        m.d.comb += [
            final.eq(~others_left[0]),
            go.eq(running & (~b_from[Source.STREAM] | beats.available) & ~self.hold),
            self.leaves.eq(go & final),
            beats.reserve.eq(self.leaves & b_from[Source.STREAM]),
        ]
        with m.If(self.start):
            m.d.sync += [
                running.eq(1),
                sources_of_pass.eq(sources),
                sources_left.eq(sources),
                others_of_pass.eq(others),
                others_left.eq(others),
                stripes_left.eq((command.length - 1)[lane_bits:20]),
            ]
        with m.Elif(go):
            m.d.sync += [
                sources_left.eq(Mux(final, sources_of_pass, sources_left & (sources_left - 1))),
                others_left.eq(Mux(final, others_of_pass, others_left >> 1)),
            ]
            with m.If(final):
                m.d.sync += [
                    stripes_left.eq(stripes_left - 1),
                    running.eq(stripes_left != 0),
                ]

        # Reads of the scratchpad.
        read = Signal(3)
        wraps = Signal()
        wrap_left = Signal(12 - lane_bits, reset_less=True)
        m.d.comb += [
            read.eq(Mux(go, sources_left & ~(sources_left - 1), 0)),
            self.read_enable.eq(read.any()),
            self.read_stripe.eq(Mux(read[0], a[lane_bits:], Mux(read[1], b[lane_bits:20], c[lane_bits:20]))),
            wraps.eq((b_wrap != 0) & (wrap_left == 1)),
        ]
        for selected, field in zip(read, (a, b, c)):
            with m.If(selected):
                m.d.sync += field[lane_bits:20].eq(field[lane_bits:20] + 1)
        with m.If(read[1]):
            m.d.sync += wrap_left.eq(Mux(wraps, b_wrap[lane_bits:], wrap_left - 1))
            with m.If(wraps):
                m.d.sync += b[lane_bits:20].eq(b_first[lane_bits:20])
        with m.If(self.start):
            m.d.sync += wrap_left.eq(command.b_wrap[lane_bits:])

        # What arrives.
        arrives = Signal(5)
        m.d.comb += arrives.eq(control_delay(
            m, Cat(read, go & final, stripes_left == 0), Scratchpad.LATENCY, name="arrives"))
        m.d.sync += [
            self.fire.eq(arrives[3]),
            self.last.eq(arrives[4]),
        ]
        m.d.comb += beats.take.eq(arrives[3] & b_from[Source.STREAM])

        # Scalars are read while the first stripe is on its way: a, then b, then c.
        setup = Signal(4)
        m.d.sync += setup.eq(Cat(self.start, setup[:-1]))
        m.d.comb += [
            self.scalar_enable.eq(self.start | setup[:2].any()),
            self.scalar_address.eq(Mux(self.start, command.a, Mux(setup[0], b, c))),
        ]
        load_a, load_b, load_c = (setup[BlockRam.LATENCY - 1 + index] for index in range(3))

        constant_c = Signal(32, reset_less=True)
        with m.If(load_c):
            m.d.sync += constant_c.eq(Mux(c_scalar, self.scalar_data, c))
        write_c, read_c = Signal(range(_FLIGHT)), Signal(range(_FLIGHT))
        m.d.sync += [
            write_c.eq(write_c + arrives[2]),
            # One cycle early, for the register of c.
            read_c.eq(read_c + control_delay(m, self.fire, Fp32Multiply.LATENCY - 1, name="fire")),
        ]
        with m.If(self.start):
            m.d.sync += [write_c.eq(0), read_c.eq(0)]

        # For the lanes, many, one cycle later; they need them later still.
        b_from = {source: delay(m, flag, name=f"b_from_{source.name.lower()}")
                  for source, flag in b_from.items()}
        for lane in range(lanes):
            value_a = Signal(32, name=f"value_a_{lane}")
            constant_b = Signal(32, name=f"constant_b_{lane}")
            register_a = Signal(32, reset_less=True, name=f"register_a_{lane}")
            register_b = Signal(32, reset_less=True, name=f"register_b_{lane}")
            register_c = Signal(32, reset_less=True, name=f"register_c_{lane}")
            m.d.comb += [
                value_a.eq(Mux(a_scalar, self.scalar_data,
                               Mux(a_swap, self.read_data[lane ^ 1], self.read_data[lane]))),
                constant_b.eq(Mux(b_from[Source.SCALAR], self.scalar_data, b)),
                self.a[lane].eq(register_a),
                self.b[lane].eq(register_b),
            ]
            with m.If(load_a & a_scalar | arrives[0]):
                m.d.sync += register_a.eq(value_a)
            with m.If(b_from[Source.SCRATCHPAD]):
                with m.If(arrives[1]):
                    m.d.sync += register_b.eq(self.read_data[lane])
            with m.Elif(b_from[Source.STREAM]):
                with m.If(arrives[3]):
                    m.d.sync += register_b.eq(beats.stripe[lane])
            with m.Elif(b_from[Source.SAME]):
                with m.If(load_a & a_scalar | arrives[0]):
                    m.d.sync += register_b.eq(value_a)
            with m.Elif(load_b):
                m.d.sync += register_b.eq(constant_b)

            m.submodules[f"queue_c_{lane}"] = queue = memory.Memory(shape=32, depth=_FLIGHT, init=[])
            write, read_port = queue.write_port(), queue.read_port(domain="comb")
            m.d.comb += [
                write.en.eq(arrives[2]),
                write.addr.eq(write_c),
                write.data.eq(self.read_data[lane]),
                read_port.addr.eq(read_c),
                self.c[lane].eq(register_c),
            ]
            m.d.sync += register_c.eq(Mux(c_scratchpad, read_port.data, constant_c))
        return m
