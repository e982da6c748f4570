"""`celosia perplexity`: how well a model predicts a text."""

import math
from pathlib import Path
from typing import Annotated

import typer

from host.command.options import (
    DEFAULT_CONFIG, DEFAULT_KV, ConfigName, EngineChoice, KvBits, ModelPath, SinkCount, WindowSize, check_kv,
    check_window, choose_context, find_config, find_engine, load_model, read_text)
from host.command.writing import PreName, load_tokenizer
from host.engine.engines import EngineName
from host.errors import CelosiaError

__all__ = ["perplexity"]

_CONTEXT = 512
"""Chunk length of llama.cpp, where the model's context allows it."""

_MOST_TEXT_BYTES = 1 << 28


def perplexity(
    text: Annotated[Path, typer.Option(metavar="FILE", help="Text, UTF-8; - is stdin.")],
    model: ModelPath = None,
    engine: EngineChoice = EngineName.MODEL,
    config: ConfigName = DEFAULT_CONFIG,
    context: Annotated[int | None, typer.Option(
        metavar="N", show_default=False,
        help=f"Tokens of a chunk; by default {_CONTEXT}, or the model's context where that is less.")] = None,
    chunks: Annotated[int | None, typer.Option(
        metavar="N", help="Most chunks to score; by default all.", show_default=False)] = None,
    paragraphs: Annotated[bool, typer.Option(
        "--paragraphs",
        help="Every paragraph is a text of its own and is scored whole, its end included.")] = False,
    special: Annotated[bool, typer.Option(
        "--special", help="A control token that the text spells is that token, not text.")] = False,
    pre: PreName = None,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write the result to this file.", show_default=False)] = None,
):
    """Measure the perplexity of a model on a text.

    As llama.cpp's llama-perplexity defines it: the text is cut into chunks, and the tokens in the second half
    of each chunk are scored, so that each has at least half a chunk before it. The error is one standard
    error, as if tokens were independent. On the engine `rtl` tokens go through the weights in groups as large as
    the configuration has logical columns.

    A model that was trained on short texts, each by itself, has never seen one follow another: --paragraphs
    measures it on such texts.

    \b
    celosia perplexity --text stories.txt --paragraphs      the demo model, story by story
    celosia perplexity model.gguf --text wiki.test.raw --engine float
    celosia perplexity model.gguf --text wiki.test.raw --kv 8
    celosia perplexity --text wiki.test.raw --engine rtl --context 32 --chunks 2 --json report.json
    """
    from host.engine.engines import open_engine
    from host.console.output_file import output_file, takes_stdout
    from host.evaluation.perplexity import evaluate, split_paragraphs, split_text
    from host.console.progress_bar import ProgressBar

    engine, chosen = find_engine(engine), find_config(config)
    check_kv(kv)
    check_window(window, sinks)
    if chunks is not None and chunks < 1:
        raise CelosiaError(f"chunks must be 1 or more, not {chunks}")
    words = read_text(text, most_bytes=_MOST_TEXT_BYTES)
    loaded = load_model(model, window=window, sinks=sinks)
    loaded.check_predicts()
    if context is None:
        most = min(_CONTEXT, loaded.hyperparameters.usual_context)
        context = choose_context(loaded, chosen, None, kv_bits=kv, engine=engine, most=most) or most
    split = split_paragraphs if paragraphs else split_text
    parts = split(load_tokenizer(loaded, pre), words, context, where=str(text), special=special)[:chunks]
    with output_file(json) as file:
        opened = open_engine(engine, loaded, config=chosen, context=context, kv_bits=kv)
        with ProgressBar(sum(len(part.ids) - 1 for part in parts), "tokens") as bar:
            for result in evaluate(opened, parts, progress=bar.advance):
                bar.note(f"perplexity {_figures(result)}")
        if file:
            file.write(_report(result, {
                "chunks": len(parts), "context": context, "paragraphs": paragraphs, "model": str(loaded.path),
                "text": str(text), "engine": engine,
                "config": None if engine == EngineName.FLOAT else chosen.name,
                "kv_bits": None if engine == EngineName.FLOAT else kv}))
    if not takes_stdout(json):
        typer.echo(f"perplexity {_figures(result)} ({len(result.losses):,} tokens scored in {len(parts)} "
                   f"{'paragraphs' if paragraphs else f'chunks of {context}'}, engine {engine})")


def _report(result, circumstances):
    import json

    figures = {"perplexity": result.value, "error": result.error, "loss": result.mean,
               "loss_error": result.mean_error}
    # JSON has no infinity, which is the perplexity of a loss beyond 709 nats.
    figures = {name: value if math.isfinite(value) else None for name, value in figures.items()}
    return (json.dumps(figures | {"scored": len(result.losses)} | circumstances, indent=2) + "\n").encode()


def _figures(result):
    return f"{result.value:.4f} +/- {result.error:.4f}"
