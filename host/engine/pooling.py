"""One vector of a text."""

from host.arch.choices import Pooling
from host.errors import CelosiaError

__all__ = ["check_pooling", "pool"]


def pool(states, pooling, path):
    """What an encoder's states become, not normalised.

    Parameters
    ----------
    states : array (positions, dim)
        In the type of which everything is computed.
    pooling : Pooling
    path : str or os.PathLike
        For messages.

    Returns
    -------
    array (dim,)

    Raises
    ------
    CelosiaError
        If the file names no pooling.
    """
    check_pooling(pooling, path)
    match pooling:
        case Pooling.MEAN:
            return states.mean(axis=0)
        case Pooling.FIRST:
            return states[0]
        case Pooling.LAST:
            return states[-1]


def check_pooling(pooling, path):
    """Refuse a model that does not say how one vector is made of a text.

    Raises
    ------
    CelosiaError
        If it does not.
    """
    if pooling == Pooling.NONE:
        raise CelosiaError(f"{path}: the model makes no single vector of a text: its pooling_type is {int(pooling)}")
