"""What an instruction is for."""

from enum import StrEnum

__all__ = ["Kind"]


class Kind(StrEnum):
    """Part of a transformer that an instruction belongs to, in the order in which reports list them."""

    EMBEDDING = "embedding"    #: rows of tables: embeddings and what depends on the position alone
    NORM = "norm"              #: norms, up to the columns of the x-buffer
    ROPE = "rope"              #: rotation of queries and keys
    STORE = "store"            #: K and V into the cache
    QUANTISE = "quantise"      #: vectors into columns of the x-buffer
    SCORE = "score"            #: queries times keys
    SOFTMAX = "softmax"        #: scores to weights
    MIX = "mix"                #: weights times values
    ACTIVATION = "activation"  #: the nonlinear function of the feed-forward network
    RESIDUAL = "residual"      #: sums of states
    BIAS = "bias"              #: what is added to the result of a matrix
    MATRIX = "matrix"          #: a layer's weights
    OUTPUT = "output"          #: the output matrix
    STATES = "states"          #: of a text, to memory and back
    OTHER = "other"            #: the end
