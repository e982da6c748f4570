"""Short stories for children, told by a small grammar and a list of plots.

``story(rng)`` tells one; ``stories(seed, count)`` tells many, the same ones for the same seed.
"""

import random

from .home import HOME_PLOTS
from .outside import OUTSIDE_PLOTS
from .people import PEOPLE_PLOTS
from .teller import Teller


__all__ = ["PLOTS", "story", "stories"]


PLOTS = HOME_PLOTS + OUTSIDE_PLOTS + PEOPLE_PLOTS


def story(rng, plot=None):
    """One story.

    Parameters
    ----------
    rng : random.Random
    plot : callable, optional
        One of ``PLOTS``; drawn when absent.

    Returns
    -------
    str
        One paragraph, which ends with a full stop.
    """
    teller = Teller(rng)
    return teller.tell((plot or rng.choice(PLOTS))(teller))


def stories(seed, count):
    """Yields ``count`` stories; the sequence depends on ``seed`` alone."""
    rng = random.Random(seed)
    for _ in range(count):
        yield story(rng)
