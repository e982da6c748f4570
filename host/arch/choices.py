"""What a model chooses from."""

from enum import IntEnum, StrEnum

__all__ = ["Activation", "NormKind", "Pooling"]


class NormKind(StrEnum):
    """How states are normalised; a weight for each element follows, and a bias where the file has one."""

    RMS = "rms"      #: divided by the root of the mean square
    LAYER = "layer"  #: less their mean, divided by the root of the variance


class Activation(StrEnum):
    """The function between the matrices of a feed-forward network."""

    SILU = "silu"                  #: x / (1 + exp(-x))
    GELU_TANH = "gelu-tanh"        #: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3)))
    GELU_ERF = "gelu-erf"          #: x / 2 * (1 + erf(x / sqrt(2)))
    RELU = "relu"                  #: x if positive, else 0
    SQUARED_RELU = "squared-relu"  #: the square of that


class Pooling(IntEnum):
    """How the states of a text become one vector, as ``pooling_type`` numbers it."""

    NONE = 0   #: they do not
    MEAN = 1   #: their mean
    FIRST = 2  #: that of the first token
    LAST = 3   #: that of the last token
