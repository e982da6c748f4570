"""What a program computes."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LayerPart", "Part"]


class Part(StrEnum):
    """What a program computes for its group of tokens."""

    DECODE = "decode"    #: one token, with its logits
    CHOOSE = "choose"    #: one token, of whose logits only the largest is found
    BODY = "body"        #: from the token ids to the residual after the last layer
    LOGITS = "logits"    #: after the body: logits of every token
    CHOICES = "choices"  #: after the body: the largest logit of every token
    LAST = "last"        #: after the body: logits of the last token only
    CHOICE = "choice"    #: after the body: the largest logit of the last token
    ENTER = "enter"      #: of an encoder: from the token ids to the states before the first layer
    KEEP = "keep"        #: of an encoder: states to memory, and what the next layer's keys and values are to its cache
    LAYER = "layer"      #: of an encoder: states from memory, then a layer that sees all positions of a text

    @property
    def stores_logits(self):
        """Whether logits are in DRAM after the program; which is the largest is known after all that have any."""
        return self in (Part.DECODE, Part.LOGITS, Part.LAST)

    def rows(self, tokens):
        """For how many of the ``tokens`` there are logits, or the largest of them."""
        return {Part.LOGITS: tokens, Part.CHOICES: tokens}.get(self, int(self not in _WITHOUT))


_WITHOUT = (Part.BODY, Part.ENTER, Part.KEEP, Part.LAYER)


@dataclass(frozen=True)
class LayerPart:
    """A part that every layer has a program for.

    Parameters
    ----------
    part : Part
        `KEEP` or `LAYER`.
    layer : int
        That of `LAYER`, or the one before which states are kept; behind the last one there is one more of these.
    """

    part: Part
    layer: int

    stores_logits = False

    def rows(self, tokens):
        """As `Part.rows`: none."""
        return self.part.rows(tokens)

    def __str__(self):
        return f"{self.part} {self.layer}"
