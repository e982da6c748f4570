"""`celosia verify`: the gateware against its golden model."""

from pathlib import Path
from typing import Annotated

import typer

from host.command.options import (
    DEFAULT_CONFIG, DEFAULT_KV, ContextSize, KvBits, ModelPath, SinkCount, WindowSize, check_kv, choose_context,
    find_config, find_memory, load_model)
from host.errors import CelosiaError

__all__ = ["verify"]

_STRIDE = 37
"""From an id to the next in the text of an encoder, which predicts none itself."""


def verify(
    model: ModelPath = None,
    tokens: Annotated[int, typer.Option(metavar="N", help="Tokens to run.")] = 8,
    config: Annotated[list[str], typer.Option(
        metavar="NAME",
        help="Configuration of the accelerator; may be given several times. By default that of the memory's board, or "
             f"{DEFAULT_CONFIG}.", show_default=False)] = (),
    memory: Annotated[str | None, typer.Option(
        metavar="BOARD", show_default=False,
        help="Simulate the DRAM controller of this board with the accelerator; without it a simple model with "
             "random stalls.")] = None,
    stalls: Annotated[float, typer.Option(
        metavar="P", help="Probability that the memory holds back a handshake in a cycle.")] = 0.1,
    seed: Annotated[int, typer.Option(metavar="S", help="Of the stalls.")] = 0,
    context: ContextSize = None,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
    groups: Annotated[bool, typer.Option(
        "--groups", help="Also run the tokens in groups, several per pass over the weights.")] = False,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write the report to this file.", show_default=False)] = None,
):
    """Compare the gateware with its golden model, bit by bit.

    Both run the same tokens on the same program, and every value that every instruction writes must be the
    same: scratchpad, scalar registers, quantised vectors, KV cache, logits and argmax. Where they differ,
    the first place is reported and the exit status is 1. With several configurations their logits must be
    the same bits, too.

    With --groups both run the same tokens once more, as many at once as the configuration has logical
    columns, as prompts and drafts go through. Every value is compared again, and the logits must be the same
    bits as those of the tokens one by one.

    An encoder sees a text of as many tokens, and what must be the same are its states in place of logits.

    With --memory everything, the KV cache included, goes through the real DRAM controller of a board.

    \b
    celosia verify
    celosia verify --config sim --config sim-narrow --config sim-wide --stalls 0.3
    celosia verify --config sim-columns --groups --kv 4
    celosia verify --memory ulx3s
    celosia verify model.gguf --tokens 2 --seed 7 --json report.json
    """
    from host.compiler.compiled import compile_model
    from host.console.output_file import output_file, takes_stdout
    from host.console.text_display import TextDisplay

    system = None if memory is None else find_memory(memory)
    chosen = [find_config(name) for name in config or (DEFAULT_CONFIG if system is None else system.board,)]
    check_kv(kv)
    if tokens < 1:
        raise CelosiaError(f"tokens must be 1 or more, not {tokens}")
    if not 0 <= stalls < 1:
        raise CelosiaError(f"stalls must be 0 to below 1, not {stalls}")
    loaded = load_model(model, window=window, sinks=sinks)
    memory_bytes = None if system is None else system.bytes
    compiled = []
    for each in chosen:
        length = choose_context(loaded, each, context, kv_bits=kv, memory_bytes=memory_bytes)
        compiled.append(compile_model(loaded, each, length, kv_bits=kv))
    if tokens > compiled[0].context:
        raise CelosiaError(f"tokens must be at most the {compiled[0].context} of the context, not {tokens}")
    with output_file(json) as file:
        with TextDisplay() as display:
            rows = [_verify(each, tokens, stalls, seed, groups, system, display) for each in compiled]
        same = len({row["logits_hash"] for row in rows}) == 1
        passed = same and all(row["difference"] is None and _groups_agree(row) for row in rows)
        report = {"model": str(loaded.path), "kv_bits": kv, "memory": memory, "stalls": stalls, "seed": seed,
                  "passed": passed, "same_logits": same, "groups": groups, "configurations": rows}
        if file:
            import json as encoder

            file.write((encoder.dumps(report, indent=2) + "\n").encode())
    _print(report, "logits" if loaded.hyperparameters.causal else "states", quiet=takes_stdout(json))
    if not passed:
        raise typer.Exit(1)


def _groups_agree(row):
    """Whether nothing speaks against the groups of a configuration."""
    found = row["groups"]
    return found is None or found["difference"] is None and found["logits_hash"] == row["logits_hash"]


