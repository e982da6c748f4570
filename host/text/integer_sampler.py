"""Choice of the next token in integers, as the firmware of a board makes it."""

import math

import numpy as np

from host.errors import CelosiaError

__all__ = ["IntegerSampler", "Pcg32", "fixed_logits", "in_fractions", "negative_power", "scaled"]

FRACTION_BITS = 16
"""Of logits, temperature and top-p."""

ONE = 1 << FRACTION_BITS
MOST_TEMPERATURE, LEAST_TEMPERATURE = 100 * ONE, ONE // 100
_LARGEST = (1 << 30) - 1
_LOG2_E = 24204406
"""log2(e) in 1/2**24."""

_POWER = (2147483527, 1488513547, 515780381, 118751808, 19776564, 2033403)
"""2**-x over 0..1: coefficients of powers of -x, in 1/2**31 (Chebyshev nodes, degree 5)."""

_MULTIPLIER, _INCREMENT = 6364136223846793005, 1442695040888963407


def in_fractions(number):
    """A temperature or a share in 1/65536, rounded down (int)."""
    return math.floor(number * ONE)


class Pcg32:
    """Random numbers of 32 bits: O'Neill's PCG-XSH-RR on 64 bits of state.

    Parameters
    ----------
    seed : int
        64 bits.
    """

    def __init__(self, seed):
        self._state = _INCREMENT + seed & (1 << 64) - 1
        self.next()

    def next(self):
        """The next number (int)."""
        state = self._state
        self._state = state * _MULTIPLIER + _INCREMENT & (1 << 64) - 1
        word, turn = (state >> 18 ^ state) >> 27 & 0xFFFFFFFF, state >> 59
        return (word >> turn | word << 32 - turn) & 0xFFFFFFFF


def fixed_logits(logits):
    """Logits as integers of ``FRACTION_BITS`` fractional bits, rounded towards zero.

    Beyond 2**14 they are cut off, which no softmax of a model that is sound would notice.

    Parameters
    ----------
    logits : numpy.ndarray
        float32; finite.

    Returns
    -------
    numpy.ndarray
        int64.
    """
    bits = np.ascontiguousarray(logits, np.float32).view(np.uint32).astype(np.int64)
    shift = (bits >> 23 & 0xFF) - (150 - FRACTION_BITS)
    significand = bits & 0x7FFFFF | 0x800000
    # A significand has 24 bits: shifted by 6 it is below 2**30. Subnormal numbers are shifted out.
    magnitude = np.where(shift >= 0, significand << np.clip(shift, 0, 6), significand >> np.clip(-shift, 0, 24))
    magnitude = np.where(shift > 6, _LARGEST, magnitude)
    return np.where(bits >> 31, -magnitude, magnitude)


def negative_power(exponents):
    """2**-x in 1/2**31, of an x with 16 fractional bits; 0 from 32 on.

    Off by less than 2**-22 of the value.

    Parameters
    ----------
    exponents : numpy.ndarray
        int64, 0 or more.

    Returns
    -------
    numpy.ndarray
        int64.
    """
    x = (exponents & 0xFFFF) << 16
    value = np.full_like(exponents, _POWER[-1])
    for coefficient in _POWER[-2::-1]:
        value = coefficient - (value * x >> 32)
    whole = exponents >> 16
    return np.where(whole < 32, value >> np.minimum(whole, 31), 0)


def scaled(total, fraction):
    """``total * fraction / 2**32``, rounded down (int)."""
    return total * fraction >> 32


class IntegerSampler:
    """Draws from what top-k and top-p leave of ``softmax(logits / temperature)``, with integers alone.

    The definition that ``firmware/sampler.c`` has to equal bit for bit; it stands in for `host.text.sampler.Sampler`.
    Filters mean the same, in the same order, top-p at temperature 1: top-p keeps the fewest most likely tokens whose
    weights reach its share of all. Of equal logits the lowest id comes first. A weight is 2**-t in 1/2**31, where t is
    the difference from the largest logit times log2(e), divided by the temperature, in 1/2**16. One random number of 32
    bits is drawn for each token, among the tokens in the order of their likelihood if there is a filter, else of their
    ids.

    Parameters
    ----------
    temperature : int
        In 1/65536: 0 (the most likely token; nothing is drawn), or 0.01 to 100.
    seed : int
        Of `Pcg32`; 64 bits.
    top_k : int
        0: all.
    top_p : int
        In 1/65536; 65536: all.

    Attributes
    ----------
    greedy : bool

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    def __init__(self, temperature=0, seed=0, *, top_k=0, top_p=ONE):
        if temperature and not LEAST_TEMPERATURE <= temperature <= MOST_TEMPERATURE:
            raise ValueError(f"Temperature must be 0 or {LEAST_TEMPERATURE} to {MOST_TEMPERATURE}, not {temperature!r}")
        for name, value, most in (
                ("Seed", seed, (1 << 64) - 1), ("Top-k", top_k, (1 << 32) - 1), ("Top-p", top_p, ONE)):
            if not 0 <= value <= most:
                raise ValueError(f"{name} must be 0 to {most}, not {value!r}")
        self.greedy = temperature == 0
        self._factor = None if self.greedy else (_LOG2_E << FRACTION_BITS) // temperature
        self._top_k, self._top_p = top_k, top_p
        self._random = Pcg32(seed)

    @classmethod
    def from_options(cls, temperature, seed, *, top_k, top_p):
        """A sampler from numbers as people write them.

        Raises
        ------
        CelosiaError
            If one is out of range, naming it.
        """
        for name, value, valid, rule in (
                ("temperature", temperature, temperature == 0 or 0.01 <= temperature <= 100, "0, or 0.01 to 100,"),
                ("seed", seed, 0 <= seed < 1 << 64, "0 to 2**64 - 1"),
                ("top-k", top_k, 0 <= top_k < 1 << 32, "0 to 2**32 - 1"),
                ("top-p", top_p, 0 <= top_p <= 1, "0 to 1")):
            if not valid:
                raise CelosiaError(f"{name} must be {rule} for a board, not {value}")
        return cls(in_fractions(temperature), seed, top_k=top_k, top_p=in_fractions(top_p))

    def choose(self, logits, previous=()):
        """Draw a token.

        Parameters
        ----------
        logits : numpy.ndarray
            Shape (vocab,); of another type than float32 they are rounded to it.
        previous
            Not looked at.

        Returns
        -------
        int

        Raises
        ------
        CelosiaError
            If a logit is not finite.
        """
        logits = np.asarray(logits, np.float32)
        if not np.isfinite(logits).all():
            raise CelosiaError(f"logits must be finite to draw from, not {logits[~np.isfinite(logits)][0]}")
        if self.greedy:
            return int(logits.argmax())
        ids, weights = self._kept(fixed_logits(logits))
        target = scaled(int(weights.sum()), self._random.next())
        return int(ids[weights.cumsum().searchsorted(target, side="right")])

    def _kept(self, fixed):
        """Ids that the filters leave, in order, and their weights."""
        below = fixed.max() - fixed
        weights = negative_power(below * self._factor >> 24)
        if not self._top_k and self._top_p == ONE:
            return np.arange(len(fixed)), weights
        order = np.argsort(below, kind="stable")[:self._top_k or None]
        if self._top_p < ONE:
            sums = negative_power(below[order] * _LOG2_E >> 24).cumsum()
            least = scaled(int(sums[-1]), self._top_p << 32 - FRACTION_BITS)
            order = order[:sums.searchsorted(least) + 1]
        return order, weights[order]
