"""Block floating point: mantissas of 18, 16, 8 or 4 bits that share a power of two."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
import numpy as np

from .delay import delay
from .fp32 import BIAS, fp32_flush
from .shift import shift_right_sticky


__all__ = [
    "BLOCK", "MANTISSA_BITS", "BlockFloatRound", "block_exponent", "block_float_round", "quantise_block",
]


#: Elements that share an exponent in a vector that enters the dot engine.
BLOCK = 256
#: Widths of a mantissa.
MANTISSA_BITS = (18, 16, 8, 4)


class BlockFloatRound(wiring.Component):
    """Mantissas of a block whose exponent is known.

    A free-running pipeline: latency ``LATENCY`` cycles, one mantissa per cycle, no flow control.
    Rounds ``a * 2**-exponent`` to nearest even and clamps it to ``+-(2**(bits - 1) - 1)``. Subnormals
    are zero. An infinity or NaN has the largest mantissa with its sign.

    174 LUT4, 30 CCU2C, 184 FF.

    Members
    -------
    a : In(32)
        Bits of an fp32 number.
    exponent : In(signed(10))
        Exponent of the mantissa's least significant bit, see `block_exponent`.
    bits : In(5)
        Width of the mantissa: 18, 16, 8 or 4. Constant while anything is in the pipeline.
    o : Out(signed(18))
        Mantissa.
    """

    LATENCY = 7

    a: In(32)
    exponent: In(signed(10))
    bits: In(5)
    o: Out(signed(18))

    def elaborate(self, platform):
        m = Module()

        # Cycle 1. The significand has 23 fractional bits.
        field = self.a[23:31]
        significand = Signal(24, reset_less=True)
        special = Signal(reset_less=True)
        difference = Signal(signed(11), reset_less=True)
        m.d.sync += [
            significand.eq(Mux(field.any(), Cat(self.a[:23], 1), 0)),
            special.eq(field == 255),
            difference.eq(self.exponent - field),
        ]
        # Cycle 2. A mantissa that needs less than a shift by 7 to the right has more than 17 bits.
        amount = Signal(signed(12), reset_less=True)
        nonzero = Signal(reset_less=True)
        m.d.sync += [
            amount.eq(difference + (BIAS + 23 - 7)),
            nonzero.eq(significand[23]),
        ]
        # Cycles 3 and 4: shift, 7 fractional bits stay.
        shifted_4 = Signal(24, reset_less=True)
        sticky_4 = Signal(reset_less=True)
        saturate = Signal(reset_less=True)
        shifted = Signal(24, reset_less=True)
        sticky = Signal(reset_less=True)
        shift, lost = shift_right_sticky(delay(m, significand, name="significand"), amount[2:5], 4)
        m.d.sync += [
            # From 32 on nothing is left that could round up.
            shifted_4.eq(Mux(amount[5:].any(), 0, shift)),
            sticky_4.eq(lost),
            saturate.eq(delay(m, special, name="special") | (nonzero & (amount < 0))),
        ]
        shift, lost = shift_right_sticky(shifted_4, delay(m, amount[:2], name="amount"))
        m.d.sync += [
            shifted.eq(shift),
            sticky.eq(sticky_4 | lost),
        ]
        # Cycle 5: round.
        magnitude = Signal(18, reset_less=True)
        round_up = shifted[6] & (sticky | shifted[:6].any() | shifted[7])
        m.d.sync += magnitude.eq(shifted[7:] + round_up)
        # Cycle 6: clamp. Bits that are left of the magnitude: 3, 7, 15 or 17 of them.
        clamped = Signal(17, reset_less=True)
        limit = Signal(18, reset_less=True)  # as wide as the magnitude, all of whose bits are looked at
        m.d.sync += limit.eq(Mux(self.bits == 18, 2**17 - 1,
                                 Cat(Const(7, 3), (~self.bits[2]).replicate(4), self.bits[4].replicate(8))))
        clamp = delay(m, saturate, 2, name="saturate") | (magnitude & ~limit).any()
        m.d.sync += clamped.eq(Mux(clamp, limit, magnitude))
        # Cycle 7: sign.
        mantissa = Signal(signed(18), reset_less=True)
        sign = delay(m, self.a[31], 6, name="sign")
        m.d.sync += mantissa.eq((Cat(clamped, 0) ^ sign.replicate(18)) + sign)
        m.d.comb += self.o.eq(mantissa)
        return m


def _check(bits):
    if bits not in MANTISSA_BITS:
        raise ValueError(f"Mantissa width must be 18, 16, 8 or 4, not {bits!r}")


def block_exponent(x, bits, axis=None):
    """Exponent of the mantissas' least significant bit.

    ``E - (bits - 2)``, where ``E`` is the largest biased exponent field minus 127. A block of zeros
    and subnormals has E = -127, one that holds an infinity or NaN has E = 128.

    Parameters
    ----------
    x : float32
        Elements that share the exponent.
    bits : int
        18, 16, 8 or 4.
    axis : int or None
        Axis to reduce; all by default.

    Returns
    -------
    int16, shape of ``x`` without ``axis``; -143..114
    """
    _check(bits)
    fields = np.abs(np.asarray(x, np.float32)).view(np.int32).max(axis=axis) >> 23
    return (fields - (BIAS + bits - 2)).astype(np.int16)


@np.errstate(invalid="ignore", over="ignore", under="ignore")
def block_float_round(a, exponent, bits):
    """Mantissa as `BlockFloatRound` computes it, bit for bit.

    ``a * 2**-exponent``, rounded to nearest even and clamped to ``+-(2**(bits - 1) - 1)``. Subnormals
    are zero. An infinity or NaN has the largest mantissa with its sign.

    Parameters
    ----------
    a : float32
    exponent : int
        -512..511. Shapes broadcast.
    bits : int
        18, 16, 8 or 4.

    Returns
    -------
    int32, the broadcast shape
    """
    _check(bits)
    a = fp32_flush(np.asarray(a, np.float32))
    nan = a != a
    if nan.any():
        a = np.where(nan, np.copysign(np.float32(np.inf), a), a)
    limit = 2.0**(bits - 1) - 1
    # float64 holds every fp32 times any of these powers of two exactly.
    scaled = np.ldexp(a.astype(np.float64), -np.asarray(exponent, np.int32))
    return np.clip(np.rint(scaled), -limit, limit).astype(np.int32)


def quantise_block(x, bits, block=BLOCK):
    """Quantise a vector, each run of ``block`` elements with an exponent of its own.

    Parameters
    ----------
    x : float32, shape (n,)
    bits : int
        18, 16, 8 or 4.
    block : int
        Elements that share an exponent; the last run may be shorter.

    Returns
    -------
    mantissas : int32, shape (n,)
        Within ``+-(2**(bits - 1) - 1)``.
    exponents : int16, shape (ceil(n / block),)
        ``x`` is about ``mantissas * 2.0**exponents``, each exponent over its own run.
    """
    x = np.asarray(x, np.float32)
    if x.ndim != 1:
        raise ValueError(f"Vector to quantise must have one dimension, not {x.ndim!r}")
    runs = -(-len(x) // block)
    if runs * block == len(x):
        rows = x.reshape(runs, block)
    else:
        rows = np.zeros((runs, block), np.float32)
        rows.reshape(-1)[:len(x)] = x
    exponents = block_exponent(rows, bits, axis=1)
    mantissas = block_float_round(rows, exponents[:, np.newaxis], bits)
    return mantissas.reshape(-1)[:len(x)], exponents