def _verify(compiled, tokens, stalls, seed, groups, memory, display):
    """One line of the report: a configuration."""
    from dataclasses import replace
    from time import perf_counter

    from host.engine.model_engine import ModelEngine
    from host.image.image import build_image
    from host.evaluation.verification import verify_engines, verify_groups, verify_text
    from host.engine.rtl_engine import MemoryTiming, RtlEngine

    name = compiled.config.name
    display.progress(f"{name}: starting the simulation ...")
    image = build_image(compiled)
    # The KV cache lives in the image's memory: each engine needs one of its own.
    reference = ModelEngine(replace(image, memory=image.memory.copy()))
    if memory is not None:
        image.check_fits(memory)
    rtl = RtlEngine(image, memory=memory or MemoryTiming(stall_probability=stalls, seed=seed))
    start = perf_counter()
    hp = compiled.model.hyperparameters
    first = 0 if hp.bos is None else hp.bos
    text = [(first + _STRIDE * index) % hp.vocab for index in range(tokens)]
    results = verify_engines(reference, rtl, first, tokens) if hp.causal else verify_text(reference, rtl, text, 1)
    for result in results:
        display.progress(f"{name}: {_how_far(result, tokens)}")
    row = {"config": name, "tokens": len(result.ids), "ids": result.ids,
           "instructions": result.instructions, "values": result.values,
           "cycles": rtl.cycles, "seconds": perf_counter() - start,
           "logits_hash": result.logits_hash, "difference": _difference(result, name),
           "groups": None}
    if groups and compiled.group > 1 and not result.difference:
        for engine in (reference, rtl):
            engine.reset()
            # What the KV cache still holds would stand in for what a group fails to store.
            engine.image.memory[compiled.placement.content_bytes:] = 0
        results = (verify_groups(reference, rtl, result.ids) if hp.causal
                   else verify_text(reference, rtl, text, compiled.group))
        for result in results:
            display.progress(f"{name}: groups, {_how_far(result, tokens)}")
        row["groups"] = {"group": compiled.group, "tokens": len(result.ids), "values": result.values,
                         "cycles": rtl.cycles - row["cycles"], "logits_hash": result.logits_hash,
                         "difference": _difference(result, name)}
    return row


def _how_far(result, tokens):
    part = "" if result.part is None else f"{result.part}, "
    return f"{part}token {len(result.ids)} of {tokens}, {result.values:,} values compared"


def _difference(result, name):
    """The first difference for the report, or None."""
    found = result.difference
    if found is None:
        return None
    return {"token": len(result.ids) - result.last, "instruction": found.instruction, "label": result.label,
            "kind": found.kind, "place": found.place, "model": found.expected, "rtl": found.found,
            "message": f"{name}: {result.where()}, instruction {found.instruction} ({result.label}), {found.where()}: "
                       f"rtl wrote {found.value(found.found)}, model {found.value(found.expected)}"}


def _print(report, results, *, quiet):
    """Show a report; ``results`` is what was to be the same bits: logits, or an encoder's states."""
    from rich import box
    from rich.table import Table

    from host.console.stdout_console import StdoutConsole

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Configuration", overflow="fold")
    for heading in ("Tokens", "Instructions", "Values", "Cycles"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(results.capitalize(), no_wrap=True)
    for row in report["configurations"]:
        counts = (f"{row[column]:,}" for column in ("tokens", "instructions", "values", "cycles"))
        table.add_row(row["config"], *counts, row["logits_hash"])
    console = StdoutConsole(quiet=quiet)
    console.print(table)
    rows = report["configurations"]
    failures = [each["difference"]["message"] for row in rows for each in (row, row["groups"])
                if each and each["difference"]]
    if not failures:
        memory = f"stalls {report['stalls']}, seed {report['seed']}"
        if report["memory"] is not None:
            speed = sum(row["cycles"] for row in rows) / sum(row["seconds"] for row in rows)
            memory = f"memory {report['memory']}, {speed:,.0f} cycles simulated per second"
        console.print(f"rtl and model agree in every value; {memory}.")
        if len(rows) > 1 and report["same_logits"]:
            console.print(f"The {results} of all {len(rows)} configurations are the same bits.")
        elif not report["same_logits"]:
            failures = [f"the {results} of the configurations are not the same bits"]
        for row in rows if report["groups"] else ():
            found = row["groups"]
            if found is None:
                console.print(f"{row['config']} takes this model's tokens one at a time: there are no groups.")
            elif _groups_agree(row):
                console.print(f"{row['config']}: groups of up to {found['group']} tokens agree in every value "
                              f"({found['values']:,}) and give the same {results}, in {found['cycles']:,} cycles.")
            else:
                failures.append(f"{row['config']}: the {results} of groups are not those of the tokens one by one")
    for failure in failures:
        typer.echo(f"celosia: {failure}", err=True)
