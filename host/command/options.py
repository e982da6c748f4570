"""Arguments that several sub-commands share."""

from pathlib import Path
import sys
from typing import Annotated

import typer

from host.engine.engines import EngineName
from host.errors import CelosiaError, quoted

__all__ = ["ConfigName", "ContextSize", "DEFAULT_CONFIG", "DEFAULT_KV", "EngineChoice", "KvBits", "LOCAL_ENGINES",
           "ModelPath", "SinkCount", "WindowSize", "check_kv", "check_window", "choose_context", "find_config",
           "find_engine", "find_memory", "load_model", "parse_ids", "read_text"]

DEFAULT_CONFIG = "sim"
DEFAULT_KV = 16
_ID_DIGITS = 10
"""Of an id of 32 bits."""
_MOST_SINKS = 127
_MANY_ZEROS = 0.5
"""Share of a model from which on zeros are suspicious."""

ModelPath = Annotated[Path | None, typer.Argument(
    metavar="MODEL", help="GGUF file; without it the demo model.", show_default=False)]
ConfigName = Annotated[str, typer.Option(metavar="NAME", help="Configuration of the accelerator.")]
LOCAL_ENGINES = tuple(name for name in EngineName if name != EngineName.BOARD)
"""The engines that need nothing but this machine."""

EngineChoice = Annotated[str, typer.Option(metavar="|".join(LOCAL_ENGINES), help="What computes.")]
ContextSize = Annotated[int | None, typer.Option(
    metavar="S", help="Positions of the KV cache; by default as many as the model was trained for, or as fit.",
    show_default=False)]
WindowSize = Annotated[int | None, typer.Option(
    "--window", metavar="N", show_default=False,
    help="Each token sees itself and the N - 1 before it, in layers that have no narrower window; the KV cache is no "
         "longer.")]
SinkCount = Annotated[int, typer.Option(
    "--sinks", metavar="S", help="With --window: each token also sees the first S of the text.")]
KvBits = Annotated[int, typer.Option(
    metavar="16|8|4", help="Bits of a code in the KV cache; the engine float rounds nothing.")]


def check_kv(bits):
    """Refuse what is no width of codes in the KV cache.

    Raises
    ------
    CelosiaError
        Listing the widths that there are.
    """
    from host.compiler.placement import KV_BITS

    if bits not in KV_BITS:
        raise CelosiaError(f"kv must be one of {', '.join(map(str, KV_BITS))}, not {bits}")


def check_window(window, sinks):
    """Refuse a window without positions, and sinks that are too many or without a window.

    Raises
    ------
    CelosiaError
        Naming the option.
    """
    if window is not None and window < 1:
        raise CelosiaError(f"window must be 1 or more, not {window}")
    if not 0 <= sinks <= _MOST_SINKS:
        raise CelosiaError(f"sinks must be 0 to {_MOST_SINKS}, not {sinks}")
    if sinks and window is None:
        raise CelosiaError("sinks need a window: choose its size with --window")


def choose_context(model, config, context, *, kv_bits, engine=None, memory_bytes=None, most=None):
    """The context that was asked for, or what is chosen in its place, which stderr then tells if it is a shorter one.

    Parameters
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    context : int or None
    kv_bits : int
    engine : EngineName, optional
        The float engine has room for any context.
    memory_bytes : int, optional
        What the image must not exceed.
    most : int, optional
        More is of no use.

    Returns
    -------
    int or None
    """
    from host.compiler.default_context import default_context

    if context is not None or engine == EngineName.FLOAT:
        return context
    context, note = default_context(model, config, kv_bits=kv_bits, memory_bytes=memory_bytes)
    if most is not None and context >= most:
        return most
    if note:
        typer.echo(f"celosia: {note}", err=True)
    return context


def find_config(name):
    """The configuration called `name`.

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    from boards.configs import ALL_CONFIGS

    if name not in ALL_CONFIGS:
        raise CelosiaError(f"configuration must be one of {', '.join(ALL_CONFIGS)}, not {quoted(name)}")
    return ALL_CONFIGS[name]


def find_engine(name, engines=LOCAL_ENGINES):
    """The `EngineName` that reads `name`.

    Raises
    ------
    CelosiaError
        If it is none of ``engines``, listing those.
    """
    if name not in list(engines):
        raise CelosiaError(f"engine must be one of {', '.join(engines)}, not {quoted(name)}")
    return EngineName(name)


def find_memory(name):
    """The memory of a board called `name`.

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    from boards.memories import MEMORIES

    if name not in MEMORIES:
        raise CelosiaError(f"memory must be one of {', '.join(MEMORIES)}, not {quoted(name)}")
    return MEMORIES[name]


def load_model(path, *, window=None, sinks=0):
    """The model in the file `path`, or the demo model if that is None, with a window and sinks if there are any.

    Weights of which half are zeros are no fault, but worth a line on stderr.
    """
    from host.gguf.model import load
    from host.paths import demo_model

    check_window(window, sinks)
    model = load(demo_model() if path is None else path)
    if window is not None:
        model = model.within(window, sinks)
    if model.zeros >= _MANY_ZEROS:
        typer.echo(f"celosia: warning: {model.path}: {model.zeros:.0%} of the weights are rows of zeros, as a download "
                   f"that was broken off leaves them", err=True)
    return model


def parse_ids(ids):
    """Token ids from ``1,2,3``.

    Raises
    ------
    CelosiaError
        If they are no numbers with commas between them, or one is larger than an id can be.
    """
    parts = [part.strip() for part in ids.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise CelosiaError(f"ids must be numbers with commas between them, not {quoted(ids)}")
    # Of a number with thousands of digits Python makes none.
    large = next((part for part in parts if len(part.lstrip("0")) > _ID_DIGITS), None)
    if large is not None:
        raise CelosiaError(f"ids must be numbers of at most {_ID_DIGITS} digits, not {quoted(large)}")
    return [int(part.lstrip("0") or "0") for part in parts]


def read_text(path, *, most_bytes):
    """The text of a file.

    Parameters
    ----------
    path : pathlib.Path
        ``-`` is stdin.
    most_bytes : int

    Raises
    ------
    CelosiaError
        If it cannot be read, is longer than ``most_bytes``, or is not UTF-8.
    """
    name = path
    try:
        if str(path) == "-":
            name = "stdin"
            content = sys.stdin.buffer.read(most_bytes + 1)
        else:
            with open(path, "rb") as file:
                content = file.read(most_bytes + 1)
        if len(content) > most_bytes:
            raise CelosiaError(f"{name}: text must have at most {most_bytes:,} bytes")
        return content.decode()
    except UnicodeDecodeError as error:
        raise CelosiaError(f"{name}: text must be UTF-8, which byte {error.start} is not") from error
    except (OSError, ValueError) as error:
        raise CelosiaError(f"{name}: {getattr(error, 'strerror', None) or error}") from error
