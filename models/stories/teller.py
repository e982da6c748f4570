"""Turns templates into text and plots into stories."""

import random
import re
from dataclasses import dataclass, field

from .words import ANIMALS, CHILDREN, COLOURS, FAMILY, TOYS, Thing


__all__ = ["Outline", "Teller"]


_CHOICE = re.compile(r"\[([^\[\]]*)\]")

_OPENINGS = (
    "Once upon a time, there was a {trait} {h.kind} named {h}.",
    "There once was a {trait} {h.kind} named {h}.",
    "Long ago, there lived a {trait} {h.kind} named {h}.",
)
_TRAITS = ("little", "little", "kind", "happy")
_DAYS = ("One day", "One day", "One morning", "One warm day")


@dataclass(frozen=True)
class Outline:
    """What a plot hands to the teller; every string is a template.

    Parameters
    ----------
    state : str
        Predicate that holds when the story begins: "had a red ball".
    event : str
        Predicate that sets the story going: "took the ball to the park".
    body : sequence of str
        The sentences that follow.
    roles : dict
        Names that the templates use, besides ``h`` for the hero.
    days : tuple of str
        Ways to say when the event happens, where the plot needs its own.
    alone : bool
        The event makes sense without the state, so that a story may begin with it.
    """

    state: str
    event: str
    body: tuple
    roles: dict = field(default_factory=dict)
    days: tuple = _DAYS
    alone: bool = False


class Teller:
    """Draws the cast of one story and tells it.

    A template holds ``{role}`` or ``{role.attribute}`` fields and ``[a|b|c]`` choices, which nest; every
    choice is drawn uniformly. Each template begins a sentence, so its first letter becomes a capital.

    Parameters
    ----------
    rng : random.Random
        The only source of chance: equal states tell equal stories.

    Members
    -------
    hero : Person
        A child three times out of four, else an animal.
    """

    def __init__(self, rng):
        if not isinstance(rng, random.Random):
            raise ValueError(f"Source of chance must be a random.Random, not {rng!r}")
        self.rng = rng
        self.hero = rng.choice(CHILDREN if rng.random() < 0.75 else ANIMALS)

    def pick(self, options):
        """One of ``options``, but nothing that mentions the hero's own kind, such as a duck for a duck."""
        return self.rng.choice([o for o in options if self.hero.kind not in str(o)])

    def friend(self):
        """Another child (for a child) or another animal (for an animal)."""
        group = CHILDREN if self.hero in CHILDREN else ANIMALS
        return self.rng.choice([person for person in group if person != self.hero])

    def elder(self):
        """Somebody of the family."""
        return self.rng.choice(FAMILY)

    def toy(self):
        """A toy with a colour."""
        return Thing(self.rng.choice(TOYS), self.rng.choice(COLOURS))

    def fill(self, template, roles):
        """Draws all choices in ``template``, innermost first, and fills in the roles."""
        while (found := _CHOICE.search(template)) is not None:
            option = self.rng.choice(found[1].split("|"))
            template = template[:found.start()] + option + template[found.end():]
        # Roles may be templates themselves ("burned {h.his} hand"), so fill until nothing is left.
        while "{" in template:
            template = template.format(h=self.hero, **roles)
        return " ".join(template.split())

    def tell(self, outline):
        """The whole story: opening, event, body and, one time in three, "The end."

        Parameters
        ----------
        outline : Outline

        Returns
        -------
        str
            One paragraph without line breaks.
        """
        rng = self.rng
        roles = dict(outline.roles, trait=rng.choice(_TRAITS))
        who = "a {trait} {h.kind} named {h}"
        day = rng.choice(outline.days)
        way = rng.random()
        if outline.alone and way < 0.2:
            lines = [f"{day}, {who} {outline.event}."]
        elif way < 0.4:
            lines = [f"Once upon a time, {who} {outline.state}.", f"{day}, {{h}} {outline.event}."]
        else:
            lines = [rng.choice(_OPENINGS), f"[{{h.He}}|{{h}}] {outline.state}.",
                     f"{day}, [{{h.he}}|{{h}}] {outline.event}."]
        lines += outline.body
        if rng.random() < 1 / 3:
            lines.append("The end.")
        sentences = [self.fill(line, roles) for line in lines]
        return " ".join(s[0].upper() + s[1:] for s in sentences if s)
