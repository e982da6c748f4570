"""`celosia embed`: vectors of texts."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from host.command.options import DEFAULT_KV, ContextSize, KvBits, load_model, parse_ids, read_text
from host.command.writing import (
    AnyConfig, AnyEngine, MemoryName, PortPath, PreName, check_writing, load_tokenizer, open_writing_engine,
    say_what_was_loaded)
from host.engine.engines import EngineName
from host.errors import CelosiaError

__all__ = ["embed"]

_MOST_TEXT_BYTES = 1 << 28


def embed(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="GGUF file of an encoder.")],
    text: Annotated[list[str], typer.Option(
        metavar="TEXT", help="Text; may be given several times.", show_default=False)] = (),
    file: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False, help="A text in every line of this file, UTF-8; - is stdin.")] = None,
    ids: Annotated[list[str], typer.Option(
        metavar="1,2,3", show_default=False,
        help="Token ids in place of a text, with those that begin and end it; may be given several times.")] = (),
    engine: AnyEngine = EngineName.MODEL,
    config: AnyConfig = None,
    memory: MemoryName = None,
    normalise: Annotated[bool, typer.Option(
        "--normalise", "--normalize", help="Divide each vector by its length.")] = False,
    states: Annotated[bool, typer.Option(
        "--states",
        help="A vector of every token, the states after the last layer, in place of one of the text.")] = False,
    out: Annotated[Path | None, typer.Option(
        metavar="FILE.npy", help="Write all vectors to this file and not to stdout.", show_default=False)] = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write texts, tokens, vectors and costs to this file.", show_default=False)] = None,
    context: ContextSize = None,
    kv: KvBits = DEFAULT_KV,
    pre: PreName = None,
    port: PortPath = None,
):
    """Make vectors of texts with an encoder, such as BERT.

    stdout gets a line for each text: its numbers, with spaces between them, which are fp32 exactly. How the states of
    a text become one vector (that of the first token, that of the last, or the mean) the file says.

    The engines `model`, `rtl` and `board` give the same bits.

    \b
    celosia embed bge.gguf --text "A red ball."
    celosia embed bge.gguf --file lines.txt --normalise --out vectors.npy
    celosia embed bge.gguf --text "A red ball." --engine rtl --json report.json
    celosia embed bge.gguf --text "A red ball." --states          a line for each token
    """
    import numpy as np

    from host.console.output_file import output_file, takes_stdout
    from host.console.text_display import TextDisplay
    from host.engine.pooling import check_pooling

    engine, system = check_writing(
        engine=engine, config=config, memory=memory, kv=kv, tokens=None, group=None, port=port)
    loaded = load_model(model)
    loaded.check_encodes()
    if not states:
        check_pooling(loaded.hyperparameters.pooling, loaded.path)
    texts = _texts(loaded, text, file, ids, pre)
    with (ExitStack() as closing, output_file(out) as out_file, output_file(json) as report,
          TextDisplay(silent=True) as display):
        opened, chosen = open_writing_engine(
            closing, loaded, engine=engine, config=config, system=system, context=context, kv=kv, port=port, group=None,
            progress=display.progress)
        for number, (_words, tokens) in enumerate(texts, 1):
            if len(tokens) > opened.context:
                raise CelosiaError(f"text {number} must have at most the {opened.context} tokens of the context, not "
                                   f"{len(tokens)}")
        rows = []
        for number, (words, tokens) in enumerate(texts, 1):
            before = opened.cycles
            vectors = _vectors(loaded, opened.states(tokens), states, normalise)
            cycles = None if before is None else opened.cycles - before
            rows.append({"text": words, "tokens": tokens, "vectors": vectors, "cycles": cycles})
            display.progress(f"text {number} of {len(texts)}")
        if out_file:
            np.save(out_file, np.concatenate([row["vectors"] for row in rows]), allow_pickle=False)
        if report:
            used = (None, None) if engine == EngineName.FLOAT else (chosen.name, kv)
            report.write(_report(rows, loaded, engine, *used, memory, states, normalise))
    if engine == EngineName.BOARD:
        say_what_was_loaded(opened)
    if not (out_file or takes_stdout(json)):
        for row in rows:
            for vector in row["vectors"]:
                typer.echo(" ".join(map(_number, vector)))


def _texts(model, text, file, ids, pre):
    """What there is to embed: pairs of a text, or None, and its token ids.

    Raises
    ------
    CelosiaError
        If there is nothing, or an id is not in the vocabulary.
    """
    words = [*text]
    if file is not None:
        lines = read_text(file, most_bytes=_MOST_TEXT_BYTES).splitlines()
        words += [line for line in lines if line.strip()]
    tokens_of = load_tokenizer(model, pre) if words else None
    texts = [(each, tokens_of.encode(each, end=True)) for each in words]
    texts += [(None, parse_ids(each)) for each in ids]
    if not texts:
        raise CelosiaError("there is no text: --text, --file or --ids must name one")
    vocab = model.hyperparameters.vocab
    for number, (_words, tokens) in enumerate(texts, 1):
        if not tokens:
            raise CelosiaError(f"text {number} has no tokens")
        if max(tokens) >= vocab:
            raise CelosiaError(f"ids must be below the vocabulary's {vocab}, not {max(tokens)}")
    return texts


def _vectors(model, states, whole, normalise):
    """What is asked for of the states of a text: float32 (vectors, dim)."""
    import numpy as np

    from host.engine.pooling import pool

    vectors = np.asarray(states, np.float64)
    if not whole:
        vectors = pool(vectors, model.hyperparameters.pooling, model.path)[None]
    if normalise:
        lengths = np.sqrt(np.sum(vectors * vectors, axis=1, keepdims=True))
        # Zeros have no direction and stay.
        vectors = vectors / np.where(lengths == 0, 1, lengths)
    return vectors.astype(np.float32)


def _number(value):
    """A number that is read back as the same fp32."""
    return f"{value:.9g}"


def _report(rows, model, engine, config, kv_bits, memory, states, normalise):
    import json

    texts = [row | {"vectors": [[float(_number(value)) for value in vector] for vector in row["vectors"]]}
             for row in rows]
    return (json.dumps({
        "model": str(model.path), "engine": engine, "config": config, "kv_bits": kv_bits, "memory": memory,
        "pooling": None if states else model.hyperparameters.pooling.name.lower(), "normalised": normalise,
        "texts": texts}) + "\n").encode()
