"""Which logits of some tokens are wanted."""

from enum import StrEnum

__all__ = ["Rows"]


class Rows(StrEnum):
    """The tokens after which `host.engine.engine.Engine.extend` predicts something."""

    ALL = "all"    #: of every token
    LAST = "last"  #: of the last token only
    NONE = "none"  #: none: the tokens only enter the context
