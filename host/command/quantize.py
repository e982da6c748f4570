"""`celosia quantize`: a model in another format."""

from pathlib import Path
from typing import Annotated

import typer

from host.errors import CelosiaError

__all__ = ["quantize"]


def quantize(
    source: Annotated[Path, typer.Argument(metavar="IN.gguf", help="GGUF file of any format.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.gguf", help="File to write.")],
    kind: Annotated[str, typer.Option(
        "--type", metavar="TYPE", help="Format of the matrices, such as Q4_0.")],
    output_type: Annotated[str | None, typer.Option(
        metavar="TYPE", show_default=False,
        help="Format of the token embedding and the output matrix, if it shall be another.")] = None,
    fallback: Annotated[str | None, typer.Option(
        metavar="TYPE", show_default=False,
        help="Format of matrices with rows that the block of TYPE does not divide.")] = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False,
        help="Also write what became of each tensor to this file.")] = None,
):
    """Write a model with its matrices in another format.

    Quantisation is llama.cpp's, bit for bit, to F32, F16, BF16, Q8_0, Q5_1, Q5_0, Q4_1, Q4_0, MXFP4, NVFP4, TQ2_0,
    TQ1_0, Q2_0 and Q1_0; for the others take its llama-quantize. Norms become F32, everything else in the file is kept.
    From a quantised file the errors of both formats add up, and formats of one bit or three values ruin a model that
    was not trained for them.

    \b
    celosia quantize model.gguf model-q4_0.gguf --type Q4_0
    celosia quantize model.gguf small.gguf --type Q4_0 --output-type Q8_0
    celosia quantize model.gguf small.gguf --type Q8_0 --fallback F16 --json report.json
    """
    from host.console.output_file import output_file, takes_stdout
    from host.console.progress_bar import ProgressBar
    from host.gguf.requantisation import Requantisation

    if takes_stdout(target):
        raise CelosiaError("the file to write must be a file, not -")
    if target.exists() and source.exists() and target.samefile(source):
        raise CelosiaError(f"cannot write {target}: it is the file to read")
    work = Requantisation(source, kind, output=output_type, fallback=fallback)
    with output_file(json) as report:
        with output_file(target) as file, ProgressBar(len(work.changes), "tensors") as bar:
            work.write(file, progress=bar.advance)
        if report:
            report.write(_report(source, target, work.changes))
    if not takes_stdout(json):
        _print(target, work.changes)


def _report(source, target, changes):
    import json

    return (json.dumps({"source": str(source), "target": str(target), "tensors": [
        {"name": change.name, "source": change.source, "target": change.target,
         "source_bytes": change.source_bytes, "target_bytes": change.target_bytes, "rel_rms": change.rel_rms}
        for change in changes]}, indent=2) + "\n").encode()


def _print(target, changes):
    """Formats, sizes and errors in one line each."""
    from collections import Counter

    before = sum(change.source_bytes for change in changes)
    after = sum(change.target_bytes for change in changes)
    counts = Counter((change.source, change.target) for change in changes)
    typer.echo(f"{target}: " + ", ".join(
        f"{count} tensor{'' if count == 1 else 's'} "
        + (f"kept in {new}" if old == new else f"from {old} to {new}")
        for (old, new), count in counts.items()))
    typer.echo(f"tensors {before:,} -> {after:,} bytes ({after / before:.3f})")
    worst = max(changes, key=lambda change: change.rel_rms)
    typer.echo(f"rel-rms at worst {worst.rel_rms:.3g} ({worst.name})")
