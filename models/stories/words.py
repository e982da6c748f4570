"""The lexicon of the stories: people and things that know their own articles and pronouns."""

from dataclasses import dataclass


__all__ = [
    "Person", "Thing", "with_article", "CHILDREN", "ANIMALS", "FAMILY", "RARE_NAMES", "RARE_KINDS", "TOYS",
    "COLOURS", "FOODS", "OUTSIDE", "INDOOR_SPOTS", "OUTDOOR_SPOTS", "TROUBLES", "SKILLS",
    "FEARS", "FRAGILE", "GIFTS", "PLANTS",
    "RAINY", "JOBS", "FOUND", "WISHES", "TREASURES",
]


def with_article(noun):
    """The noun phrase with its indefinite article: ``"orange hat"`` becomes ``"an orange hat"``.

    Decides by the first letter, which is right for every word of this lexicon.
    """
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


@dataclass(frozen=True)
class Person:
    """Somebody with a name. Template fields: ``{x}`` the name, ``{x.he}``, ``{x.him}``, ``{x.his}``,
    ``{x.himself}``, ``{x.He}``, ``{x.His}``, ``{x.kind}`` and ``{x.a_kind}``.

    Parameters
    ----------
    name : str
        Proper name; "Mom" and her like count as names.
    kind : str
        What follows "a little": girl, boy, or an animal.
    female : bool
        Chooses the pronouns.
    """

    name: str
    kind: str
    female: bool

    def __str__(self):
        return self.name

    @property
    def he(self):
        return "she" if self.female else "he"

    @property
    def him(self):
        return "her" if self.female else "him"

    @property
    def his(self):
        return "her" if self.female else "his"

    @property
    def himself(self):
        return "herself" if self.female else "himself"

    @property
    def a_kind(self):
        return with_article(self.kind)

    @property
    def He(self):
        return self.he.capitalize()

    @property
    def His(self):
        return self.his.capitalize()


@dataclass(frozen=True)
class Thing:
    """Something singular. Template fields: ``{x}`` the bare noun, ``{x.full}`` with its adjective,
    ``{x.a}`` with adjective and indefinite article.

    Parameters
    ----------
    noun : str
    adjective : str
        May be empty.
    """

    noun: str
    adjective: str = ""

    def __str__(self):
        return self.noun

    @property
    def full(self):
        return f"{self.adjective} {self.noun}".strip()

    @property
    def a(self):
        return with_article(self.full)


CHILDREN = tuple(
    [Person(name, "girl", True) for name in "Mia Lily Anna Rose Nora Lucy Amy Sue".split()]
    + [Person(name, "boy", False) for name in "Tom Ben Sam Max Leo Tim Jack Dan".split()]
)

ANIMALS = (
    Person("Bo", "bear", False), Person("Dot", "mouse", True), Person("Pip", "rabbit", False),
    Person("Rusty", "fox", False), Person("Luna", "cat", True), Person("Daisy", "duck", True),
)

FAMILY = (
    Person("Mom", "mother", True), Person("Dad", "father", False),
    Person("Grandma", "grandmother", True), Person("Grandpa", "grandfather", False),
)

# (name, female). Rare words keep the model from merely knowing the common ones by heart: what it meets once
# in a thousand stories it has to copy.
RARE_NAMES = tuple(
    [(name, True) for name in
     "Zoe Emma Ella Ruby Kate Ivy Lena Clara Alice Eva Maya Olivia Sofia Grace Jane Julia Nina Tina Sara "
     "Rita Hannah Molly Polly Betty Wendy Fiona Greta Yuki Priya Vera Xenia Una Quinn Freya Ingrid".split()]
    + [(name, False) for name in
       "Noah Theo Hugo Finn Bob Peter Paul Adam Oscar Liam Jim Joe Luke Mark Nick Fred George Henry Oliver "
       "Kai Ravi Omar Ivan Victor Walter Zack Eric David Bruno Felix Charlie Yusuf Quentin "
       "Umberto Axel".split()]
)

# (kind, female, or None where either will do)
RARE_KINDS = (
    ("dog", None), ("pig", None), ("frog", None), ("horse", None), ("owl", None), ("goat", None),
    ("hen", True), ("lion", None), ("monkey", None), ("elephant", None), ("dragon", None), ("robot", None),
    ("giant", None), ("king", False), ("queen", True), ("prince", False), ("princess", True),
    ("wizard", False), ("fairy", True),
)

