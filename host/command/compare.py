"""`celosia compare`: where the accelerator's numbers part from the ideal."""

import math
from pathlib import Path
from typing import Annotated

import typer

from host.command.options import (
    DEFAULT_CONFIG, DEFAULT_KV, ConfigName, ContextSize, KvBits, ModelPath, SinkCount, WindowSize, check_kv,
    choose_context, find_config, load_model, parse_ids)
from host.errors import CelosiaError, quoted

__all__ = ["compare"]

_ORDERS = ("accumulated", "local")


def compare(
    ids: Annotated[str, typer.Option(metavar="1,2,3", help="Token ids, from position 0 on.")],
    model: ModelPath = None,
    config: ConfigName = DEFAULT_CONFIG,
    context: ContextSize = None,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
    top: Annotated[int, typer.Option(metavar="N", help="Instructions to list; 0: all.")] = 20,
    by: Annotated[str, typer.Option(
        metavar="|".join(_ORDERS), help="Error that decides the order.")] = _ORDERS[0],
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False,
        help="Also write the errors of all instructions to this file.")] = None,
):
    """List the instructions whose results are furthest from float64, worst first.

    Both run the same program: the golden model, whose bits are the gateware's, and float64 on the weights as
    the file has them. Errors are relative root mean squares over all positions. `accumulated` is the distance
    from the float64 run, with everything that came before; `local` is what the instruction itself adds,
    computed from what the golden model had at that point.

    \b
    celosia compare --ids 1,403,407                         the demo model
    celosia compare model.gguf --ids 1,403,407 --by local --top 5
    celosia compare model.gguf --ids 1,403,407 --kv 4 --json report.json
    """
    from host.evaluation.comparison import Comparison
    from host.compiler.compiled import compile_model
    from host.image.image import build_image
    from host.console.output_file import output_file, takes_stdout
    from host.console.progress_bar import ProgressBar

    chosen, sequence = find_config(config), parse_ids(ids)
    check_kv(kv)
    if top < 0:
        raise CelosiaError(f"top must be 0 or more, not {top}")
    if by not in _ORDERS:
        raise CelosiaError(f"by must be one of {', '.join(_ORDERS)}, not {quoted(by)}")
    loaded = load_model(model, window=window, sinks=sinks)
    loaded.check_predicts()
    vocab = loaded.hyperparameters.vocab
    if max(sequence) >= vocab:
        raise CelosiaError(f"ids must be below the vocabulary's {vocab}, not {max(sequence)}")
    compiled = compile_model(loaded, chosen, choose_context(loaded, chosen, context, kv_bits=kv), kv_bits=kv)
    if len(sequence) > compiled.context:
        raise CelosiaError(f"ids must be at most the {compiled.context} tokens of the context, "
                           f"not {len(sequence)}")
    with output_file(json) as file:
        comparison = Comparison(build_image(compiled))
        with ProgressBar(len(sequence), "tokens") as bar:
            for token in sequence:
                comparison.step(token)
                bar.advance()
        errors = sorted(comparison.errors(), key=lambda error: -getattr(error, by))
        if file:
            file.write(_report(comparison, errors, loaded, chosen, kv, sequence))
    if not takes_stdout(json):
        _print(comparison, errors, top)


def _report(comparison, errors, model, config, kv, ids):
    from dataclasses import asdict
    import json

    # JSON has no infinity.
    rows = [{key: None if value == math.inf else value for key, value in asdict(error).items()}
            for error in errors]
    return (json.dumps({
        "model": str(model.path), "config": config.name, "kv_bits": kv, "ids": ids,
        "same_argmax": comparison.same_argmax, "instructions": rows}, indent=2) + "\n").encode()


def _print(comparison, errors, top):
    from rich import box
    from rich.table import Table

    from host.console.stdout_console import StdoutConsole

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("Instruction", overflow="fold")
    for heading in ("Matrix", "Result"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Accumulated", "Local"):
        table.add_column(heading, justify="right", no_wrap=True)
    for error in errors[:top or None]:
        table.add_row(str(error.index), error.label, error.format or "", error.result,
                      f"{error.accumulated:.2e}", f"{error.local:.2e}")
    console = StdoutConsole()
    console.print(table)
    logits = next(error for error in errors if error.result == "logits")
    console.print(f"logits: rel-rms {logits.accumulated:.2e}, same argmax at {comparison.same_argmax} of "
                  f"{comparison.positions} positions")
