"""Compares the engines float and model with others' results on a small model of every architecture.

Run as ``python -m testing.architectures``, with ``--json`` for a machine and names of files to choose. The models and
the results (Hugging Face in float64, llama.cpp) are in the folder ``architectures`` of the shared data.
"""

from dataclasses import dataclass, replace
import json
import sys

import numpy as np

from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.engine.float_engine import FloatEngine
from host.engine.model_engine import ModelEngine
from host.engine.pooling import pool
from host.gguf.model import load
from host.image.image import build_image
from host.paths import data_dir

__all__ = ["CASES", "Case", "EXPERTS", "ModelResult", "NAMES", "Result", "compare", "compare_model", "distance", "main"]

RESULTS = "architectures-logits.npz"

TIE = 5e-4
"""Logits that are less than this much of their root mean square apart are not told apart."""

NAMES = ("llama, qwen2, qwen3, gemma2, gemma3, phi2, phi3, smollm3, granite, olmo2, stablelm, starcoder2, gpt2, "
         "gptneox, bert, modern-bert")
"""The architectures that there are, as messages list them."""

EXPERTS = ("granitemoe", "granitemoeshared", "mixtral", "mixtral-Q8_0", "olmoe", "qwen2moe", "qwen2moe-Q8_0",
           "qwen3moe", "qwen3moe-Q8_0")
"""Files of mixtures of experts, which are refused."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file and what it is compared with.

    Parameters
    ----------
    name : str
        Of the file, without ``.gguf``.
    ideal, ggml : str
        Which of the results: Hugging Face's and llama.cpp's.
    context : int or None
        Positions that there are room for; None for the model's usual context.
    window : bool
        False to compare without the window that the file names, as both others have done it.
    """

    name: str
    ideal: str = "ideal"
    ggml: str = "ggml"
    context: int | None = None
    window: bool = True

    @property
    def label(self):
        """What the table calls it."""
        what = "" if self.ideal == "ideal" else f" ({self.ideal})"
        return f"{self.name}{what}" if self.window else f"{self.name} (window passed over)"


CASES = (
    *(Case(name=name) for name in (
        "llama-linear", "llama-llama3", "llama-yarn", "mistral", "qwen2", "qwen2-Q8_0", "qwen2-Q4_0",
        "qwen2-256-Q4_K_M", "qwen3", "qwen3-Q8_0", "qwen3-256-Q4_K_M", "gemma2", "gemma2-Q8_0", "gemma3", "gemma3-Q8_0",
        "phi2")),
    Case(name="phi3", ideal="ideal_window"), Case(name="phi3", window=False), Case(name="phi3-Q8_0", window=False),
    Case(name="phi3-longrope"),
    Case(name="phi3-longrope", ideal="ideal_long", ggml="ggml_long", context=512),
    *(Case(name=name) for name in (
        "smollm3", "smollm3-Q8_0", "granite", "granite-Q8_0", "olmo2", "olmo2-Q8_0", "olmo3", "stablelm",
        "stablelm-Q8_0", "stablelm-12b", "starcoder2", "gpt2", "gpt2-Q8_0", "gpt2-Q4_0", "gptneox", "gptneox-Q8_0")),
    *(Case(name=name, ideal=f"ideal{kind}", ggml=f"ggml{kind}") for name in ("bert", "bert-Q8_0", "modernbert")
      for kind in ("", "_pooled")),
)
"""Every file without experts, and of some more than one result."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How far from the ideal an engine and llama.cpp are.

    Attributes
    ----------
    label : str
    float, ggml : float
        Norm of the difference over that of the ideal.
    same, ggml_same, positions : int or None
        Positions whose largest logit is the ideal's, and how many there are; None for vectors of texts.
    """

    label: str
    float: float
    ggml: float
    same: int | None
    ggml_same: int | None
    positions: int | None


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """How far from the ideal the accelerator is.

    Attributes
    ----------
    model, ggml : float
        Norm of the difference over that of the ideal, of the accelerator and of llama.cpp, at the same positions.
    same, astray, positions : int or None
        Positions whose largest logit is the ideal's; those where another one is, though the ideal's two largest are
        more than ``TIE`` of the root mean square of all logits apart; and how many there are. None for encoders.
    """

    model: float
    ggml: float
    same: int | None = None
    astray: int | None = None
    positions: int | None = None


