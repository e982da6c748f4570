"""What the commands that let a model write have in common: options, and how the engine is opened."""

from contextlib import contextmanager
from typing import Annotated

import typer

from host.command.options import DEFAULT_CONFIG, check_kv, choose_context, find_config, find_engine, find_memory
from host.engine.engines import EngineName
from host.errors import CelosiaError

__all__ = ["AnyEngine", "AnyConfig", "GroupSize", "Integers", "MemoryName", "MinP", "PortPath", "PreName",
           "RepeatLastN", "RepeatPenalty", "Seed", "Speculate", "StopTexts", "Temperature", "TokenCount", "TopK",
           "TopP", "check_writing", "load_tokenizer", "make_sampler", "open_writing_engine", "say_what_was_loaded"]

TokenCount = Annotated[int | None, typer.Option(
    metavar="N", show_default=False, help="Most tokens to generate; by default until the text or the context ends.")]
AnyEngine = Annotated[str, typer.Option(metavar="|".join(EngineName), help="What computes.")]
AnyConfig = Annotated[str | None, typer.Option(
    metavar="NAME", show_default=False,
    help=f"Configuration of the accelerator; by default {DEFAULT_CONFIG}, or that of the board or memory.")]
MemoryName = Annotated[str | None, typer.Option(
    metavar="BOARD", show_default=False,
    help="Simulate the DRAM controller of this board with the accelerator (engine rtl); without it a simple model "
         "of a memory.")]
Temperature = Annotated[float, typer.Option(
    metavar="T", help="0: always the most likely token; 1: as likely as the model says.")]
Seed = Annotated[int, typer.Option(metavar="S", help="Of what a temperature draws.")]
TopK = Annotated[int, typer.Option(metavar="K", help="Draw among the K most likely tokens; 0: among all.")]
TopP = Annotated[float, typer.Option(
    metavar="P", help="Draw among the fewest tokens whose probabilities add up to P.")]
MinP = Annotated[float, typer.Option(
    metavar="P", help="Draw among tokens at least P times as likely as the most likely one.")]
RepeatPenalty = Annotated[float, typer.Option(
    metavar="R", help="Divide positive logits of tokens that occurred by R, multiply others; 1: do not.")]
RepeatLastN = Annotated[int, typer.Option(
    metavar="N", help="How many of the latest tokens count as occurred; -1: all.")]
StopTexts = Annotated[list[str], typer.Option(
    metavar="TEXT", show_default=False,
    help="End before this text, which is not printed; may be given several times.")]
Speculate = Annotated[int, typer.Option(
    metavar="N", help="Draft up to N tokens as the text went on before, and verify them with the current one.")]
GroupSize = Annotated[int | None, typer.Option(
    metavar="N", show_default=False,
    help="Most tokens that go through the weights together; by default as many as there are columns.")]
PortPath = Annotated[str | None, typer.Option(
    metavar="PATH", show_default=False,
    help="Serial port of the board, or /dev/mem on it, for --engine board.")]
Integers = Annotated[bool, typer.Option(
    "--integers", help="Sample in integers, as the firmware of a board does: its texts are these, to the letter.")]
PreName = Annotated[str | None, typer.Option(
    metavar="NAME", show_default=False,
    help="Cut words as this pre-tokenizer does, whatever the file names (tokenizer.ggml.pre).")]


def check_writing(*, engine, config, memory, kv, tokens, group, port):
    """Refuse options that are not possible, or do not go together, before anything is read.

    Parameters
    ----------
    engine, config, memory, kv, tokens, group, port
        As the options.

    Returns
    -------
    EngineName
    soc.dram.memory.Memory or None

    Raises
    ------
    CelosiaError
    """
    engine = find_engine(engine, EngineName)
    system = None if memory is None else find_memory(memory)
    if config is not None:
        find_config(config)
    check_kv(kv)
    if tokens is not None and tokens < 1:
        raise CelosiaError(f"tokens must be 1 or more, not {tokens}")
    if group is not None and group < 1:
        raise CelosiaError(f"group must be 1 or more, not {group}")
    if (engine == EngineName.BOARD) != (port is not None):
        raise CelosiaError("the engine board and --port PATH go together")
    if system is not None and engine != EngineName.RTL:
        raise CelosiaError(f"memory needs the engine {EngineName.RTL}, not {engine}")
    return engine, system


