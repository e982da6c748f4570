"""Plots between friends. Each takes a ``Teller`` and returns an ``Outline``."""

from .teller import Outline


__all__ = ["PEOPLE_PLOTS"]


def share_toy(t):
    return Outline(
        roles=dict(toy=t.toy(), f=t.friend()),
        state="had {toy.a} and [never shared it|did not like to share]",
        event="was playing with the {toy} when {f} came",
        body=(
            '"Can I play too?" asked {f}.',
            '"No! It is my {toy}," said {h}.',
            "{f} [was sad and went away|sat down and cried].",
            "{h} played alone, but it was [no fun|not fun anymore].",
            '"I am sorry, {f}. [We can play together|You can play with my {toy}]," said {h}.',
            "{f} smiled, and they played with the {toy} all day.",
            "{h} learned that [it is more fun|it is good] to share.",
        ),
    )


def share_food(t):
    return Outline(
        roles=dict(f=t.friend(), food=t.food(), p=t.elder()),
        state="[loved to eat|was always hungry]",
        event="got a big {food} from {p}",
        alone=True,
        body=(
            "{h} wanted to eat it all, but then {h.he} saw {f}, who looked sad.",
            '"[What is wrong|Why are you sad], {f}?" asked {h}.',
            '"[I am so hungry|I lost my food]," said {f}.',
            "So {h} cut the {food} in two and gave {f} one half.",
            "They sat down [under a tree|in the garden] and ate the {food} together.",
            "[{h} learned that it is good to share|From that day on, they were good friends].",
        ),
    )


def race(t):
    return Outline(
        roles=dict(f=t.friend(), place=t.place()),
        state="could run very fast",
        event="{with_f} had a race to {place}",
        alone=True,
        body=(
            '"One, two, three, go!" said {f}, and they ran.',
            "{h} was first. But then {f} fell down and hurt {f.his} leg.",
            '{h} stopped. "Do not cry, {f}. I will help you," {h.he} said.',
            "{h} took {f}'s hand, and they walked to {place} together.",
            '"You did not win," said {f}.',
            '"[A friend is better than a race|But I have a good friend]," said {h}.',
        ),
    )


def new_friend(t):
    return Outline(
        roles=dict(f=t.friend(), toy=t.toy(), place=t.place()),
        state="wanted to have a friend",
        event="went to {place} with {toy.a}",
        body=(
            "There {h} saw {f}, {f.a_kind} who [sat|played] all alone.",
            '"[Will you play with me|Do you want to play]?" asked {h}.',
            '"Yes! [I like your {toy}|What a pretty {toy}]!" said {f}.',
            "They played with the {toy} [all day|until the sun went down].",
            '"Will you come again?" asked {f}. "[Yes|Yes, I will]!" said {h}.',
            "From that day on, {h} and {f} were best friends.",
        ),
    )


def quarrel(t):
    return Outline(
        roles=dict(toy=t.toy(), f=t.friend(), p=t.elder()),
        state="had a [good friend|friend] named {f}",
        event="{with_f} both wanted to play with the same {toy}",
        alone=True,
        body=(
            '"It is mine!" said {h}. "No, [it is mine|give it to me]!" said {f}.',
            "They pulled and pulled until the {toy} broke.",
            "{h} and {f} [began to cry|were very sad].",
            'Then {p} came. "We are sorry. We broke the {toy}," said {h}.',
            '"We can fix it, but you must share," said {p}.',
            "So they fixed the {toy}, and {h} and {f} played together again.",
        ),
    )


PEOPLE_PLOTS = (share_toy, share_food, race, new_friend, quarrel)
