"""The generator of stories: determinism, variety, grammar, and heroes that stay themselves."""

import random
import re

import pytest

from models.stories import PLOTS, stories, story
from models.stories.teller import Teller
from models.stories.words import ANIMALS, CHILDREN, COLOURS, FAMILY, RARE_NAMES, TOYS, Person, Thing


COUNT = 3000


@pytest.fixture(scope="module")
def texts():
    return list(stories(7, COUNT))


def each_story():
    """Teller, outline, text and the people in it (the hero first), for many stories of every plot."""
    for number, plot in enumerate(PLOTS):
        for variant in range(60):
            teller = Teller(random.Random(1000 * number + variant))
            outline = plot(teller)
            text = teller.tell(outline)
            people = [teller.hero] + [role for role in outline.roles.values() if isinstance(role, Person)]
            yield teller, outline, text, people


def sentences(text):
    """Splits at the marks that end a sentence, quotes removed."""
    return re.split(r"(?<=[.!?])\s+", text.replace('"', ""))


def test_same_seed_same_stories(texts):
    assert list(stories(7, 50)) == texts[:50]
    assert list(stories(8, 50)) != texts[:50]


def test_variety(texts):
    """Whole stories hardly ever repeat, and neither do they with all capitalised words taken out."""
    assert len(set(texts)) >= 0.995 * COUNT
    assert len({re.sub(r"\b[A-Z][a-z]+", "N", text) for text in texts}) >= 0.95 * COUNT


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
    for _, _, text, people in each_story():
        allowed = {person.name for person in people} | {"I"}
        for sentence in sentences(text):
            # A quotation that ends in ! or ? leaves "said Mia." behind it, in small letters.
            assert sentence[0].isupper() or f'" {sentence.split()[0]}' in text, text
            for before, word in re.findall(r"(\S+) ([A-Z][a-z]*)", sentence):
                assert word in allowed or before.endswith(","), text


def test_articles():
    """"an" stands before vowels and only there, and no article follows another word of its kind."""
    for _, _, text, _ in each_story():
        for article, word in re.findall(r"\b([Aa]n?) (\w+)", text):
            assert (article.lower() == "an") == (word[0] in "aeiou"), f"{article} {word} in: {text}"
        assert not re.search(r"\b(a|an|the|old|little|his|her) (a|an|the|his)\b", text), text


def test_everybody_is_part_of_the_cast():
    """The only names are those of the hero and of the plot's roles, and whoever is cast appears."""
    known = {name for name, _ in RARE_NAMES} | {person.name for person in CHILDREN + ANIMALS + FAMILY}
    for _, _, text, people in each_story():
        names = {person.name for person in people}
        words = set(re.findall(r"\b[A-Z][a-z]+", text))
        assert words & (known | names) == names, text


def test_pronouns_fit_the_only_gender():
    """Where nobody of the other gender is about, every pronoun is the hero's."""
    seen = 0
    for _, _, text, people in each_story():
        if len({person.female for person in people}) == 1:
            wrong = r"\b(he|him|his)\b" if people[0].female else r"\b(she|her)\b"
            assert not re.search(wrong, text, re.IGNORECASE), text
            seen += 1
    assert seen > 300


def test_friends_have_different_names():
    for _, _, text, people in each_story():
        assert len({person.name for person in people}) == len(people), text


def test_plots_leave_the_roles_of_the_teller_alone():
    for _, outline, _, _ in each_story():
        assert not {"h", "who", "with_f"} & set(outline.roles)


def test_things_keep_their_colour(texts):
    """Whenever a toy is named with a colour again, it is the colour it had at first."""
    colours, toys = ("|".join(common + rare) for common, rare in (COLOURS, TOYS))
    pattern = re.compile(rf"\b({colours}) ({toys})\b")
    seen = 0
    for text in texts:
        found = pattern.findall(text)
        assert len(set(found)) <= 1, text
        seen += bool(found)
    assert seen > COUNT // 10


def test_hero_never_meets_its_own_kind_unnamed():
    seen = 0
    for teller, outline, _, _ in each_story():
        if not teller.human:
            roles = dict(outline.roles, with_f="", f=Person("F", "f", True))
            body = " ".join(teller.fill(line, roles) for line in outline.body)
            assert not re.search(rf"\b{teller.hero.kind}\b", body), body
            seen += 1
    assert seen > 100


def test_thing_phrases():
    hat = Thing("hat", "orange")
    assert (str(hat), hat.full, hat.a) == ("hat", "orange hat", "an orange hat")
    assert Thing("kite").a == "a kite"


def test_teller_wants_a_random_source():
    with pytest.raises(ValueError, match=r"^Source of chance must be a random\.Random, not 3$"):
        Teller(3)
