"""docs/models.md against the architectures."""

from pathlib import Path

import pytest

from boards.board import BOARDS
from host.arch.registry import ARCHITECTURES
from host.bench.shape import find_shape
from host.pages.models import largest_format, page
from testing.architectures import CASES

ROOT = Path(__file__).resolve().parents[3]
FAMILIES = {"llama-linear": "llama", "llama-llama3": "llama", "llama-yarn": "llama", "mistral": "llama",
            "qwen2-256": "qwen2", "qwen3-256": "qwen3", "phi3-longrope": "phi3", "olmo3": "olmo2",
            "stablelm-12b": "stablelm", "modernbert": "modern-bert"}


def test_committed_page_is_the_printed_one():
    assert (ROOT / "docs" / "models.md").read_text() == page(), "python -m host.pages.models > docs/models.md"


def test_what_was_checked():
    """Formats of the files that the references are compared with."""
    formats = {name: set() for name in ARCHITECTURES}
    for case in CASES:
        name, _, form = case.name.partition("-Q")
        formats[FAMILIES.get(name, name)].add(f"Q{form}" if form else "F32")
    assert formats == {name: {*architecture.checked} for name, architecture in ARCHITECTURES.items()}


@pytest.mark.parametrize("name, board, expected", [
    # 1,100 million weights of 4.5 bits are 619 MB, of 3.4 bits 473 MB; ECPIX-5 has 512 MiB, ULX3S 32 MiB.
    ("tinyllama-1.1b", "ecpix5", "Q3_K"), ("tinyllama-1.1b", "ulx3s", None), ("stories15m", "ulx3s", "Q8_0"),
    # 76 MB of 128 MiB, but 143 MB in Q8_0.
    ("smollm-135m", "orangecrab", "Q4_0")])
def test_room(name, board, expected):
    models = {form: find_shape(name, form).model for form in ("Q8_0", "Q4_0", "Q3_K", "Q2_K")
              if form in ("Q8_0", "Q4_0") or name == "tinyllama-1.1b"}
    assert largest_format(models, BOARDS[board]) == expected
