"""Prints docs/models.md: which architectures there are, how they were checked, and models that people have of them.

Run as ``python -m host.pages.models``.
"""

from contextlib import suppress
import inspect

from boards.board import BOARDS
from host.arch.published import Published
from host.arch.registry import ARCHITECTURES
from host.bench.shape import random_shape
from host.compiler.limits import check_fit
from host.compiler.placement import Placement
from host.errors import CelosiaError
from host.pages.markdown import table, text

__all__ = ["largest_format", "page"]

CONTEXT = 512
_MEGABYTE = 1e6

_PAGE = """\
# Models

<!-- Printed by `python -m host.pages.models` from the architectures in host/arch; a test compares. -->

A GGUF file is a model of one of these architectures, by its key `general.architecture`; any other is refused by name,
and so is a key that asks for something which is not here. Each architecture is a file of `host/arch/`. All run on the
engine `float`.

{architectures}

Mixtures of experts are refused.

**How they were checked.** Every architecture has its forward pass in float64 (`--engine float`). Small random models,
converted as published ones are, were run in Hugging Face transformers in float64 too: the logits, of encoders the
states and the pooled vector, differ by less than a millionth (root mean square), on weights in the formats that the
table names.
`python -m testing.architectures` prints the differences, those of llama.cpp, and those of the accelerator, where the
models are at hand.

Where llama.cpp and the model's own definition differ, the definition counts as far as the file carries it: the window
of phi3, the ramp of YaRN, GELU itself and not a table of it.

## Models that people have

Sizes are those of the published files. Below each board stands the largest format (of {formats}) in which its memory
has room for the model with {context} positions of K and V in 16 bits, and its buffers for the rows; nothing where even
the smallest does not fit. K-quants need rows of whole blocks of 256. `celosia bench --board BOARD --shape NAME --format
FORMAT` simulates a token of a decoder of these sizes.

{models}
"""


def largest_format(models, board):
    """The first format in which a board has room for a model.

    Parameters
    ----------
    models : dict of str to host.gguf.model.Model
        By format.
    board : boards.board.Board

    Returns
    -------
    str or None
    """
    for form, model in models.items():
        context = min(CONTEXT, model.hyperparameters.context)
        try:
            check_fit(model, board.config, context)
        except CelosiaError:
            continue
        if Placement(model, board.config, context, 0, 1, 16).image_bytes <= board.memory.bytes:
            return form
    return None


def _architectures():
    rows = []
    for name, architecture in ARCHITECTURES.items():
        rows.append([f"`{name}`", text(inspect.getdoc(type(architecture))), ", ".join(architecture.checked)])
    return table(["Architecture", "What it is", "Checked in"], rows)


def _models():
    rows = []
    for architecture in ARCHITECTURES.values():
        for name, published in architecture.published.items():
            hyperparameters, models = published.hyperparameters(name, architecture), {}
            for form in published.formats:
                with suppress(CelosiaError):
                    models[form] = random_shape(name, architecture, hyperparameters, form).model
            weights, largest = (sum(count(tensor) for tensor in next(iter(models.values())).tensors.values())
                                for count in (lambda tensor: tensor.shape[0] * tensor.shape[1],
                                              lambda tensor: tensor.raw.size))
            rows.append([f"`{name}`", f"`{architecture.name}`", f"{weights / _MEGABYTE:,.0f} M",
                         f"{largest / _MEGABYTE:,.0f} MB, {next(iter(models))}",
                         *(largest_format(models, board) or "" for board in BOARDS.values())])
    return table(["Model", "Architecture", "Weights", "Largest", *BOARDS], rows)


def page():
    """The page (str, Markdown)."""
    return _PAGE.format(architectures=_architectures().rstrip(), models=_models().rstrip(), context=CONTEXT,
                        formats=", ".join(Published.formats))


if __name__ == "__main__":
    print(page(), end="")
