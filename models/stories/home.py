"""Plots that happen at home. Each takes a ``Teller`` and returns an ``Outline``."""

from .teller import Outline
from .words import FEARS, FRAGILE, GIFTS, INDOOR_SPOTS, JOBS, PLANTS, RAINY


__all__ = ["HOME_PLOTS"]


def lost_toy(t):
    first, second = t.rng.sample(INDOOR_SPOTS, 2)
    return Outline(
        roles=dict(toy=t.toy(), p=t.elder(), first=first, second=second),
        state="had {toy.a} and [loved it very much|played with it every day]",
        event="could not find the {toy}",
        body=(
            "{h} looked {first}, but the {toy} was not there.",
            '"[Where is my {toy}|Can you help me find my {toy}]?" {h} asked {p}.',
            '"[We will find it|I will help you], {h}," said {p}.',
            "They looked {second}, and there it was!",
            "{h} [was so happy|smiled] and [hugged the {toy}|hugged {p}].",
            "[After that, {h} took good care of the {toy}|That night, {h} slept with the {toy} in bed].",
        ),
    )


def rainy_day(t):
    idea, doing, after = t.pick(RAINY)
    return Outline(
        roles=dict(p=t.elder(), idea=idea, doing=doing, after=after),
        state="loved to play outside",
        event="wanted to play outside, but it [was raining|began to rain]",
        days=("One day", "One morning"),
        alone=True,
        body=(
            '"[What can we do now?" asked {h}.|I do not like the rain," said {h}.]',
            '"[I know!|I have an idea.] We can {idea}," said {p}.',
            "So {h} and {p} {doing}.",
            "Then they {after}.",
            "It was so much fun that {h} forgot all about the rain.",
            "[Soon the sun came out again|When the rain stopped, the sun came out].",
        ),
    )


def night_fear(t):
    sign, look, truth = t.pick(FEARS)
    return Outline(
        roles=dict(p=t.elder(), sign=sign, look=look, truth=truth),
        state="[was afraid of the dark|did not like the dark]",
        event="{sign}",
        days=("One night",),
        alone=True,
        body=(
            '"[Help, {p}! I am so afraid|{p}, {p}! Please help me]!" {h} said.',
            "{p} came and took {h.his} hand.",
            '"[We can look together|Do not be afraid]," said {p}.',
            "So they {look}. It was only {truth}!",
            "{h} and {p} laughed and laughed.",
            "Then {h} went back to bed and [was not afraid anymore|slept until morning].",
        ),
    )


def broken(t):
    return Outline(
        roles=dict(p=t.elder(), x=t.pick(FRAGILE)),
        state="loved to [run|dance|play ball] in the house",
        event="was [running|dancing] in the house and broke [a|the] {x}",
        alone=True,
        body=(
            "{h} was afraid that {p} would be angry.",
            "[{h} wanted to hide the {x}, but that was wrong|But {h} did not want to lie].",
            '"I am sorry, {p}. I broke the {x}," {h.he} said.',
            "{p} [was not angry|smiled and hugged {h}].",
            '"Thank you for telling the truth," said {p}. "We can fix it together."',
            "So they fixed the {x}[|, and {h} felt much better].",
        ),
    )


def present(t):
    gift, making = t.pick(GIFTS)
    return Outline(
        roles=dict(f=t.friend(), gift=gift, making=making),
        state="had a [good friend|friend] named {f}",
        event="wanted to make a {gift} for {f}",
        days=("One day", "One morning"),
        body=(
            "So {h} {making}.",
            "[It was hard work, but the {gift} was very pretty|It took a long time, but {h} did not stop].",
            "Then {h} went to {f}'s house with the {gift}.",
            '"[This is for you|I made this for you], {f}!" said {h}.',
            '"[I love it|What a pretty {gift}]! Thank you, {h}!" said {f}.',
            "[They played together all day|{f} hugged {h} and smiled].",
        ),
    )


def seed(t):
    plant, look = t.pick(PLANTS)
    return Outline(
        roles=dict(p=t.elder(), plant=plant, look=look),
        state="[liked to work in the garden|loved to help {p} in the garden]",
        event="found a little seed and put it in the ground",
        alone=True,
        body=(
            "{h} gave it water every day, but nothing came up.",
            '"[Why does it not grow|When will it grow], {p}?" asked {h}.',
            '"Good things take time," said {p}.',
            "So {h} waited and waited.",
            "Then, one morning, a little green leaf came up!",
            "It grew and grew until it was a big {plant}. {look}",
            "{h} was very proud of it.",
        ),
    )


def messy_room(t):
    return Outline(
        roles=dict(toy=t.toy(), p=t.elder()),
        state="never cleaned {h.his} room",
        event="wanted to play with {h.his} {toy.full}, but could not find it",
        body=(
            '"My {toy} is gone, {p}!" said {h}.',
            '"[You must clean your room|First, clean your room]," said {p}.',
            "{h} did not want to, but {h.he} began to clean.",
            "{h.He} put the books [on the table|in the box] and the toys in the basket.",
            "Soon the room was clean. And there was the {toy}!",
            "After that, {h} [always cleaned {h.his} room|never lost a toy again].",
        ),
    )


def sleepy(t):
    return Outline(
        roles=dict(p=t.elder()),
        state="[never wanted|did not like] to go to bed",
        event="could not sleep",
        days=("One night", "One warm night"),
        body=(
            '"Look [at the moon|out of the window]," said {p}. "The [sun|garden] is asleep. '
            'The [flowers|trees] are asleep."',
            '"And the [birds|bees]?" asked {h}.',
            '"They are asleep too," said {p}.',
            "Then {p} [sang a soft song|told a story about the stars].",
            '"Good night, {h}," said {p} and turned off the light.',
            "[Soon {h} was asleep|{h} slept until morning].",
        ),
    )


def helper(t):
    job, done = t.pick(JOBS)
    return Outline(
        roles=dict(p=t.elder(), job=job, done=done),
        state="was small, but wanted to help",
        event="saw that {p} had to {job}",
        body=(
            '"Can I help you, {p}?" asked {h}.',
            '"[You are too small|It is too hard for you], {h}," said {p}.',
            '"[I am small, but I can help|Please let me try]!" said {h}.',
            "So they worked together and {done}.",
            "It [took all day|was hard work], but {h} did not stop.",
            '"You are a big help," said {p}, and {h} was very proud.',
        ),
    )


HOME_PLOTS = (lost_toy, rainy_day, night_fear, broken, present, seed, messy_room, sleepy, helper)
