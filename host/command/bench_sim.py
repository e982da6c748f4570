"""`celosia bench-sim`: how fast the simulations are."""

from pathlib import Path
from typing import Annotated

import typer

from host.command.options import DEFAULT_CONFIG, ConfigName, ModelPath, find_config, load_model
from host.errors import CelosiaError

__all__ = ["bench_sim"]


def bench_sim(
    model: ModelPath = None,
    config: ConfigName = DEFAULT_CONFIG,
    tokens: Annotated[int, typer.Option(
        metavar="N", help="Tokens that the compiled simulation runs.")] = 10,
    cycles: Annotated[int, typer.Option(
        metavar="N", help="Cycles that Amaranth's simulator runs.")] = 2000,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write the figures to this file.", show_default=False)] = None,
):
    """Time the compiled simulation against Amaranth's own.

    Both run the complete accelerator with the model's program and the DRAM model, and must be at the same
    instruction, with the same traffic on the bus, after the same cycles.

    \b
    celosia bench-sim
    celosia bench-sim --config sim-narrow --json speeds.json
    """
    from dataclasses import asdict

    from host.compiler.compiled import compile_model
    from host.image.image import build_image
    from host.console.output_file import output_file, takes_stdout
    from flow.waiting import waiting
    from sim.speed import measure_speeds

    chosen = find_config(config)
    for name, value in (("tokens", tokens), ("cycles", cycles)):
        if value < 1:
            raise CelosiaError(f"{name} must be 1 or more, not {value}")
    loaded = load_model(model)
    loaded.check_predicts()
    compiled = compile_model(loaded, chosen)
    if tokens > compiled.context:
        raise CelosiaError(f"tokens must be at most the {compiled.context} of the context, not {tokens}")
    with output_file(json) as file:
        with waiting("running both simulations ..."):
            speeds = measure_speeds(build_image(compiled), tokens=tokens, cycles=cycles)
        if file:
            import json as encoder

            report = {"model": str(loaded.path), "config": chosen.name, **asdict(speeds),
                      "ratio": speeds.ratio}
            file.write((encoder.dumps(report, indent=2) + "\n").encode())
    if takes_stdout(json):
        return
    typer.echo(f"compiled:  {speeds.compiled_cycles_per_second:>9,.0f} cycles/s "
               f"({speeds.compiled_cycles:,} cycles)")
    typer.echo(f"Amaranth:  {speeds.interpreted_cycles_per_second:>9,.0f} cycles/s "
               f"({speeds.interpreted_cycles:,} cycles)")
    typer.echo(f"compiled is {speeds.ratio:,.0f} times as fast")
