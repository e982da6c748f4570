"""`celosia pack`: a model as a file for a board."""

from pathlib import Path
from typing import Annotated

import typer

from host.command.options import (
    DEFAULT_KV, ContextSize, KvBits, ModelPath, SinkCount, WindowSize, check_kv, choose_context, find_config,
    load_model)
from host.command.writing import PreName, Seed, Temperature, TokenCount, TopK, TopP, load_tokenizer
from host.errors import CelosiaError

__all__ = ["pack"]


def pack(
    model: ModelPath = None,
    board: Annotated[str, typer.Option(metavar="NAME", show_default=False, help="Which board, such as ulx3s.")] = None,
    output: Annotated[Path, typer.Option(
        "--output", "-o", metavar="FILE", show_default=False, help="File to write: *.celosia.")] = None,
    config: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="Another configuration of the accelerator than the board's own.")] = None,
    template: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="Of the conversation, as celosia chat takes it; or plain: the model goes on with what is typed. By "
             "default the file's own, or plain.")] = None,
    system: Annotated[str, typer.Option(
        metavar="PROMPT", show_default=False, help="What the model is told before the conversation.")] = "",
    think: Annotated[bool, typer.Option(
        "--think/--no-think", help="Templates that know thoughts ask for some, or for none.")] = True,
    temperature: Temperature = 0.0,
    seed: Seed = 0,
    top_k: TopK = 0,
    top_p: TopP = 1.0,
    tokens: TokenCount = None,
    context: ContextSize = None,
    kv: KvBits = DEFAULT_KV,
    window: WindowSize = None,
    sinks: SinkCount = 0,
    pre: PreName = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False, help="Also write sizes and settings to this file.")] = None,
):
    """Write a model as a board loads it: memory image, programs, vocabulary, turns, sampling, in one file.

    The firmware of the board reads it in place (docs/firmware.md). It has tokenizers for SentencePiece's vocabularies
    and for those of merges that are cut as GPT-2, SmolLM, Llama 3 or Qwen 2 cut; others are refused. Sampling options
    are what the board begins with; it samples in integers.

    No board has run it: it was simulated.

    \b
    celosia pack --board ulx3s -o demo.celosia               the demo model
    celosia pack model.gguf --board ecpix5 -o model.celosia
    celosia pack model.gguf --board ecpix5 -o model.celosia --template chatml --temperature 0.7 --top-k 40
    """
    from boards.board import BOARDS
    from host.console.output_file import output_file, takes_stdout
    from host.text.integer_sampler import IntegerSampler

    boards = [name for name, item in BOARDS.items() if item.takes_processor]
    if board not in boards:
        raise CelosiaError(f"board must be one of {', '.join(boards)}, not {board!r}")
    if output is None or takes_stdout(output):
        raise CelosiaError("pack needs a file to write: -o FILE")
    check_kv(kv)
    if tokens is not None and tokens < 1:
        raise CelosiaError(f"tokens must be 1 or more, not {tokens}")
    IntegerSampler.from_options(temperature, seed, top_k=top_k, top_p=top_p)
    chosen, target = find_config(config or board), BOARDS[board]
    with output_file(json) as report, output_file(output) as file:
        loaded = load_model(model, window=window, sinks=sinks)
        loaded.check_predicts()
        tokenizer = load_tokenizer(loaded, pre)
        turns, stops = _turns(loaded, template, system, think)
        text = _text(tokenizer, turns, stops, loaded.path)
        context = choose_context(loaded, chosen, context, kv_bits=kv,
                                 memory_bytes=max(0, target.memory.bytes - text.bytes))
        packed = _packed(loaded, chosen, context, kv, text, _defaults(temperature, seed, top_k, top_p, tokens))
        packed.check_fits(target.memory)
        for _what, piece in packed.parts:
            file.write(piece)
        if report:
            report.write(_report(output, packed, turns))
    if not takes_stdout(json):
        header = packed.header
        typer.echo(f"{output}: {header.file_bytes:,} bytes for {board} with configuration {chosen.name}; "
                   f"context {header.context}, {header.memory_bytes:,} of {target.memory.bytes:,} bytes of DRAM")


def _turns(loaded, template, system, think):
    """What the template puts around turns, and what ends a reply besides tokens that always do."""
    from host.gguf.metadata import Metadata
    from host.text.chat_template import find_template
    from host.text.turns import PLAIN, find_turns

    metadata = Metadata(loaded.path, loaded.metadata)
    if template == "plain" or template is None and "tokenizer.chat_template" not in metadata:
        if system:
            raise CelosiaError("system needs a chat template: choose one with --template NAME")
        if template is None:
            typer.echo(f"celosia: {loaded.path} has no chat template: the board goes on with what is typed; "
                       f"--template NAME chooses a conversation", err=True)
        return PLAIN, ()
    form = find_template(metadata, template)
    return find_turns(form, system=system, variables={"enable_thinking": think}), form.stops


def _text(tokenizer, turns, stops, path):
    from flow.waiting import waiting
    from host.image.board_image import BoardText

    with waiting("making the vocabulary ..."):
        return BoardText(tokenizer, turns, stops=stops, path=path)


def _defaults(temperature, seed, top_k, top_p, tokens):
    from host.image.board_image import Defaults
    from host.text.integer_sampler import in_fractions

    return Defaults(temperature=in_fractions(temperature), seed=seed, top_k=top_k, top_p=in_fractions(top_p),
                    tokens=tokens or 0)


def _packed(loaded, config, context, kv, text, defaults):
    from flow.waiting import waiting
    from host.compiler.compiled import compile_model
    from host.console.progress_bar import ProgressBar
    from host.image.board_image import BoardImage
    from host.image.image import build_image, put_matrix

    with waiting("compiling the model ..."):
        compiled = compile_model(loaded, config, context, kv_bits=kv)
    with ProgressBar(len(compiled.placement.rows), "matrices") as bar:
        def put(*arguments):
            put_matrix(*arguments)
            bar.advance()

        image = build_image(compiled, put=put)
    name = loaded.metadata.get("general.name")
    with waiting("making checksums ..."):
        return BoardImage(image, text, defaults=defaults,
                          name=name if isinstance(name, str) and name else Path(loaded.path).stem)


def _report(output, packed, turns):
    from dataclasses import asdict
    import json

    header = packed.header
    fields = ("file_bytes", "memory_bytes", "context", "group", "vocab", "temperature", "top_k", "top_p", "tokens")
    return (json.dumps({
        "file": str(output), "image_key": f"{header.key_high << 32 | header.key_low:016x}",
        **{name: getattr(header, name) for name in fields},
        "seed": header.seed_high << 32 | header.seed_low,
        "sections": {what: piece.size for what, piece in packed.parts}, "turns": asdict(turns),
    }, indent=2, ensure_ascii=False) + "\n").encode()
