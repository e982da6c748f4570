"""The scales of a row, and the largest of them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.dot.layouts import (DISTANCE_BITS, DotStep, EXPONENT_BITS, MINIMUM_ALIGNMENT, MINIMUM_BITS,
                                  SCALE_MANTISSA_BITS, ScaleBeat, sides, product_bits)
from gateware.isa import Scale
from gateware.layouts import DotCommand
from gateware.numeric.delay import delay

__all__ = ["ScaleReader"]

_PLACE_BITS = 5
_HALF_BITS = 4  # of a position within the 16 codes of half a vector


class ScaleReader(wiring.Component):
    """Keeps the scales of two rows and gives each step its scale, relative to the largest of its row.

    While the scales of one row are read, those of the next one pass and are written to the other bank; their
    largest exponent is found on the way, with one level of comparisons per cycle. The sequencers see to it
    that no row begins before the steps of the last but one are issued, and that the first step follows the
    last scale by two cycles at least; then everything is in time, for any bus width (see the assertion in the
    code).

    A scale is that of 1, 2, 4 or 8 vectors, or of half a vector; minimums alternate with scales. Without minimums in
    the format they read as zero. Scale NONE reads as 1024 * 2**-10, like POWER with exponent 0.

    Exponents are kept as biased keys that compare as unsigned numbers: fp16's exponent field, at least 1, for
    an exponent of key - 25; the power of two plus 128, for an exponent of key - 138 (its mantissa being
    2**10); UE4M3's exponent field, at least 1, for one of key - 18.

    Parameters
    ----------
    dot : gateware.shapes.dot_shape.DotShape
    bus_bits : int
        Width of a beat, at least ``dot.lanes``.

    Members
    -------
    beats : In(stream)
    active : In
        The command in effect.
    last_byte : In(11)
        Bytes of the scales of a row, less one.
    step : In(stream)
    row_done : In(1)
        The step is the last one of a row.
    mantissas, minimums : Out(signed(12)), one for each vector of a step
        ``MANTISSA_LATENCY`` cycles after the step. The minimum of a second vector that is not there is zero.
    distances, minimum_distances : Out(6), one for each vector of a step
        Largest exponent of the row less that of the scale or minimum, plus the difference between the places
        at which the accumulator takes and needs a contribution, at most 63; ``latency`` cycles after the
        step.
    exponent : Out(signed(12))
        Exponent of the least accumulator bit but for the largest exponent of the vector; ``latency`` cycles
        after the step.
    """

    MANTISSA_LATENCY = 4

    def __init__(self, *, dot, bus_bits):
        self._dot, self._bus_bits = dot, bus_bits
        self._levels = (bus_bits // 8 - 1).bit_length()
        # When the largest exponent is read, counted from the step. Scales that are consumed in cycle s are in
        # it from s + levels + 2 on. The first step of the row comes in s + 2 or later, so it must not be read
        # before step + levels. The next scales of the same bank come one cycle after the row's last step or
        # later, so it must be read before step + levels + 3.
        self._largest_cycle = max(self.MANTISSA_LATENCY, self._levels)
        assert self._levels <= self._largest_cycle < self._levels + 3
        self.latency = self._largest_cycle + 2
        super().__init__({
            "beats": In(stream.Signature(ScaleBeat(bus_bits), always_ready=True)),
            "active": In(DotCommand),
            "last_byte": In(11),
            "step": In(stream.Signature(DotStep(dot), always_ready=True)),
            "row_done": In(1),
            "mantissas": Out(data.ArrayLayout(signed(SCALE_MANTISSA_BITS), sides(dot))),
            "distances": Out(data.ArrayLayout(DISTANCE_BITS, sides(dot))),
            "minimums": Out(data.ArrayLayout(signed(SCALE_MANTISSA_BITS), sides(dot))),
            "minimum_distances": Out(data.ArrayLayout(DISTANCE_BITS, sides(dot))),
            "exponent": Out(signed(EXPONENT_BITS)),
        })

    def elaborate(self, platform):
        m = Module()
        power, ue4m3 = self.active.scale == Scale.POWER, self.active.scale == Scale.UE4M3
        write_bank = Signal()
        read_bank = Signal()
        with m.If(self.beats.valid & self.beats.p.last):
            m.d.sync += write_bank.eq(~write_bank)
        with m.If(self.row_done & (self.active.scale != Scale.NONE)):
            m.d.sync += read_bank.eq(~read_bank)

        step = self.step.p
        numbers = [step.vector]
        if len(self.mantissas) == 2:
            numbers = [Cat(side, step.vector[1:]) for side in range(2)]
        entries = [Mux(ue4m3, Cat(step.position[_HALF_BITS], number), number >> self.active.scale_shift)
                   for number in numbers]
        read = self._read(m, power | ue4m3, entries, write_bank, read_bank)
        largest = self._find_largest(m, power, ue4m3, write_bank)

        # Largest of the row, and exponent.
        none = self.active.scale == Scale.NONE
        cycle = self._largest_cycle
        late_none = delay(m, none, cycle, name="none")
        offset = Signal(signed(9))
        m.d.comb += offset.eq(
            Mux(power, -138, Mux(ue4m3, -18, Mux(self.active.scale == Scale.FP16, -25, -10)))
            - self.active.headroom)
        late_offset = delay(m, offset, cycle, name="offset")
        late_bank = delay(m, read_bank, cycle, name="bank")
        row_largest = Signal(8)
        m.d.comb += row_largest.eq(Mux(late_none, 0, Mux(late_bank, largest[1], largest[0])))
        exponent = Signal(signed(EXPONENT_BITS), reset_less=True)
        m.d.sync += exponent.eq(row_largest + late_offset)
        m.d.comb += self.exponent.eq(delay(m, exponent, name="exponent"))

        def distance(key, late_place, name):
            late_key = delay(m, key, cycle - self.MANTISSA_LATENCY, name=f"{name}_key")
            difference = Signal(8, reset_less=True, name=f"{name}_difference")
            value = Signal(9, name=f"{name}_distance")
            output = Signal(DISTANCE_BITS, reset_less=True, name=f"{name}_clamped")
            m.d.comb += value.eq(difference + late_place)
            m.d.sync += [
                difference.eq(row_largest - late_key),
                output.eq(value[:DISTANCE_BITS] | value[DISTANCE_BITS:].any().replicate(DISTANCE_BITS)),
            ]
            return output

        # Cycle 3: the scales of the step are there as 16 bits (or 8 in the half that is wanted).
        kinds = delay(m, Cat(none, power, ue4m3), 3, name="kinds")
        place = delay(m, self._place(m)[:_PLACE_BITS], cycle, name="place")
        minimum_place = MINIMUM_ALIGNMENT - self.active.headroom + MINIMUM_BITS - Mux(
            self.active.sub_bits.any(), self.active.sub_bits, 1)
        minimum_place = delay(m, minimum_place[:_PLACE_BITS], cycle + 1, name="minimum_place")
        for side, (scale, minimum) in enumerate(read):
            upper = delay(m, entries[side][0], 3, name=f"upper_{side}")
            mantissa = Signal(signed(SCALE_MANTISSA_BITS), reset_less=True, name=f"mantissa_{side}")
            key = Signal(8, reset_less=True, name=f"scale_key_{side}")
            fp16_mantissa, fp16_key = _unpack(scale)
            m.d.sync += [mantissa.eq(fp16_mantissa), key.eq(fp16_key)]
            with m.If(kinds.any()):
                byte = Mux(upper, scale[8:], scale[:8])
                m.d.sync += [
                    mantissa.eq(Mux(kinds[2], Cat(Const(0, 7), byte[:3], byte[3:7].any()), 1 << 10)),
                    key.eq(Mux(kinds[0], 0, Mux(kinds[2], _ue4m3_key(byte), byte ^ 0x80))),
                ]
            m.d.comb += [
                self.mantissas[side].eq(mantissa),
                self.distances[side].eq(distance(key, place, f"scale_{side}")),
            ]
            if "minimums" not in self._dot.decoders:
                continue
            mantissa = Signal(signed(SCALE_MANTISSA_BITS), reset_less=True, name=f"minimum_mantissa_{side}")
            key = Signal(5, reset_less=True, name=f"minimum_key_{side}")
            has_minimum = self.active.minimum & (step.second if side else 1)
            has_minimum = delay(m, has_minimum, 3, name=f"has_minimum_{side}")
            fp16_mantissa, fp16_key = _unpack(minimum)
            m.d.sync += [mantissa.eq(Mux(has_minimum, fp16_mantissa, 0)), key.eq(fp16_key)]
            m.d.comb += [
                self.minimums[side].eq(mantissa),
                self.minimum_distances[side].eq(distance(key, minimum_place, f"minimum_{side}")),
            ]
        return m

    def _place(self, m):
        """Places by which the product of a contribution is too high in the accumulator, which takes it 15
        bits up.

        One cycle late.
        """
        bits = delay(m, product_bits(self._dot, self.active), name="product_bits")
        rest = delay(m, 31 - self.active.headroom + self.active.expand, name="place_rest")
        return rest - bits

    def _read(self, m, bytewise, entries, write_bank, read_bank):
        """Write the beats, and read the 16 bits that hold the scale of each vector, and those of the minimum:
        valid three cycles after the step. Those of two vectors lie in the same bus word."""
        word_bits = (self._dot.scale_bytes * 8 // self._bus_bits - 1).bit_length()
        half_bits = (self._bus_bits // 16 - 1).bit_length()
        m.submodules.scales = ram = BlockRam(width=self._bus_bits, depth=2 << word_bits)
        write_word = Signal(word_bits)
        with m.If(self.beats.valid):
            m.d.sync += write_word.eq(Mux(self.beats.p.last, 0, write_word + 1))
        indices = [Mux(bytewise, entry >> 1, Mux(self.active.minimum, entry << 1, entry)) for entry in entries]
        m.d.comb += [
            ram.write_enable.eq(self.beats.valid),
            ram.write_address.eq(Cat(write_word, write_bank)),
            ram.write_data.eq(self.beats.p.data),
            ram.read_enable.eq(self.step.valid & (self.active.scale != Scale.NONE)),
            ram.read_address.eq(Cat((indices[0] >> half_bits)[:word_bits], read_bank)),
        ]
        read = []
        for side, index in enumerate(indices):
            place = delay(m, index[:half_bits], BlockRam.LATENCY, name=f"place_{side}")
            pair = ram.read_data.word_select(place[1:], 32)
            scale = Signal(16, reset_less=True, name=f"scale_{side}")
            minimum = Signal(16, reset_less=True, name=f"minimum_{side}")
            m.d.sync += [scale.eq(Mux(place[0], pair[16:], pair[:16])), minimum.eq(pair[16:])]
            read.append((scale, minimum))
        return read

    def _find_largest(self, m, power, ue4m3, bank):
        """Largest key of each bank, ``levels`` + 2 cycles after the beat; padding does not count."""
        bytes_ = self._bus_bits // 8
        last_byte = self.last_byte[:(bytes_ - 1).bit_length()]
        # Constant from the first beat of a command on.
        beyond = delay(m, Cat(last_byte < index for index in range(bytes_)), name="beyond")
        keys = []
        for index in range(bytes_):
            byte = self.beats.p.data.word_select(index, 8)
            # Of an fp16, the upper byte has the exponent; the lower one stands for the least key of all.
            key = Mux(power, byte ^ 0x80, Mux(ue4m3, _ue4m3_key(byte), byte[2:7] if index % 2 else 1))
            keys.append(Mux(self.beats.p.last & beyond[index], 0, key))
        for level in range(self._levels + 1):
            registers = [
                Signal(8, reset_less=True, name=f"key_{level}_{index}") for index in range(len(keys))]
            m.d.sync += [register.eq(key) for register, key in zip(registers, keys)]
            keys = [Mux(a > b, a, b) for a, b in zip(registers[::2], registers[1::2])]
        beat_largest, = registers

        first = Signal(init=1)
        with m.If(self.beats.valid):
            m.d.sync += first.eq(self.beats.p.last)
        late_first = delay(m, first, self._levels + 1, name="first")
        late_bank = delay(m, bank, self._levels + 1, name="beat_bank")
        valid = Signal(self._levels + 1)
        m.d.sync += valid.eq(Cat(self.beats.valid, valid))
        largest = [Signal(8, reset_less=True, name=f"largest_{index}") for index in range(2)]
        for index, register in enumerate(largest):
            with m.If(valid[-1] & (late_bank == index)):
                with m.If(late_first | (beat_largest > register)):
                    m.d.sync += register.eq(beat_largest)
        return largest


def _ue4m3_key(byte):
    return byte[3:7] | ~byte[3:7].any()


def _unpack(half):
    """Mantissa and key of fp16 bits."""
    field = half[10:15]
    magnitude = Cat(half[:10], field.any())
    return Mux(half[15], -magnitude, magnitude), field | ~field.any()
