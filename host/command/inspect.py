"""`celosia inspect`: what is in a model, and what it takes on an accelerator."""

from pathlib import Path
from typing import Annotated

import typer

from gateware.isa import VECTOR_CODES
from host.command.options import (
    DEFAULT_CONFIG, DEFAULT_KV, ConfigName, ContextSize, KvBits, ModelPath, SinkCount, WindowSize, check_kv,
    check_window, choose_context, find_config, load_model)
from host.errors import CelosiaError
from host.paths import demo_model

__all__ = ["inspect"]

_UNBOUNDED = 10_000


def inspect(
    model: ModelPath = None,
    config: ConfigName = DEFAULT_CONFIG,
    context: ContextSize = None,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
    program: Annotated[bool, typer.Option(
        "--program", help="Also list the instructions of a token.")] = False,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write the report to this file.", show_default=False)] = None,
):
    """List tensors, formats, sizes and bytes read per token.

    Packed bytes are those of the memory image: the same codes as in the file, in the order in which the
    gateware takes them. In decode a token takes at least its bytes read divided by the memory's bandwidth.
    What does not fit the configuration is said below the list, with the configurations that have room.

    \b
    celosia inspect                               the demo model
    celosia inspect model.gguf --config sim-wide --context 512
    celosia inspect --program | less              every instruction of a token
    celosia inspect model.gguf --json report.json
    """
    from host.compiler.compiled import compile_model
    from host.console.output_file import output_file, takes_stdout

    chosen = find_config(config)
    check_kv(kv)
    check_window(window, sinks)
    with output_file(json) as file:
        try:
            loaded = load_model(model, window=window, sinks=sinks)
        except CelosiaError:
            if not takes_stdout(json):
                _print_file(model or demo_model())
            raise
        report = _file_report(loaded, chosen, kv)
        try:
            compiled = compile_model(loaded, chosen, choose_context(loaded, chosen, context, kv_bits=kv), kv_bits=kv)
            report |= _compiled_report(compiled) | ({"program": _program(compiled)} if program else {})
        except CelosiaError as error:
            report |= {"refusal": str(error), "room": _room(loaded, kv)}
            if context is not None:
                if not takes_stdout(json):
                    _print(report)
                raise
        if file:
            import json as encoder

            file.write((encoder.dumps(report, indent=2) + "\n").encode())
    if not takes_stdout(json):
        _print(report)


def _file_report(model, config, kv_bits):
    """What is in a file, as a dict for JSON."""
    from host.arch.features import features
    from host.compiler.placement import Placement

    # Where tensors lie depends on the context; their sizes do not, but for those with a row per position.
    hp = model.hyperparameters
    placement = Placement(model, config, hp.context, 0, 1, kv_bits)
    tensors = [_tensor(model, placement, tensor) for tensor in model.tensors.values()]
    gguf, packed = (sum(row[column] for row in tensors) for column in ("gguf_bytes", "packed_bytes"))
    return {
        "model": str(model.path),
        "architecture": model.architecture.name,
        "hyperparameters": _plain(hp),
        "features": features(hp),
        "parameters": sum(row["shape"][0] * row["shape"][1] for row in tensors),
        "config": config.name,
        "tensors": tensors,
        "formats": _formats(tensors),
        "gguf_bytes": gguf,
        "packed_bytes": packed,
        "packed_ratio": packed / gguf,
        "kv_bits": kv_bits,
    }


def _plain(value):
    """Hyperparameters, or what is in them, as JSON has it; of an array, whether there is one."""
    from dataclasses import fields, is_dataclass

    import numpy as np

    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return True if isinstance(value, np.ndarray) else value


