"""The scales of a row, and the largest of them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.block_ram import BlockRam
from gateware.dot.layouts import DISTANCE_BITS, DotStep, EXPONENT_BITS, SCALE_MANTISSA_BITS, ScaleBeat
from gateware.isa import Scale
from gateware.layouts import DotCommand
from gateware.numeric.delay import delay

__all__ = ["ScaleReader"]


class ScaleReader(wiring.Component):
    """Keeps the scales of two rows and gives each step its scale, relative to the largest of its row.

    While the scales of one row are read, those of the next one pass and are written to the other bank; their largest
    exponent is found on the way, with one level of comparisons per cycle. The sequencers see to it that no row begins
    before the steps of the last but one are issued, and that the first step follows the last scale by two cycles at
    least; then everything is in time, for any bus width (see the assertion in the code).

    Scale NONE reads as 1024 * 2**-10, like POWER with exponent 0.

    Exponents are kept as biased keys that compare as unsigned numbers: fp16's exponent field, at least 1, for an
    exponent of key - 25; or the power of two plus 128, for an exponent of key - 138 (its mantissa being 2**10).

    Parameters
    ----------
    config : Config

    Members
    -------
    beats : In(stream)
    active : In
        The command in effect.
    last_vector : In(9)
        Vectors of a row, less one.
    step : In(stream)
    row_done : In(1)
        The step is the last one of a row.
    mantissa : Out(signed(12))
        ``MANTISSA_LATENCY`` cycles after the step.
    distance : Out(6)
        Largest exponent of the row less that of the scale, plus the growth, at most 63; ``latency`` cycles after the
        step.
    exponent : Out(signed(12))
        Exponent of the least accumulator bit but for the largest exponent of the vector; ``latency`` cycles after
        the step.
    """

    MANTISSA_LATENCY = 4

    def __init__(self, config):
        self._config = config
        self._levels = (config.bus_bytes - 1).bit_length()
        # When the largest exponent is read, counted from the step. Scales that are consumed in cycle s are in it from
        # s + levels + 2 on. The first step of the row comes in s + 2 or later, so it must not be read before
        # step + levels. The next scales of the same bank come one cycle after the row's last step or later, so it must
        # be read before step + levels + 3.
        self._largest_cycle = max(self.MANTISSA_LATENCY, self._levels)
        assert self._levels <= self._largest_cycle < self._levels + 3
        self.latency = self._largest_cycle + 1
        super().__init__({
            "beats": In(stream.Signature(ScaleBeat(config), always_ready=True)),
            "active": In(DotCommand),
            "last_vector": In(9),
            "step": In(stream.Signature(DotStep(config), always_ready=True)),
            "row_done": In(1),
            "mantissa": Out(signed(SCALE_MANTISSA_BITS)),
            "distance": Out(DISTANCE_BITS),
            "exponent": Out(signed(EXPONENT_BITS)),
        })

    def elaborate(self, platform):
        m = Module()
        power = self.active.scale == Scale.POWER
        write_bank = Signal()
        read_bank = Signal()
        with m.If(self.beats.valid & self.beats.p.last):
            m.d.sync += write_bank.eq(~write_bank)
        with m.If(self.row_done & (self.active.scale != Scale.NONE)):
            m.d.sync += read_bank.eq(~read_bank)

        half = self._read_half(m, power, write_bank, read_bank)
        largest = self._find_largest(m, power, write_bank)

        # Cycle 3: the scale of the step is there as 16 bits (or 8 in the half that is wanted).
        kinds = delay(m, Cat(self.active.scale == Scale.NONE, power), 3, name="kinds")
        upper = delay(m, self.step.p.vector[0], 3, name="upper")
        mantissa = Signal(signed(SCALE_MANTISSA_BITS), reset_less=True)
        key = Signal(8, reset_less=True)
        field = half[10:15]
        magnitude = Cat(half[:10], field.any())
        with m.If(kinds.any()):
            m.d.sync += [mantissa.eq(1 << 10), key.eq(Mux(kinds[0], 0, Mux(upper, half[8:], half[:8]) ^ 0x80))]
        with m.Else():
            m.d.sync += [mantissa.eq(Mux(half[15], -magnitude, magnitude)), key.eq(field | ~field.any())]
        m.d.comb += self.mantissa.eq(mantissa)

        # Largest of the row, distance and exponent.
        cycle = self._largest_cycle
        late_key = delay(m, key, cycle - self.MANTISSA_LATENCY, name="key")
        late_none = delay(m, kinds[0], cycle - 3, name="none")
        # Bits of the accumulator that the longest row needs beyond those of a single contribution.
        growth = delay(m, (31 - self.active.code_bits - self.active.free)[:4], cycle, name="growth")
        offset = Signal(signed(9))
        m.d.comb += offset.eq(
            Mux(power, -138, Mux(self.active.scale == Scale.FP16, -25, -10))
            - self.active.free)
        late_offset = delay(m, offset, cycle, name="offset")
        late_bank = delay(m, read_bank, cycle, name="bank")
        row_largest = Signal(8)
        m.d.comb += row_largest.eq(Mux(late_none, 0, Mux(late_bank, largest[1], largest[0])))
        distance = Signal(9)
        exponent = Signal(signed(EXPONENT_BITS), reset_less=True)
        output = Signal(DISTANCE_BITS, reset_less=True)
        m.d.comb += [
            distance.eq((row_largest - late_key)[:8] + growth),
            self.exponent.eq(exponent),
            self.distance.eq(output),
        ]
        m.d.sync += [
            exponent.eq(row_largest + late_offset),
            output.eq(distance[:DISTANCE_BITS] | distance[DISTANCE_BITS:].any().replicate(DISTANCE_BITS)),
        ]
        return m

    def _read_half(self, m, power, write_bank, read_bank):
        """Write the beats, and read the 16 bits that hold the scale of the step: valid three cycles after it."""
        word_bits = (self._config.scale_bytes // self._config.bus_bytes - 1).bit_length()
        half_bits = (self._config.bus_bytes // 2 - 1).bit_length()
        m.submodules.scales = ram = BlockRam(width=self._config.bus_bits, depth=2 << word_bits)
        write_word = Signal(word_bits)
        with m.If(self.beats.valid):
            m.d.sync += write_word.eq(Mux(self.beats.p.last, 0, write_word + 1))
        vector = self.step.p.vector
        half_index = Signal(9)
        m.d.comb += [
            ram.write_enable.eq(self.beats.valid),
            ram.write_address.eq(Cat(write_word, write_bank)),
            ram.write_data.eq(self.beats.p.data),
            half_index.eq(Mux(power, vector >> 1, vector)),
            ram.read_enable.eq(self.step.valid & (self.active.scale != Scale.NONE)),
            ram.read_address.eq(Cat((half_index >> half_bits)[:word_bits], read_bank)),
        ]
        place = delay(m, half_index[:half_bits], BlockRam.LATENCY, name="place")
        half = Signal(16, reset_less=True)
        m.d.sync += half.eq(ram.read_data.word_select(place, 16))
        return half

    def _find_largest(self, m, power, bank):
        """Largest key of each bank, ``levels`` + 2 cycles after the beat; padding does not count."""
        bytes_ = self._config.bus_bytes
        place_bits = (bytes_ - 1).bit_length()
        # The last byte of the last beat that belongs to a scale.
        last_byte = Signal(place_bits)
        m.d.comb += last_byte.eq(Mux(power, self.last_vector, Cat(Const(1, 1), self.last_vector)))
        keys = []
        for index in range(bytes_):
            byte = self.beats.p.data.word_select(index, 8)
            # Of an fp16, the upper byte has the exponent; the lower one stands for the least key of all.
            key = Mux(power, byte ^ 0x80, byte[2:7] if index % 2 else 1)
            wanted = ~self.beats.p.last | (last_byte >= index)
            keys.append(Mux(wanted, key, 0))
        for level in range(self._levels + 1):
            registers = [Signal(8, reset_less=True, name=f"key_{level}_{index}") for index in range(len(keys))]
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
