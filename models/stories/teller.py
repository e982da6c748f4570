"""Turns templates into text and plots into stories."""

import random
import re
from dataclasses import dataclass, field

from .words import (ANIMALS, CHILDREN, COLOURS, FAMILY, FOODS, OUTSIDE, RARE_KINDS, RARE_NAMES, TOYS, Person,
                    Thing, with_article)


__all__ = ["Outline", "Teller"]


_CHOICE = re.compile(r"\[([^\[\]]*)\]")

_OPENINGS = (
    "Once upon a time, there was {who} named {h}.",
    "Once upon a time, there was {who} named {h}.",
    "There once was {who} named {h}.",
    "Long ago, there lived {who} named {h}.",
    "{h} was {who}.",
)
_TRAITS = ("little", "little", "little", "kind", "happy", "")
_VOWELS, _CONSONANTS = "aeiou", "bdfghjklmnprstvwz"
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
        The event makes sense without the state, so that a story may begin with it. There ``{with_f}`` is
        "and her friend Tom", elsewhere "and Tom".
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
        A child three times out of four, else an animal or somebody out of a fairy tale.
    """

    def __init__(self, rng):
        if not isinstance(rng, random.Random):
            raise ValueError(f"Source of chance must be a random.Random, not {rng!r}")
        self.rng = rng
        self.human = rng.random() < 0.75
        self.hero = self.person()

    def person(self):
        """Somebody like the hero: a child, or not."""
        rng = self.rng
        common = rng.random() < 0.7
        if common:
            return rng.choice(CHILDREN if self.human else ANIMALS)
        name, female = self.rare_name()
        if self.human:
            return Person(name, "girl" if female else "boy", female)
        kind, only = rng.choice(RARE_KINDS)
        return Person(name, kind, female if only is None else only)

    def rare_name(self):
        """(name, female): one that is rarely heard or, one time in five, made up on the spot."""
        rng = self.rng
        if rng.random() < 0.8:
            return rng.choice(RARE_NAMES)
        parts = [rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(rng.choice((2, 3)))]
        return "".join(parts).capitalize() + rng.choice(("", "l", "n", "r")), rng.random() < 0.5

    def pick(self, options):
        """One of ``options``, but nothing that mentions the hero's own kind, such as a duck for a duck."""
        kind = re.compile(rf"\b{self.hero.kind}\b")
        return self.rng.choice([option for option in options if not kind.search(str(option))])

    def mostly(self, common_and_rare):
        """A common word three times out of four, else a rare one."""
        return self.pick(common_and_rare[self.rng.random() < 0.25])

    def friend(self):
        """Another child (for a child) or another animal (for an animal), with another name."""
        while (friend := self.person()).name == self.hero.name:
            pass
        return friend

    def elder(self):
        """Somebody of the family."""
        return self.rng.choice(FAMILY)

    def toy(self):
        """A toy with a colour."""
        return Thing(self.mostly(TOYS), self.mostly(COLOURS))

    def food(self):
        """Something to eat."""
        return Thing(self.mostly(FOODS))

    def place(self):
        """A place out of doors, with its article."""
        return self.mostly(OUTSIDE)

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
        day = rng.choice(outline.days)
        who = with_article(f"{rng.choice(_TRAITS)} {self.hero.kind}".strip())
        way = rng.random()
        begins = outline.alone and way < 0.2
        roles = dict(outline.roles, who=who, with_f="and {h.his} friend {f}" if begins else "and {f}")
        event = f"{day}, {{h}} {outline.event}."
        if begins:
            lines = [f"{day}, [{{who}} named {{h}}|{{who}} named {{h}}|{{h}}] {outline.event}."]
        elif way < 0.3:
            lines = [f"{{h}} {outline.state}.", event]
        elif way < 0.45:
            lines = [f"Once upon a time, {{who}} named {{h}} {outline.state}.", event]
        else:
            lines = [rng.choice(_OPENINGS), f"[{{h.He}}|{{h}}] {outline.state}.",
                     f"{day}, [{{h.he}}|{{h}}] {outline.event}."]
        lines += outline.body
        if rng.random() < 1 / 3:
            lines.append("The end.")
        sentences = [self.fill(line, roles) for line in lines]
        return " ".join(s[0].upper() + s[1:] for s in sentences if s)
