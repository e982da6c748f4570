"""What a token sees through a window, and where that lies in a ring."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.isa import GROUP, VECTOR_CODES
from gateware.layouts import HIDDEN_BITS, InstructionLayout

__all__ = ["WindowResolver"]

_SHIFT = (VECTOR_CODES - 1).bit_length()
_POSITION_BITS = 16
_VECTOR_BITS = _POSITION_BITS - _SHIFT


class WindowResolver(wiring.Component):
    """Computes what :class:`gateware.window.Window` says, and the pieces of a line.

    Nobody waits for it but the instructions that have a window or sinks: ``done`` comes 17 cycles after ``start``, of
    which the place in the ring, a remainder, takes 11. Then all outputs are there, as long as the inputs stay.

    Members
    -------
    instruction : In(InstructionLayout)
    position, here : In(16)
        That of the first token of the group, and of the instruction's token.
    storing : In(1)
        The instruction stores. All this from ``start`` on.
    start : In(1)
    done : Out(1)
        Pulse.
    applies : Out(1)
        The instruction has a window or sinks. At once.
    rings : Out(1)
        It has a window. At once.
    last : Out(16)
        The last element that things grow to; of an instruction that stores nothing that one would have.
    first, skip : Out(8)
        First element of the window; the element with which rows that grow begin, 0 for all else.
    last_row : Out(signed 17)
        The last row that grows.
    place : Out(16)
        Place in DRAM of the last element.
    next : In(1)
        Go to the next piece of a line; ``start`` goes to the first one. ``bound`` follows after two cycles.
    more : Out(1)
        There is another one.
    begins : In(1)
    bound : Out(16)
        The first place of the piece if ``begins``, else the number of its positions, less one.
    """

    instruction: In(InstructionLayout)
    position: In(_POSITION_BITS)
    here: In(_POSITION_BITS)
    storing: In(1)
    start: In(1)
    done: Out(1)
    applies: Out(1)
    rings: Out(1)
    last: Out(_POSITION_BITS)
    first: Out(HIDDEN_BITS)
    skip: Out(HIDDEN_BITS)
    last_row: Out(signed(_POSITION_BITS + 1))
    place: Out(_POSITION_BITS)
    next: In(1)
    more: Out(1)
    begins: In(1)
    bound: Out(_POSITION_BITS)

    def elaborate(self, platform):
        m = Module()
        word = self.instruction
        front = Signal(range((1 << len(word.sinks)) // VECTOR_CODES + 1), reset_less=True)     # whole vectors
        m.d.comb += [
            self.rings.eq(word.window != 0),
            self.applies.eq(self.rings | (word.sinks != 0)),
        ]
        gone = self._positions(m, front)
        ring, turn = self._turn(m, gone)
        begin = Signal(HIDDEN_BITS, reset_less=True)
        m.d.sync += [
            front.eq(word.sinks[_SHIFT:] + word.sinks[:_SHIFT].any()),
            begin.eq(Mux(word.rows_grow, self.skip, front << _SHIFT)),
            self.last_row.eq(self.last - begin),
            self.place.eq(Cat(self.last[:_SHIFT], self.last[_SHIFT:] + turn)),
        ]
        self._pieces(m, front, begin, ring, turn)
        return m

    def _positions(self, m, front):
        """What has left, in vectors, and what that leaves: a step per cycle."""
        word = self.instruction
        own = Signal(_POSITION_BITS, reset_less=True)
        following = Signal(_POSITION_BITS + 2, reset_less=True)
        edge = Signal(_POSITION_BITS, reset_less=True)         # first position of the window, or the one that is stored
        gone = Signal(_VECTOR_BITS, reset_less=True)
        beyond = Signal(reset_less=True)                       # the token's position is not among the sinks
        least = Signal(HIDDEN_BITS, reset_less=True)
        before, over = Signal(signed(_POSITION_BITS + 2)), Signal(signed(_VECTOR_BITS + 1))
        m.d.comb += [
            before.eq(following[1:] - word.window),
            over.eq(edge[_SHIFT:] - front),
        ]
        m.d.sync += [
            own.eq(self.here),
            # The position plus one, of the group's first token for rows of K: a carry from below.
            following.eq(Cat(1, self.position) + Cat(1, Mux(word.rows_grow, 0, word.member))),
            edge.eq(Mux(self.storing, own, Mux(before < 0, 0, before))),
            gone.eq(Mux(~self.rings | (over < 0), 0, over)),
            self.first.eq(Cat(edge[:_SHIFT], Mux(over < 0, edge[_SHIFT:], front))),
            beyond.eq(own[len(word.sinks):].any() | (own[:len(word.sinks)] >= word.sinks)),
            self.last.eq(Mux(~self.rings & beyond, word.sinks - 1, Cat(own[:_SHIFT], own[_SHIFT:] - gone))),
            # Where something has left, the last one is as far beyond the sinks as the position.
            least.eq(Mux(beyond, word.sinks, self.last)),
            self.skip.eq(Mux(self.rings & word.rows_grow, Mux(self.first > least, self.first, least), 0)),
        ]
        return gone

    def _turn(self, m, gone):
        """``gone`` modulo the vectors of the ring, a bit per cycle; and the cycles of all that is computed here."""
        ring = Signal(_VECTOR_BITS + 1, reset_less=True)
        turn = Signal(_VECTOR_BITS, reset_less=True)
        bits = Signal(_VECTOR_BITS, reset_less=True)
        timer = Signal(range(_VECTOR_BITS))
        doubled, less = Signal(_VECTOR_BITS + 1), Signal(signed(_VECTOR_BITS + 2))
        m.d.comb += [doubled.eq(Cat(bits[-1], turn)), less.eq(doubled - ring)]
        m.d.sync += [
            ring.eq((self.instruction.window + (GROUP - 1 + VECTOR_CODES - 1)) >> _SHIFT),
            timer.eq(timer - 1),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += timer.eq(2)
                with m.If(self.start):
                    m.next = "LEAVE"
            with m.State("LEAVE"):
                m.d.sync += [bits.eq(gone), turn.eq(0)]
                with m.If(timer == 0):
                    m.d.sync += timer.eq(_VECTOR_BITS - 1)
                    m.next = "TURN"
            with m.State("TURN"):
                m.d.sync += [bits.eq(bits << 1), turn.eq(Mux(less < 0, doubled, less))]
                with m.If(timer == 0):
                    m.d.sync += timer.eq(2)
                    m.next = "PLACE"
            with m.State("PLACE"):
                with m.If(timer == 0):
                    m.d.comb += self.done.eq(1)
                    m.next = "IDLE"
        return ring, turn

    def _pieces(self, m, front, begin, ring, turn):
        """The pieces of a line: the first positions in place, the ring from where the line begins, the ring's start."""
        word = self.instruction
        number = Signal(range(3))
        # From where the line begins in the ring to its end: whole vectors but one, and the last place.
        room = Signal(_VECTOR_BITS + 1, reset_less=True)
        last_before_end = Signal(_POSITION_BITS + 2)
        last_beyond = Signal(signed(_POSITION_BITS + 2), reset_less=True)
        start = Signal(_POSITION_BITS, reset_less=True)
        end = Signal(_VECTOR_BITS + 1, reset_less=True)         # of the ring, in vectors
        in_ring, wraps = Signal(), Signal()
        m.d.comb += last_before_end.eq(Cat(~begin[:_SHIFT], room))
        m.d.sync += [
            end.eq(ring + front),
            room.eq(end + ~Cat(start[_SHIFT:], 0)),
            last_beyond.eq(self.last_row + (~last_before_end).as_signed()),
            start.eq(Cat(begin[:_SHIFT], begin[_SHIFT:] + turn)),
        ]
        with m.If(self.start):
            m.d.sync += number.eq(word.rows_grow | (word.sinks == 0))
        with m.Elif(self.next):
            m.d.sync += number.eq(number + 1)
        m.d.comb += [in_ring.eq(self.last_row >= 0), wraps.eq(last_beyond >= 0)]
        first, last = (Signal(_POSITION_BITS, reset_less=True, name=name) for name in ("first", "last"))
        with m.Switch(number):
            with m.Case(0):
                m.d.comb += self.more.eq(in_ring)
                m.d.sync += [first.eq(0), last.eq(Mux(in_ring, (front << _SHIFT) - 1, self.last))]
            with m.Case(1):
                m.d.comb += self.more.eq(wraps)
                m.d.sync += [first.eq(start), last.eq(Mux(wraps, last_before_end, self.last_row))]
            with m.Default():
                m.d.sync += [first.eq(front << _SHIFT), last.eq(last_beyond)]
        m.d.comb += self.bound.eq(Mux(self.begins, first, last))