def make_sampler(integers, temperature, seed, *, top_k, top_p, min_p, repeat_penalty, repeat_last_n):
    """The sampler that options describe.

    Returns
    -------
    host.text.sampler.Sampler or host.text.integer_sampler.IntegerSampler

    Raises
    ------
    CelosiaError
        If a parameter is out of range, or none of integers.
    """
    from host.text.integer_sampler import IntegerSampler
    from host.text.sampler import Sampler

    sampler = Sampler(temperature, seed, top_k=top_k, top_p=top_p, min_p=min_p, repeat_penalty=repeat_penalty,
                      repeat_last_n=repeat_last_n)
    if not integers:
        return sampler
    if min_p or repeat_penalty != 1:
        raise CelosiaError("integers know neither min-p nor a repeat penalty")
    return IntegerSampler.from_options(temperature, seed, top_k=top_k, top_p=top_p)


def load_tokenizer(model, pre=None):
    """The tokenizer of a model or file; what is worth knowing about it goes to stderr.

    Parameters
    ----------
    model : host.gguf.model.Model or host.gguf.file.GGUFFile
    pre : str, optional

    Returns
    -------
    host.text.tokenizer.Tokenizer
    """
    from host.text import tokenizer

    tokens = tokenizer.load(model, pre=pre)
    if tokens.note:
        typer.echo(f"celosia: warning: {tokens.note}", err=True)
    return tokens


def open_writing_engine(closing, loaded, *, engine, config, system, context, kv, port, group, progress):
    """The engine that options name.

    Parameters
    ----------
    closing : contextlib.ExitStack
        Closes what was opened.
    loaded : host.gguf.model.Model
    engine : EngineName
    config : str or None
        Name of a configuration; by default the board's, the memory's or `DEFAULT_CONFIG`.
    system : soc.dram.memory.Memory or None
    context, kv, group, port
        As the options.
    progress : callable of str
        Gets lines about what takes time.

    Returns
    -------
    host.engine.engine.Engine
    gateware.config.Config
    """
    from host.console.load_progress import LoadProgress
    from host.engine.board_engine import config_of_board
    from host.engine.engines import open_engine
    from soc.link.protocol import Register

    chosen = find_config(config or (DEFAULT_CONFIG if system is None else system.board))
    progress(f"starting the {engine} engine ...")
    board, memory_bytes = None, None if system is None else system.bytes
    if port is not None:
        board = closing.enter_context(_connection(port))
        chosen = chosen if config else config_of_board(board)
        memory_bytes, = board.read_registers(Register.MEMORY_BYTES)
    context = choose_context(loaded, chosen, context, kv_bits=kv, engine=engine, memory_bytes=memory_bytes)
    opened = open_engine(engine, loaded, config=chosen, context=context, kv_bits=kv, memory=system, board=board,
                         progress=LoadProgress(progress))
    opened.group = min(opened.group, group or opened.group)
    return opened, chosen


def say_what_was_loaded(opened):
    """A line on stderr about what a board's memory held already."""
    sent, total = opened.sent_bytes, opened.content_bytes
    typer.echo(f"celosia: {sent:,} of {total:,} bytes loaded" if sent else
               f"celosia: nothing loaded, the board held all {total:,} bytes", err=True)


@contextmanager
def _connection(port):
    """A client of the board at a serial port, or at registers of the machine that this runs on."""
    from host.transport.link_client import LinkClient
    from host.transport.register_transport import DEVICE, RegisterTransport
    from host.transport.serial_transport import SerialTransport

    with RegisterTransport.open() if port == DEVICE else SerialTransport(port) as transport:
        yield LinkClient(transport)
