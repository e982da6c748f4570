"""`celosia tokenize`: a text as tokens, and back."""

from pathlib import Path
import sys
from typing import Annotated

import typer

from host.command.options import ModelPath, parse_ids, read_text
from host.command.writing import PreName, load_tokenizer
from host.errors import CelosiaError, quoted

__all__ = ["tokenize"]

_MOST_TEXT_BYTES = 1 << 28


def tokenize(
    model: ModelPath = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Text to take apart.", show_default=False)] = None,
    file: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False, help="Take the text of this file apart, UTF-8; - is stdin.")] = None,
    ids: Annotated[str | None, typer.Option(
        metavar="1,2,3", show_default=False, help="Put these tokens together.")] = None,
    special: Annotated[bool, typer.Option(
        "--special", help="Text that spells a control token is that token; and control tokens are spelled.")] = False,
    no_bos: Annotated[bool, typer.Option(
        "--no-bos", help="Add nothing around the text: no begin, and no end where the model expects one.")] = False,
    pre: PreName = None,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", help="Also write ids, pieces and text to this file.", show_default=False)] = None,
):
    """Show the tokens of a text, or the text of tokens.

    stdout has a line for each token: its id, and what it stands for, as a string of Python. With --ids it has the text,
    and nothing else.

    A file with a vocabulary alone is enough; weights are not loaded. If the text does not come back from its tokens as
    it was, as with BERT's, which are in lower case, a line on stderr says so.

    \b
    celosia tokenize --text "Once upon a time"              with the demo model's vocabulary
    celosia tokenize model.gguf --file story.txt --no-bos
    celosia tokenize model.gguf --file prompt.txt --special
    celosia tokenize model.gguf --ids 1,403,407
    echo hello | celosia tokenize model.gguf --file - --json -
    """
    from host.console.output_file import output_file, takes_stdout
    from host.gguf.file import GGUFFile
    from host.paths import demo_model

    if sum(given is not None for given in (text, file, ids)) != 1:
        raise CelosiaError("one of --text, --file and --ids is needed")
    sequence = None if ids is None else parse_ids(ids)
    with output_file(json) as report:
        tokens = load_tokenizer(GGUFFile(demo_model() if model is None else model), pre)
        given = text if file is None else read_text(file, most_bytes=_MOST_TEXT_BYTES)
        if sequence is None:
            sequence = tokens.encode(given, bos=False if no_bos else None, end=not no_bos, special=special)
        elif max(sequence) >= len(tokens):
            raise CelosiaError(f"ids must be below the vocabulary's {len(tokens)}, not {max(sequence)}")
        decoded = tokens.decode(sequence, special=special)
        pieces = [_shown(tokens.piece(id)) for id in sequence]
        # What is added around a text is no part of it.
        again = given and tokens.decode(tokens.encode(given, bos=False, special=special), special=special)
        if report:
            report.write(_report(sequence, pieces, decoded, None if given is None else again == given))
        if not takes_stdout(json):
            lines = decoded if given is None else "".join(
                f"{id:6d}  {piece}\n" for id, piece in zip(sequence, pieces))
            _write(lines)
    if again != given:
        typer.echo(f"celosia: the text does not come back as it was, but as {quoted(again)}", err=True)


def _write(text):
    """On a terminal, the last line ends; elsewhere, the text is as it is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    if sys.stdout.isatty() and not text.endswith("\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def _shown(piece):
    r"""A piece as a Python string; bytes that are no complete character are ``\x..``."""
    text = piece.decode(errors="surrogateescape")
    return "'" + "".join(f"\\x{ord(character) - 0xDC00:02x}" if "\udc80" <= character <= "\udcff" else
                         "\\'" if character == "'" else repr(character)[1:-1] for character in text) + "'"


def _report(ids, pieces, text, round_trip):
    import json

    return (json.dumps({"ids": ids, "pieces": pieces, "text": text, "round_trip": round_trip}, indent=2)
            + "\n").encode()
