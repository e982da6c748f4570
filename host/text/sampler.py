"""Choice of the next token."""

import math

import numpy as np

from host.errors import CelosiaError

__all__ = ["Sampler"]


class Sampler:
    """Draws from what filters leave of ``softmax(logits / temperature)``, or takes the most likely token.

    Filters are defined and ordered as in llama.cpp (``src/llama-sampler.cpp`` and the default chain in
    ``common/common.h``): repetition penalty, top-k, top-p, min-p, temperature; top-p and min-p therefore see
    probabilities at temperature 1. Each filter keeps at least one token; of equal logits the lowest id comes
    first. All of it is float64, and one uniform random number is drawn per token, so a seed gives the same
    text on every machine and on every engine whose logits have the same bits.

    Parameters
    ----------
    temperature : float
        0: the most likely token after the repetition penalty, the lowest id of equals; nothing is drawn.
    seed : int
        Of NumPy's PCG64.
    top_k : int
        Keep the `top_k` most likely tokens; 0: all.
    top_p : float
        Keep the fewest most likely tokens whose probabilities add up to `top_p`; 1: all.
    min_p : float
        Keep tokens at least `min_p` times as likely as the most likely one; 0: all.
    repeat_penalty : float
        Positive logits of tokens that occurred are divided by it, others multiplied; 1: no penalty.
    repeat_last_n : int
        How many of the latest tokens, those of the prompt included, count as occurred; -1: all.

    Attributes
    ----------
    greedy : bool
        Whether `choose` is the argmax of the logits as they are, so that nobody needs to read them.

    Raises
    ------
    CelosiaError
        If a parameter is out of range, naming it.
    """

    def __init__(self, temperature=0.0, seed=0, *, top_k=0, top_p=1.0, min_p=0.0, repeat_penalty=1.0,
                 repeat_last_n=64):
        for name, value, valid, rule in (
                ("temperature", temperature, math.isfinite(temperature) and temperature >= 0, "0 or more"),
                ("seed", seed, seed >= 0, "0 or more"),
                ("top-k", top_k, top_k >= 0, "0 or more"),
                ("top-p", top_p, 0 <= top_p <= 1, "0 to 1"),
                ("min-p", min_p, 0 <= min_p <= 1, "0 to 1"),
                # The bounds keep a penalised logit finite.
                ("repeat penalty", repeat_penalty, 1e-3 <= repeat_penalty <= 1e3, "0.001 to 1000"),
                ("repeat last n", repeat_last_n, repeat_last_n >= -1, "-1 or more")):
            if not valid:
                raise CelosiaError(f"{name} must be {rule}, not {value}")
        self._penalty, self._window = repeat_penalty, repeat_last_n
        self._penalises = repeat_penalty != 1 and repeat_last_n != 0
        self.greedy = temperature == 0 and not self._penalises
        self._temperature = temperature
        self._top_k, self._top_p, self._min_p = top_k, top_p, min_p
        self._random = np.random.default_rng(seed)

    def choose(self, logits, previous=()):
        """Draw a token.

        Parameters
        ----------
        logits : numpy.ndarray
            Shape (vocab,).
        previous : sequence of int
            The text so far, prompt and continuation, for the repetition penalty.

        Returns
        -------
        int

        Raises
        ------
        CelosiaError
            If the logits hold NaN or infinity.
        """
        if self._temperature == 0:
            return int(self._penalised(logits, previous).argmax())
        sums = self.probabilities(logits, previous).cumsum()
        # random() is below 1, but its product with the total may round up to the total.
        last = sums.searchsorted(sums[-1])
        return int(min(sums.searchsorted(self._random.random() * sums[-1], side="right"), last))

    def probabilities(self, logits, previous=()):
        """The distribution that `choose` draws from.

        Parameters
        ----------
        logits, previous
            As for `choose`.

        Returns
        -------
        numpy.ndarray
            float64, shape (vocab,); 0 for what the filters took away. At temperature 0 one token has 1.

        Raises
        ------
        CelosiaError
            If the logits hold NaN or infinity.
        """
        logits = self._penalised(logits, previous)
        result = np.zeros(len(logits))
        if self._temperature == 0:
            result[logits.argmax()] = 1
        else:
            kept = self._kept(logits)
            result[kept] = _softmax(logits[kept], self._temperature)
        return result

    def _penalised(self, logits, previous):
        """Logits after the repetition penalty; float64, the caller's own."""
        logits = np.array(logits, np.float64)
        if not np.isfinite(logits).all():
            raise CelosiaError(f"logits must be finite to draw from, not {logits[~np.isfinite(logits)][0]}")
        if self._penalises and len(previous):
            recent = np.unique(previous if self._window < 0 else previous[-self._window:])
            old = logits[recent]
            logits[recent] = np.where(old > 0, old / self._penalty, old * self._penalty)
        return logits

    def _kept(self, logits):
        """Ids that top-k, top-p and min-p leave, or a slice of all."""
        if not self._top_k and self._top_p == 1 and not self._min_p:
            return slice(None)
        order = np.argsort(-logits, kind="stable")[:self._top_k or None]
        if self._top_p < 1:
            sums = _softmax(logits[order], 1).cumsum()
            order = order[:sums.searchsorted(self._top_p) + 1]
        if self._min_p:
            order = order[logits[order] >= logits[order[0]] + math.log(self._min_p)]
        return order


def _softmax(logits, temperature):
    with np.errstate(over="ignore", under="ignore"):  # a tiny temperature: minus infinity, which is right
        weights = np.exp((logits - logits.max()) / temperature)
    return weights / weights.sum()
