"""`celosia bench`: how fast a model is on a board, and where its cycles go."""

from pathlib import Path
from typing import Annotated

import typer

from host.command.options import DEFAULT_KV, KvBits, SinkCount, WindowSize, check_kv, check_window

__all__ = ["bench"]


def bench(
    board: Annotated[str, typer.Option(
        metavar="NAME", help="Board: configuration, memory and clock as `celosia build` builds it; with a clock behind "
                             "its name, or ideal-BITS, a study.")],
    shape: Annotated[str, typer.Option(metavar="NAME", help="Named shape, or a GGUF file.")],
    format: Annotated[str | None, typer.Option(
        metavar="TYPE", show_default=False,
        help="ggml's name of the type of every matrix, with random content; by default as in the file.",
    )] = None,
    position: Annotated[int, typer.Option(
        metavar="P", help="Length of the KV cache, the token's own position included.")] = 128,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
    prefill: Annotated[int, typer.Option(metavar="N", help="Also time a prompt of N tokens.")] = 0,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write the report to this file.", show_default=False)] = None,
    html: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write a page with pictures to this file.", show_default=False)] = None,
    trace: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write a timeline for ui.perfetto.dev to this file.",
        show_default=False)] = None,
):
    """Simulate tokens of a model on a board, cycle by cycle, and say where the cycles go.

    Three layers of a model are simulated; the one in the middle counts as often as there are more. Utilisation
    is what a token needs to read, each weight and each element of K and V once, over what the DRAM could
    deliver at its peak in the same time. Every lost cycle has one cause.

    ulx3s, ecpix5, orangecrab, arty_a7 and pynq_z1 are the boards as built. Others are studies: ulx3s-100 has a clock
    that no build has, ideal-128 a memory model in place of a controller. The report says which.

    A prompt goes through in groups, and needs the logits of its last token only.

    \b
    celosia bench --board arty_a7 --shape smollm-135m --format Q8_0
    celosia bench --board ecpix5 --shape llama-3.2-1b --format Q4_0 --position 4096 --window 512 --sinks 4
    celosia bench --board ideal-64 --shape stories15m --format Q4_0 --position 1024 --prefill 64
    celosia bench --board ideal-128 --shape model.gguf --json bench.json --html bench.html --trace trace.json
    """
    import json as encoder

    from host.bench.board import find_board
    from host.bench.measure import measure
    from host.bench.page import page_of
    from host.bench.perfetto import write_trace
    from host.bench.report import report_of, table_of
    from host.bench.shape import find_shape
    from host.console.output_file import output_file, takes_stdout
    from host.console.progress_bar import ProgressBar

    check_kv(kv)
    check_window(window, sinks)
    chosen, measured = find_board(board), find_shape(shape, format)
    measured.model.check_predicts()
    if window is not None:
        measured = measured.within(window, sinks)
    with output_file(json) as report_file, output_file(html) as page_file, output_file(trace) as trace_file:
        measurement = measure(chosen, measured, position=position, prefill=prefill, kv_bits=kv,
                              bar=ProgressBar)
        report = report_of(measurement)
        if report_file:
            report_file.write((encoder.dumps(report, indent=2) + "\n").encode())
        if page_file:
            page_file.write(page_of(report, measurement.decode).encode())
        if trace_file:
            write_trace(trace_file, [measurement.decode.timeline], chosen.clock_hz)
    if not takes_stdout(json, html, trace):
        typer.echo(table_of(report))
