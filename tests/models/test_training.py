"""Training, the GGUF file it writes, and sampling. Needs PyTorch, which only the group `train` installs."""

import itertools

import pytest


torch = pytest.importorskip("torch", reason="needs PyTorch: install the dependency group `train`")

from models.gguf_file import read_gguf, write_gguf    # noqa: E402
from models.judge import flaws, known_words    # noqa: E402
from models.llama import Llama, Shape    # noqa: E402
from models.sample import sample    # noqa: E402
from models.stories import stories    # noqa: E402
from models.tokens import pack_rows, train_tokenizer    # noqa: E402
from models.train import batches, learning_rate, train    # noqa: E402


SHAPE = Shape(ffn=256, layers=1, vocab=768)


@pytest.fixture(scope="module")
def trained():
    torch.set_num_threads(1)
    losses = []
    model, tokenizer = train(SHAPE, steps=6, seed=5, batch=4, log=losses.append)
    return model, tokenizer, losses


def test_same_seed_same_weights(trained):
    again, _ = train(SHAPE, steps=6, seed=5, batch=4, log=lambda line: None)
    for name, weight in trained[0].state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name


def test_file_holds_the_model(trained, tmp_path):
    model, tokenizer, _ = trained
    path = tmp_path / "model.gguf"
    parameters = write_gguf(path, model, tokenizer, name="Test")
    assert parameters == sum(weight.numel() for weight in model.parameters())
    read, rebuilt = read_gguf(path)
    assert read.shape.__dict__ == pytest.approx(model.shape.__dict__)
    for name, weight in model.state_dict().items():
        # Q8_0 has 127 steps up to the largest magnitude, and an fp16 scale.
        bound = 0 if weight.ndim == 1 else weight.abs().max() * (0.5 / 127 + 2 ** -11)
        assert (read.state_dict()[name] - weight).abs().max() <= bound, name
    for text in itertools.chain(stories(9, 50), ("\u00fcber 42 \u732b\n", " a  b ")):
        assert rebuilt.encode(text) == tokenizer.encode(text)


def test_stories_of_a_row_do_not_see_each_other(trained):
    """Each story's logits are those it has alone, wherever in the row it stands."""
    model, tokenizer, _ = trained
    ids, _, story = next(batches(pack_rows(stories(11, 40), tokenizer, SHAPE.context), 4))
    assert story.max() >= 1
    with torch.no_grad():
        packed = model(ids, story)
        for row, number in itertools.product(range(4), range(int(story.max()) + 1)):
            inside = story[row] == number
            if inside.any():
                alone = model(ids[row][inside][None])[0]
                torch.testing.assert_close(packed[row][inside], alone, rtol=1e-4, atol=1e-4)


def test_learning_rate():
    assert learning_rate(0, 1000, 1.0) == pytest.approx(0.01)
    assert learning_rate(100, 1000, 1.0) == pytest.approx(1.0)
    assert learning_rate(1000, 1000, 1.0) == pytest.approx(0.02)


def test_sample_keeps_the_prompt_and_the_seed(trained):
    model, tokenizer, _ = trained
    one, _ = sample(model, tokenizer, "One day", temperature=1.0, seed=1, tokens=20)
    assert one.startswith("One day")
    assert one == sample(model, tokenizer, "One day", temperature=1.0, seed=1, tokens=20)[0]
    assert one != sample(model, tokenizer, "One day", temperature=1.0, seed=2, tokens=20)[0]
    with pytest.raises(ValueError, match=r"^Temperature must be 0 or more, not -1$"):
        sample(model, tokenizer, "", temperature=-1)


@pytest.fixture(scope="module")
def words():
    return known_words(count=5000)


def test_the_generator_has_no_flaws(words):
    for text in stories(12, 500):
        assert flaws(text, True, words) == [], text


@pytest.mark.parametrize("text, finished, found", [
    ("Tom was sad. Tom ran.", False, ["no end"]),
    ("Tom was sadd. Tom ran.", True, ["unknown word sadd"]),
    ("Tom was sad. Tim ran, and Tom ran.", True, ["Tim named once"]),
    ("Tom and Mia ran. Tom and Mia and Leo and Ben and Leo and Ben ran.", True, ["4 names"]),
    ("A boy named Tom had a friend named Tom.", True, ["friend named like the hero (Tom, Tom)"]),
    ("Tom had a red ball. Tom saw something blue.", True, ["changed colour (red, blue)"]),
    ("Tom looked under the bed, but the ball was gone. Tom looked under the bed, and there it was!", True,
     ["found where it was not (under the bed, under the bed)"]),
])
def test_flaws(words, text, finished, found):
    assert flaws(text, finished, words) == found


@pytest.mark.parametrize("field, number, message", [
    ("dim", 200, "dim must be a multiple of 256, not 200"),
    ("ffn", 300, "ffn must be a multiple of 256, not 300"),
    ("kv_heads", 3, "heads must be a multiple of kv_heads=3, not 4"),
    ("heads", 6, "dim must be a multiple of 2 * heads=12, not 256"),
])
def test_shape_errors(field, number, message):
    with pytest.raises(ValueError) as caught:
        Llama(Shape(**{field: number}))
    assert str(caught.value) == message