# Of each pair, the first half is common, the second rare.
COLOURS = (("red", "blue", "green", "yellow", "pink", "orange"), ("purple", "white", "black", "brown"))
TOYS = (("ball", "kite", "doll", "car", "drum", "boat", "hat", "book"),
        ("train", "robot", "truck", "bell", "flute", "balloon", "sled", "puzzle", "spaceship", "umbrella"))
FOODS = (("apple", "cookie", "cake", "pear", "pie"),
         ("banana", "plum", "peach", "muffin", "sandwich", "melon"))
OUTSIDE = (("the park", "the garden", "the beach", "the forest", "the farm", "the lake"),
           ("the river", "the hill", "the school", "the castle", "the market", "the bridge", "the zoo",
            "the mountain", "the village", "the desert"))
INDOOR_SPOTS = ("under the bed", "behind the door", "under the table", "in the big box", "behind the chair",
                "in the basket")
OUTDOOR_SPOTS = ("in the tall grass", "behind a big tree", "under a bush", "next to the pond")

# animal, what is wrong with it, what the hero does
TROUBLES = (
    ("kitten", "It was stuck in a tree.", "climbed up the tree and carried it down"),
    ("bird", "It had fallen out of its nest.", "put it back in its nest"),
    ("puppy", "It was stuck in the mud.", "pulled it out with a rope"),
    ("turtle", "It was lying on its back.", "turned it over with both hands"),
    ("duck", "It could not find the pond.", "took it all the way to the pond"),
    ("bee", "It had fallen into the water.", "lifted it out with a leaf"),
    ("squirrel", "It had lost all its nuts.", "helped it to find every one of them"),
    ("lamb", "It was stuck in a fence.", "opened the fence and set it free"),
)

# what to learn, how it fails, how it looks when it works
SKILLS = (
    ("ride a bike", "fell off the bike", "rode the bike all the way home"),
    ("swim", "got water in {h.his} nose", "swam all the way across the pond"),
    ("skate", "fell down on the ice", "went round and round on the ice"),
    ("sing", "could not find the right notes", "sang a long song"),
    ("bake bread", "burned the bread", "took a warm bread out of the oven"),
    ("climb", "fell down from the tree", "climbed to the top of the tree"),
)

# what is heard or seen, what they do about it, what it turns out to be
FEARS = (
    ("heard a noise under the bed", "looked under the bed", "the cat with a ball"),
    ("heard a tap at the window", "opened the window", "a tree in the wind"),
    ("saw a dark thing on the wall", "turned on the light", "a coat on a chair"),
    ("heard a noise in the kitchen", "went to the kitchen", "a mouse with some cheese"),
    ("saw two eyes in the garden", "went to the garden", "a bird in a tree"),
)

FRAGILE = ("cup", "plate", "lamp", "bowl", "window", "clock")

# present, how it is made
GIFTS = (
    ("card", "cut some paper and painted a big heart on it"),
    ("cake", "mixed eggs and sugar and put it in the oven"),
    ("crown", "picked some flowers and tied them in a ring"),
    ("picture", "painted a house, a tree and a yellow sun"),
    ("hat", "took some soft wool and worked all day"),
    ("kite", "tied some paper to two sticks"),
)

# plant, what it is like when it has grown
PLANTS = (
    ("flower", "It was as tall as a house."),
    ("pumpkin", "It was so big that nobody could lift it."),
    ("rose", "It was red and smelled very good."),
    ("carrot", "It was long and orange."),
    ("apple tree", "It was full of red apples."),
)

# suggestion, what they do, how it ends
RAINY = (
    ("build a house of boxes", "took ten boxes and built a big house", "told stories inside the house"),
    ("bake cookies", "mixed eggs and sugar and baked cookies", "ate the warm cookies by the window"),
    ("paint a picture", "took some paper and painted the sun", "put the picture on the wall"),
    ("make paper boats", "made ten little boats", "let the boats swim in the bath"),
    ("play music", "played the drum and sang", "danced around the table"),
)

# what {p} has to do, how it is done
JOBS = (
    ("carry a big basket", "carried the basket up the hill"),
    ("wash the plates", "washed all the plates"),
    ("paint the fence", "painted the fence white"),
    ("feed the birds", "gave the birds some bread"),
    ("pick the apples", "picked all the apples"),
)

FOUND = ("key", "ring", "coin", "bag", "watch")
TREASURES = ("shell", "stone", "feather", "flower", "leaf")

# wish, what goes wrong
WISHES = (
    ("a house of cake", "ate so much that {h.he} felt sick"),
    ("a hundred toys", "could not move, because toys were everywhere"),
    ("a year of snow", "was so cold that {h.he} could not play"),
    ("a long night", "could not find the way home in the dark"),
)