def distance(found, ideal):
    """Norm of the difference over that of the ideal."""
    ideal = np.asarray(ideal, np.float64)
    return float(np.linalg.norm(found - ideal) / np.linalg.norm(ideal))


def compare(case, folder):
    """Run the engine float on a case.

    Parameters
    ----------
    case : Case
    folder : Path
        Of the models and results.

    Returns
    -------
    Result
    """
    model, results = _open(case, folder)
    tokens, ideal, ggml = results["tokens"], results[case.ideal], results[case.ggml]
    engine, hp = FloatEngine(model, case.context), model.hyperparameters
    compute = engine.logits if hp.causal else engine.pooled if ideal.ndim == 1 else engine.states
    found = compute(tokens)
    same, ggml_same = (int((logits.argmax(axis=1) == ideal.argmax(axis=1)).sum()) if hp.causal else None
                       for logits in (found, ggml))
    return Result(label=case.label, float=distance(found, ideal), ggml=distance(ggml, ideal), same=same,
                  ggml_same=ggml_same, positions=len(tokens) if hp.causal else None)


def _open(case, folder):
    """The model of a case, and all results for its file."""
    model, results = load(folder / f"{case.name}.gguf"), np.load(folder / RESULTS)
    if not case.window:
        hp = model.hyperparameters
        kinds = tuple(replace(kind, window=None) for kind in hp.kinds)
        model = replace(model, hyperparameters=replace(hp, kinds=kinds))
    return model, {what: results[f"{case.name}/{what}"] for what in ("tokens", case.ideal, case.ggml)}


def compare_model(case, folder, most=None):
    """Run the accelerator, as the engine model has it, on a case.

    An encoder takes all tokens of the case, since each of them changes the others.

    Parameters
    ----------
    case : Case
    folder : Path
        Of the models and results.
    most : int, optional
        Tokens of a decoder to run at most.

    Returns
    -------
    ModelResult
    """
    model, results = _open(case, folder)
    hp, tokens = model.hyperparameters, results["tokens"]
    if not hp.causal:
        found = _accelerator(model, len(tokens)).states(tokens)
        if results[case.ideal].ndim == 1:
            found = pool(found.astype(np.float64), hp.pooling, model.path)
        return ModelResult(model=distance(found, results[case.ideal]),
                           ggml=distance(results[case.ggml], results[case.ideal]))
    count = min(len(tokens), most or len(tokens))
    ideal, ggml = results[case.ideal][:count].astype(np.float64), results[case.ggml][:count]
    found = _accelerator(model, count if case.context is None else case.context).extend(tokens[:count])
    best = np.sort(ideal, axis=1)[:, -2:]
    same = found.argmax(axis=1) == ideal.argmax(axis=1)
    apart = best[:, 1] - best[:, 0] > TIE * np.sqrt(np.mean(ideal**2))
    return ModelResult(model=distance(found, ideal), ggml=distance(ggml, ideal), same=int(same.sum()),
                       astray=int((~same & apart).sum()), positions=count)


def _accelerator(model, context):
    return ModelEngine(build_image(compile_model(model, CONFIGS["sim"], context)))


def _row(result, model):
    def same(count, of):
        return "" if count is None else f"{count}/{of}"

    row = (f"{result.label:<32} {result.float:9.1e} {same(result.same, result.positions):>6} {result.ggml:9.1e} "
           f"{same(result.ggml_same, result.positions):>6}")
    return f"{row} {model.model:9.1e} {same(model.same, model.positions):>6}"


def main(arguments):
    """Print the table.

    Parameters
    ----------
    arguments : list of str
        ``--json``, and names of files (all by default).
    """
    names = [argument for argument in arguments if argument != "--json"]
    folder = data_dir() / "architectures"
    cases = [case for case in CASES if not names or case.name in names]
    if "--json" in arguments:
        results = [(compare(case, folder), compare_model(case, folder)) for case in cases]
        print(json.dumps([vars(result) | {"accelerator": vars(model)} for result, model in results],
                         indent=2))
        return
    print(f"{'file':<32} {'float':>9} {'same':>6} {'ggml':>9} {'same':>6} {'model':>9} {'same':>6}")
    for case in cases:
        print(_row(compare(case, folder), compare_model(case, folder)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
