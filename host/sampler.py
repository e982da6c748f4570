"""Choice of the next token."""

import math

import numpy as np

from host.errors import CelosiaError

__all__ = ["Sampler"]


class Sampler:
    """Draws tokens from ``softmax(logits / temperature)``, or takes the most likely one.

    The softmax is float64; one uniform random number is drawn per token, so a seed gives the same text on
    every machine and on every engine whose logits have the same bits.

    Parameters
    ----------
    temperature : float
        0: the most likely token, the lowest id of equals; nothing is drawn.
    seed : int
        Of NumPy's PCG64.

    Attributes
    ----------
    greedy : bool
        Whether `choose` needs no logits.

    Raises
    ------
    CelosiaError
        If the temperature is negative or not finite, or the seed is negative.
    """

    def __init__(self, temperature=0.0, seed=0):
        if not (math.isfinite(temperature) and temperature >= 0):
            raise CelosiaError(f"temperature must be 0 or more, not {temperature}")
        if seed < 0:
            raise CelosiaError(f"seed must be 0 or more, not {seed}")
        self.greedy = temperature == 0
        self._temperature = temperature
        self._random = np.random.default_rng(seed)

    def choose(self, logits):
        """Draw a token.

        Parameters
        ----------
        logits : numpy.ndarray
            Shape (vocab,).

        Returns
        -------
        int

        Raises
        ------
        CelosiaError
            If the logits hold NaN or infinity.
        """
        logits = np.asarray(logits, np.float64)
        if not np.isfinite(logits).all():
            raise CelosiaError(f"logits must be finite to draw from, not {logits[~np.isfinite(logits)][0]}")
        if self.greedy:
            return int(logits.argmax())
        with np.errstate(over="ignore", under="ignore"):  # a tiny temperature: minus infinity, which is right
            sums = np.exp((logits - logits.max()) / self._temperature).cumsum()
        # random() is below 1, but its product with the total may round up to the total.
        return min(int(sums.searchsorted(self._random.random() * sums[-1], side="right")), len(logits) - 1)
