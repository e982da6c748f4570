"""`celosia verify`: the gateware against its golden model."""

from pathlib import Path
from typing import Annotated

import typer

from host.command.options import DEFAULT_CONFIG, ContextSize, ModelPath, find_config, load_model
from host.errors import CelosiaError

__all__ = ["verify"]


def verify(
    model: ModelPath = None,
    tokens: Annotated[int, typer.Option(metavar="N", help="Tokens to run.")] = 8,
    config: Annotated[list[str], typer.Option(
        metavar="NAME",
        help="Configuration of the accelerator; may be given several times.")] = (DEFAULT_CONFIG,),
    stalls: Annotated[float, typer.Option(
        metavar="P", help="Probability that the memory holds back a handshake in a cycle.")] = 0.1,
    seed: Annotated[int, typer.Option(metavar="S", help="Of the stalls.")] = 0,
    context: ContextSize = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write the report to this file.", show_default=False)] = None,
):
    """Compare the gateware with its golden model, bit by bit.

    Both run the same tokens on the same program, and every value that every instruction writes must be the
    same: scratchpad, scalar registers, quantised vectors, KV cache, logits and argmax. Where they differ,
    the first place is reported and the exit status is 1. With several configurations their logits must be
    the same bits, too.

    \b
    celosia verify
    celosia verify --config sim --config sim-narrow --config sim-wide --stalls 0.3
    celosia verify model.gguf --tokens 2 --seed 7 --json report.json
    """
    from host.compiler.compiled import compile_model
    from host.output_file import output_file
    from host.text_display import TextDisplay

    chosen = [find_config(name) for name in config]
    if tokens < 1:
        raise CelosiaError(f"tokens must be 1 or more, not {tokens}")
    if not 0 <= stalls < 1:
        raise CelosiaError(f"stalls must be 0 to below 1, not {stalls}")
    loaded = load_model(model)
    compiled = [compile_model(loaded, each, context) for each in chosen]
    if tokens > compiled[0].context:
        raise CelosiaError(f"tokens must be at most the {compiled[0].context} of the context, not {tokens}")
    with output_file(json) as file:
        with TextDisplay() as display:
            rows = [_verify(each, tokens, stalls, seed, display) for each in compiled]
        same = len({row["logits_hash"] for row in rows}) == 1
        passed = same and all(row["difference"] is None for row in rows)
        report = {"model": str(loaded.path), "stalls": stalls, "seed": seed, "passed": passed,
                  "same_logits": same, "configurations": rows}
        if file:
            import json as encoder

            file.write((encoder.dumps(report, indent=2) + "\n").encode())
    _print(report)
    if not passed:
        raise typer.Exit(1)


def _verify(compiled, tokens, stalls, seed, display):
    """One line of the report: a configuration."""
    from dataclasses import replace

    from host.engine.model_engine import ModelEngine
    from host.image.image import build_image
    from host.verification import verify_engines
    from sim.rtl_engine import MemoryTiming, RtlEngine

    name = compiled.config.name
    display.progress(f"{name}: starting the simulation ...")
    image = build_image(compiled)
    # The KV cache lives in the image's memory: each engine needs one of its own.
    reference = ModelEngine(replace(image, memory=image.memory.copy()))
    rtl = RtlEngine(image, memory=MemoryTiming(stall_probability=stalls, seed=seed))
    bos = compiled.model.hyperparameters.bos
    for result in verify_engines(reference, rtl, 0 if bos is None else bos, tokens):
        display.progress(f"{name}: token {len(result.ids)} of {tokens}, {result.values:,} values compared")
    row = {"config": name, "tokens": len(result.ids), "ids": result.ids,
           "instructions": len(compiled.program) * len(result.ids), "values": result.values,
           "cycles": rtl.cycles, "logits_hash": result.logits_hash, "difference": None}
    if result.difference:
        found = result.difference
        row["difference"] = {
            "token": len(result.ids) - 1, "instruction": found.instruction,
            "label": compiled.label(found.instruction), "kind": found.kind, "place": found.place,
            "model": found.expected, "rtl": found.found,
            "message": f"{name}: token {len(result.ids) - 1}, instruction {found.instruction} "
                       f"({compiled.label(found.instruction)}), {found.where()}: rtl wrote "
                       f"{found.value(found.found)}, model {found.value(found.expected)}"}
    return row


def _print(report):
    import sys

    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Configuration", overflow="fold")
    for heading in ("Tokens", "Instructions", "Values", "Cycles"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Logits", no_wrap=True)
    for row in report["configurations"]:
        counts = (f"{row[column]:,}" for column in ("tokens", "instructions", "values", "cycles"))
        table.add_row(row["config"], *counts, row["logits_hash"])
    width = None if sys.stdout.isatty() else 120
    console = Console(highlight=False, markup=False, soft_wrap=True, width=width)
    console.print(table)
    rows = report["configurations"]
    failures = [row["difference"]["message"] for row in rows if row["difference"]]
    if not failures:
        stalls, seed = report["stalls"], report["seed"]
        console.print(f"rtl and model agree in every value; stalls {stalls}, seed {seed}.")
        if len(rows) > 1 and report["same_logits"]:
            console.print(f"The logits of all {len(rows)} configurations are the same bits.")
        elif not report["same_logits"]:
            failures = ["the logits of the configurations are not the same bits"]
    for failure in failures:
        typer.echo(f"celosia: {failure}", err=True)
