"""The generator of stories: determinism, variety, grammar, and heroes that stay themselves."""

import random
import re

import pytest

from models.stories import PLOTS, stories, story
from models.stories.teller import Teller
from models.stories.words import ANIMALS, CHILDREN, FAMILY, Thing


COUNT = 3000
NAMES = {person.name for person in CHILDREN + ANIMALS + FAMILY}
# Capitalised within a sentence without being a name.
PRONOUN = "I"


@pytest.fixture(scope="module")
def texts():
    return list(stories(7, COUNT))


def each_plot():
    for number, plot in enumerate(PLOTS):
        for variant in range(40):
            yield plot, random.Random(1000 * number + variant)


def sentences(text):
    """Splits at the marks that end a sentence, quotes removed."""
    return re.split(r"(?<=[.!?])\s+", text.replace('"', ""))


def test_same_seed_same_stories(texts):
    assert list(stories(7, 50)) == texts[:50]
    assert list(stories(8, 50)) != texts[:50]


def test_variety(texts):
    """Whole stories hardly ever repeat, and neither do they with the hero's name taken out."""
    assert len(set(texts)) >= 0.995 * COUNT
    names = re.compile(rf"\b({'|'.join(sorted(NAMES))})\b")
    assert len({names.sub("N", text) for text in texts}) >= 0.95 * COUNT


def test_every_plot_is_told_differently():
    for plot in PLOTS:
        told = {story(random.Random(seed), plot) for seed in range(200)}
        assert len(told) >= 190, plot.__name__


def test_length(texts):
    lengths = [len(text.split()) for text in texts]
    assert min(lengths) >= 50 and max(lengths) <= 105


def test_characters_and_spacing(texts):
    for text in texts:
        assert re.fullmatch(r"[A-Za-z ,.!?'\"]+", text), text
        assert "  " not in text and not re.search(r" [,.!?]", text), text
        assert not re.search(r"[,.!?]{2}", text), text


def test_ends_with_a_full_stop_or_mark(texts):
    assert all(re.search(r"[.!]\"?$", text) for text in texts)


def test_quotes_are_balanced_and_hold_a_sentence(texts):
    for text in texts:
        assert text.count('"') % 2 == 0, text
        for quote in text.split('"')[1::2]:
            assert quote[0].isupper() and quote[-1] in ",.!?", text


def test_capitals():
    """Sentences begin with a capital; inside them only names and I have one."""
    for plot, rng in each_plot():
        text = story(rng, plot)
        for sentence in sentences(text):
            # A quotation that ends in ! or ? leaves "said Mia." behind it, in small letters.
            assert sentence[0].isupper() or f'" {sentence.split()[0]}' in text, text
            for before, word in re.findall(r"(\S+) ([A-Z][a-z]*)", sentence):
                assert word in NAMES | {PRONOUN} or before.endswith(","), text


def test_articles():
    """"an" stands before vowels and only there."""
    for plot, rng in each_plot():
        text = story(rng, plot)
        for article, word in re.findall(r"\b([Aa]n?) (\w+)", text):
            assert (article.lower() == "an") == (word[0] in "aeiou"), f"{article} {word} in: {text}"


def test_everybody_is_part_of_the_cast():
    """The only names are the hero's and those of the plot's roles, and all of these appear."""
    for plot, rng in each_plot():
        teller = Teller(rng)
        outline = plot(teller)
        text = teller.tell(outline)
        cast = {teller.hero.name} | {role.name for role in outline.roles.values() if role in
                                     CHILDREN + ANIMALS + FAMILY}
        assert {word for word in re.findall(r"[A-Z][a-z]+", text) if word in NAMES} == cast, text


def test_pronouns_fit_the_only_person():
    """Where nobody else has a gender, the pronouns are the hero's."""
    seen = 0
    for plot, rng in each_plot():
        teller = Teller(rng)
        outline = plot(teller)
        people = [role for role in outline.roles.values() if role in CHILDREN + ANIMALS + FAMILY]
        text = teller.tell(outline)
        if any(person.female != teller.hero.female for person in people):
            continue
        wrong = r"\b(he|him|his)\b" if teller.hero.female else r"\b(she|her)\b"
        assert not re.search(wrong, text, re.IGNORECASE), text
        seen += 1
    assert seen > 200


def test_things_keep_their_colour(texts):
    """Whenever a toy is named with a colour again, it is the colour it had at first."""
    pattern = re.compile(r"\b(red|blue|green|yellow|pink|orange) (ball|kite|doll|car|drum|boat|hat|book)\b")
    seen = 0
    for text in texts:
        found = pattern.findall(text)
        assert len(set(found)) <= 1, text
        seen += bool(found)
    assert seen > COUNT // 10


def test_hero_never_meets_its_own_kind_unnamed():
    for plot, rng in each_plot():
        teller = Teller(rng)
        teller.hero = rng.choice(ANIMALS)
        outline = plot(teller)
        body = " ".join(teller.fill(line, outline.roles) for line in outline.body)
        assert not re.search(rf"\b{teller.hero.kind}\b", body), body


def test_thing_phrases():
    hat = Thing("hat", "orange")
    assert (str(hat), hat.full, hat.a) == ("hat", "orange hat", "an orange hat")
    assert Thing("kite").a == "a kite"


def test_teller_wants_a_random_source():
    with pytest.raises(ValueError, match=r"^Source of chance must be a random\.Random, not 3$"):
        Teller(3)
