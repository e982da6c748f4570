"""What becomes of one mutated model."""

from dataclasses import dataclass
from enum import StrEnum
import os
from pathlib import Path
import tempfile
import time
import traceback

import numpy as np

from gateware.config import CONFIGS
from host.engine.engines import EngineName, open_engine
from host.errors import CelosiaError
from host.gguf.model import load
from host.text import tokenizer
from host.text.generation import Generation
from host.text.sampler import Sampler
from testing.fuzz.bases import bases
from testing.fuzz.mutation import mutate

__all__ = ["Outcome", "Trial", "run_trial", "write_files"]

_BASES = list(bases().values())
_TEXT = "a lost code\n told \u20ac1.50: \U0001f600 </s> the end"
_TOKENS = 2
_LONGEST_MESSAGE = 2000
_USER_DEFINED = 4
"""Type of user-defined tokens, after which llama.cpp and so Celosia begins texts anew, each with a space of its own."""


class Outcome(StrEnum):
    """How a trial ended."""

    REFUSED = "refused"  #: a message before anything was computed
    RAN = "ran"          #: tokens came out
    FAULT = "fault"      #: neither, or more than one line was said


@dataclass
class Trial:
    """A trial and its end.

    Attributes
    ----------
    number : int
        What the file was made from, together with the campaign's seed.
    outcome : Outcome
    text : str
        The message, what was generated, or what went wrong.
    seconds : float
        CPU time.
    """

    number: int
    outcome: Outcome
    text: str
    seconds: float


def write_files(folder, seed, number):
    """Write the files of a trial.

    Parameters
    ----------
    folder : pathlib.Path
    seed, number : int
        The same two numbers give the same files.

    Returns
    -------
    pathlib.Path
        The file to load; it may be missing, as a part of a split model can be.
    """
    random = np.random.default_rng([seed, number])
    documents = _BASES[random.integers(len(_BASES))]
    files = mutate(documents, random)
    names = ["model.gguf"] if len(files) == 1 else [
        f"model-{index + 1:05}-of-{len(files):05}.gguf" for index in range(len(files))]
    for name, data in zip(names, files):
        if data is not None:
            (folder / name).write_bytes(data)
    return folder / names[random.integers(len(names))]


def run_trial(seed, number, log):
    """Make a model, load it, go through its tokenizer and generate two tokens.

    Parameters
    ----------
    seed, number : int
    log : file
        Where file descriptor 2 leads: what arrives there is a fault.

    Returns
    -------
    Trial
    """
    log.seek(0)
    log.truncate()
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome, text = _run(write_files(Path(folder), seed, number), number)
        except CelosiaError as error:
            outcome, text = _judge(str(error))
        except Exception:  # pylint: disable=broad-exception-caught
            outcome, text = Outcome.FAULT, traceback.format_exc()
    if os.fstat(log.fileno()).st_size:
        log.seek(0)
        outcome, text = Outcome.FAULT, f"{text}\nstderr: {log.read()}"
    return Trial(number, outcome, text, time.process_time() - start)


def _judge(message):
    if "\n" in message or not message or len(message) > _LONGEST_MESSAGE or not message.isprintable():
        return Outcome.FAULT, f"not a line of at most {_LONGEST_MESSAGE} printable characters: {message!r}"
    return Outcome.REFUSED, message


def _run(path, number):
    model = load(path)
    tokens = tokenizer.load(model)
    wrong = None
    try:
        wrong = _round_trip(model, tokens)
    except CelosiaError as error:
        outcome, text = _judge(str(error))
        wrong = text if outcome == Outcome.FAULT else None
    if wrong:
        return Outcome.FAULT, wrong
    engine = open_engine(EngineName.MODEL, model, config=CONFIGS["sim"])
    generation = Generation(engine, tokens, Sampler(0.0, 0), prompt="a" if number % 2 else "", tokens=_TOKENS)
    text = "".join(generation)
    if not 1 <= len(generation.ids) <= _TOKENS or not all(0 <= id < len(tokens) for id in generation.ids):
        return Outcome.FAULT, f"ids {generation.ids}"
    return Outcome.RAN, text


def _round_trip(model, tokens):
    """What is wrong with the way of a text to ids and back, or None. The unknown token stands for anything."""
    ids = tokens.encode(_TEXT)
    found, wanted = tokens.decode(ids), _TEXT
    if _USER_DEFINED in model.metadata.get("tokenizer.ggml.token_type", []):
        found, wanted = found.replace(" ", ""), wanted.replace(" ", "")
    if found != wanted and tokens.unknown not in ids:
        return f"the text {_TEXT!r} became {found!r}"
    return None
