"""Plots that happen out of doors. Each takes a ``Teller`` and returns an ``Outline``."""

from .teller import Outline
from .words import FOUND, OUTDOOR_SPOTS, SKILLS, TREASURES, TROUBLES, WISHES, Thing


__all__ = ["OUTSIDE_PLOTS"]


def rescue(t):
    animal, trouble, help_ = t.pick(TROUBLES)
    return Outline(
        roles=dict(animal=animal, trouble=trouble, help=help_, place=t.place()),
        state="[loved animals|liked to help]",
        event="went to {place} and saw a little {animal}",
        alone=True,
        body=(
            '{trouble} "Please help me!" said the {animal}.',
            '"[Do not be afraid|Do not cry], little {animal}. I will help you," said {h}.',
            "{h} {help}.",
            '"Thank you, {h}! You are [so kind|very kind]," said the {animal}.',
            "{h} [smiled and was very proud|was happy to help].",
            "From that day on, {h} and the {animal} [were best friends|played together every day].",
        ),
    )


def lost_outside(t):
    return Outline(
        roles=dict(toy=t.toy(), f=t.friend(), place=t.place(), spot=t.pick(OUTDOOR_SPOTS)),
        state="had {toy.a}",
        event="took the {toy} to {place} to play with {f}",
        body=(
            "[They played and played|They ran and laughed], but then the {toy} was gone.",
            '"Oh no! Where is my {toy}?" {h} cried.',
            "{h} and {f} looked everywhere.",
            "At last, {f} saw something {toy.adjective} {spot}. It was the {toy}!",
            '"[You found it|You are a good friend]! Thank you, {f}!" said {h}.',
            "They played until the sun went down.",
        ),
    )


def skill(t):
    what, fail, done = t.pick(SKILLS)
    return Outline(
        roles=dict(what=what, fail=fail, done=done, p=t.elder()),
        state="wanted to learn to {what}",
        event="tried [for the first time|very hard], but {h.he} {fail}",
        days=("One day", "One morning"),
        body=(
            '"[This is too hard|I cannot do it]," said {h}.',
            '"Do not [give up|stop], {h}. I will [help|show] you," said {p}.',
            "So {h} tried again [and again|every day].",
            "Then, one day, {h} {done}!",
            '"I did it! I can {what}!" {h} said.',
            "{p} was very proud[| of {h}].",
        ),
    )


def finder(t):
    return Outline(
        roles=dict(x=t.pick(FOUND), place=t.place(), food=t.food(), owner=t.pick(("man", "woman"))),
        state="[liked to find little things|loved to walk]",
        event="found a [little|pretty] {x} near {place}",
        alone=True,
        body=(
            "Then {h} saw an old {owner} who looked very sad.",
            '"[What is wrong|Why are you sad]?" asked {h}.',
            '"I lost my {x}," said the old {owner}.',
            '"Is this your {x}?" asked {h}.',
            '"Yes! Thank you so much!" said the old {owner} and gave {h} a big {food}.',
            "{h} went home [with a smile|and was very happy].",
        ),
    )


def wish(t):
    what, trouble = t.pick(WISHES)
    return Outline(
        roles=dict(what=what, trouble=trouble, place=t.place(), x=t.pick(("stone", "bird", "tree"))),
        state="always wanted more and more",
        event="found a magic {x} near {place}",
        alone=True,
        body=(
            '"I can give you what you wish for," said the {x}.',
            '"I wish for {what}," said {h}.',
            "And so it was! At first, {h} was very happy.",
            "But soon {h} {trouble}.",
            '"Please, magic {x}, take it all back!" said {h}.',
            "{h} learned that [too much is not good|{h.he} had all that {h.he} wanted].",
        ),
    )


def tall_tree(t):
    return Outline(
        roles=dict(f=t.friend(), food=Thing(t.pick(("apple", "pear", "plum"))), place=t.place()),
        state="had a [good friend|friend] named {f}",
        event="{with_f} went to {place} and saw {food.a} in a tall tree",
        alone=True,
        body=(
            "{h} jumped, but {h.he} could not reach it.",
            "{f} jumped too, but {f.he} could not reach it.",
            '"I have an idea," said {f}. "Climb on my back, {h}!"',
            "{h} climbed on {f}'s back. Now {h.he} could reach the {food}!",
            "They sat down under the tree and ate the {food} together.",
        ),
    )


def snowman(t):
    thing, animal = t.pick((("carrot", "rabbit"), ("stick", "puppy"), ("stone", "bird")))
    return Outline(
        roles=dict(f=t.friend(), thing=thing, animal=animal),
        state="loved the snow",
        event="{with_f} made a snowman",
        days=("One cold day", "One cold morning"),
        alone=True,
        body=(
            "It was big and round, but it had no nose.",
            '"[What can we do|Where can we find a nose]?" asked {f}.',
            "{h} looked everywhere, but there was only snow.",
            'Then a little {animal} came with a {thing}. "You can have this," it said.',
            "{h} put the {thing} on the snowman. Now it had a nose!",
            "They all danced around the snowman [and laughed|until the sun went down].",
        ),
    )


def treasure(t):
    return Outline(
        roles=dict(x=t.pick(TREASURES), p=t.elder(), place=t.place(), c=t.pick(("white", "red", "yellow"))),
        state="liked to find pretty things",
        event="found a {c} {x} near {place}",
        alone=True,
        body=(
            "{h} [wanted to keep it|put it in {h.his} bag].",
            "But {p} was sick in bed that day.",
            'So {h} ran home. "Look, {p}! I have a {x} for you," {h.he} said.',
            "{p} [smiled for the first time that day|smiled and hugged {h}].",
            '"Thank you, {h}. Now I feel much better," said {p}.',
            "{h} learned that it is good to [give|make others happy].",
        ),
    )


OUTSIDE_PLOTS = (rescue, lost_outside, skill, finder, wish, tall_tree, snowman, treasure)