def _compiled_report(compiled):
    """What a model takes on a configuration, as a dict for JSON."""
    place = compiled.placement
    return {
        "context": compiled.context,
        "instructions": len(compiled.token_program),
        "program_bytes": len(place.map.regions["program"]),
        "kv_bytes": sum(map(len, {region for name, region in place.map.regions.items() if ".kv." in name})),
        "image_bytes": place.image_bytes,
        "bytes_read_per_token": [{"position": position, "bytes": compiled.read_bytes(position)}
                                 for position in sorted({0, compiled.context // 2, compiled.context - 1})],
    }


def _room(model, kv_bits):
    """The configurations that have room for a model, and the longest context on each."""
    from boards.configs import ALL_CONFIGS
    from host.compiler.fitting_context import fitting_context

    room = {name: fitting_context(model, config, kv_bits=kv_bits) for name, config in ALL_CONFIGS.items()}
    return {name: context for name, context in room.items() if context}


def _program(compiled):
    """Every instruction in words."""
    from gateware.isa import decode, encode
    from host.compiler.disassembly import describe

    # Encoded and decoded again: what is described is what the gateware gets.
    return [{"label": instruction.label, "text": describe(decode(encode(instruction)))}
            for instruction in compiled.token_program]


def _tensor(model, placement, tensor):
    from host.image.formats import FORMATS

    names = [part.name for part in model.specs[tensor.name].parts] or [tensor.name]
    packed = sum(len(placement.map.regions[name]) for name in names)
    packing = "fp32"
    if model.is_matrix(tensor.name):
        form = FORMATS[tensor.ggml_type]
        packing = _packing(form)
    return {"name": tensor.name, "shape": list(tensor.shape), "format": tensor.ggml_type, "packing": packing,
            "gguf_bytes": tensor.raw.nbytes, "packed_bytes": packed, "ratio": packed / tensor.raw.nbytes}


def _packing(form):
    """A packed format in a few words."""
    words = [f"{form.code_bits} bits {form.code_kind.name.lower()}", f"{form.scale_kind.name} per "
             f"{VECTOR_CODES * form.super_vectors // form.vector_scales}"]
    if form.minimum:
        words.append("minimum")
    if form.sub_bits:
        words.append(f"{form.sub_bits}-bit sub-scale per {form.sub_codes}")
    return ", ".join(words)


def _formats(tensors):
    """Number of tensors and bytes of each format."""
    formats = {}
    for row in tensors:
        entry = formats.setdefault(row["format"], {"tensors": 0, "gguf_bytes": 0, "packed_bytes": 0})
        entry["tensors"] += 1
        for column in ("gguf_bytes", "packed_bytes"):
            entry[column] += row[column]
    return formats


def _print(report):
    from host.console.stdout_console import StdoutConsole

    console = StdoutConsole()
    hp = report["hyperparameters"]
    console.print(f"{report['model']}: {report['architecture']}, {report['parameters']:,} parameters")
    console.print(", ".join(f"{name} {hp[name]}" for name in (
        "layers", "dim", "heads", "kv_heads", "head_dim", "ffn", "vocab", "context")))
    console.print("; ".join(report["features"]))
    table = _table(report, packing=True)
    # What the gateware makes of a format stands in docs/image.md; the name of a tensor stands here alone.
    unbounded = console.options.update(max_width=_UNBOUNDED)
    fits = console.measure(table, options=unbounded).maximum <= console.width
    console.print(table if fits else _table(report, packing=False))
    if "refusal" in report:
        console.print(f"Does not fit: {report['refusal']}")
        room = ", ".join(f"{name!r} ({context} positions)" for name, context in report["room"].items())
        console.print(f"There is room on the configurations {room}." if room else "No configuration has room for it.")
        return
    console.print(f"On configuration {report['config']!r} with a context of {report['context']} positions:")
    lines = [("image", f"{report['image_bytes']:,} bytes"),
             ("KV cache", f"{report['kv_bytes']:,} bytes, codes of {report['kv_bits']} bits"),
             ("program", f"{report['instructions']} instructions, {report['program_bytes']:,} bytes")]
    lines += [(f"read per token at position {entry['position']}", f"{entry['bytes']:,} bytes")
              for entry in report["bytes_read_per_token"]]
    for name, value in lines:
        console.print(f"  {name:<34} {value}")
    for index, row in enumerate(report.get("program", ())):
        console.print(f"{index:>5}  {row['label']:<28} {row['text']}")


def _table(report, *, packing):
    """The tensors, with or without a column that says how they are packed."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_footer=True)
    table.add_column("Tensor", "all", no_wrap=True)
    table.add_column("Shape", justify="right", no_wrap=True)
    for heading in ("Format", "Packed as") if packing else ("Format",):
        table.add_column(heading, no_wrap=True)
    for heading, footer in (("GGUF, B", f"{report['gguf_bytes']:,}"),
                            ("Packed, B", f"{report['packed_bytes']:,}"),
                            ("Ratio", f"{report['packed_ratio']:.3f}")):
        table.add_column(heading, footer, justify="right", no_wrap=True)
    for row in report["tensors"]:
        rows, columns = row["shape"]
        table.add_row(row["name"].removesuffix(".weight"), f"{rows} x {columns}", row["format"],
                      *([row["packing"]] if packing else []), f"{row['gguf_bytes']:,}", f"{row['packed_bytes']:,}",
                      f"{row['ratio']:.3f}")
    return table


def _print_file(path):
    """The tensors of a file that is not a model that runs here, if it is a GGUF file at all."""
    from math import prod

    from rich import box
    from rich.table import Table

    from host.console.stdout_console import StdoutConsole
    from host.gguf.file import GGUFFile
    from host.gguf.foreign import type_name
    from host.gguf.tensor_type import TENSOR_TYPES

    try:
        file = GGUFFile(path)
    except CelosiaError:
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Tensor", no_wrap=True)
    for heading in ("Shape", "Format", "GGUF, B"):
        table.add_column(heading, justify="right", no_wrap=True)
    for info in file.tensors.values():
        try:
            kind = TENSOR_TYPES[type_name(info.type_code)]
            name, taken = kind.name, f"{prod(info.dims) // kind.block * kind.block_bytes:,}"
        except ValueError:
            name, taken = f"type {info.type_code}", ""
        table.add_row(info.name.removesuffix(".weight"), " x ".join(map(str, reversed(info.dims))), name, taken)
    console = StdoutConsole()
    console.print(f"{path}: {file.metadata.get('general.architecture')}, {len(file.tensors)} tensors")
    console.print(table)
