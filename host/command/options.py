"""Arguments that several sub-commands share."""

from pathlib import Path
from typing import Annotated

import typer

from host.engine.engines import EngineName
from host.errors import CelosiaError

__all__ = ["ConfigName", "ContextSize", "DEFAULT_CONFIG", "DEFAULT_KV", "EngineChoice", "KvBits", "LOCAL_ENGINES",
           "ModelPath", "check_kv", "check_memory", "find_config", "find_engine", "find_memory", "load_model",
           "parse_ids"]

DEFAULT_CONFIG = "sim"
DEFAULT_KV = 16

ModelPath = Annotated[Path | None, typer.Argument(
    metavar="MODEL", help="GGUF file; without it the demo model.", show_default=False)]
ConfigName = Annotated[str, typer.Option(metavar="NAME", help="Configuration of the accelerator.")]
#: The engines that need nothing but this machine.
LOCAL_ENGINES = tuple(name for name in EngineName if name != EngineName.BOARD)
EngineChoice = Annotated[str, typer.Option(metavar="|".join(LOCAL_ENGINES), help="What computes.")]
ContextSize = Annotated[int | None, typer.Option(
    metavar="S", help="Positions of the KV cache; by default as many as the model was trained for.",
    show_default=False)]
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


def find_config(name):
    """The configuration called `name`.

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    from gateware.config import CONFIGS

    if name not in CONFIGS:
        raise CelosiaError(f"configuration must be one of {', '.join(CONFIGS)}, not {name!r}")
    return CONFIGS[name]


def find_engine(name, engines=LOCAL_ENGINES):
    """The `EngineName` that reads `name`.

    Raises
    ------
    CelosiaError
        If it is none of ``engines``, listing those.
    """
    if name not in list(engines):
        raise CelosiaError(f"engine must be one of {', '.join(engines)}, not {name!r}")
    return EngineName(name)


def find_memory(name):
    """The memory of a board called `name`.

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    from soc.dram.memories import MEMORIES

    if name not in MEMORIES:
        raise CelosiaError(f"memory must be one of {', '.join(MEMORIES)}, not {name!r}")
    return MEMORIES[name]


def check_memory(memory, image):
    """Refuse an image that does not fit a memory.

    Raises
    ------
    CelosiaError
        If it does not, by how many bytes.
    """
    if image.memory.size > memory.bytes:
        raise CelosiaError(f"memory image must be at most the {memory.bytes:,} bytes of {memory.name}, not "
                           f"{image.memory.size:,}: {image.memory.size - memory.bytes:,} too many")


def load_model(path):
    """The model in the file `path`, or the demo model if that is None."""
    from host.gguf.model import load
    from host.paths import demo_model

    return load(demo_model() if path is None else path)


def parse_ids(ids):
    """Token ids from ``1,2,3``.

    Raises
    ------
    CelosiaError
        If they are no numbers with commas between them.
    """
    parts = [part.strip() for part in ids.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise CelosiaError(f"ids must be numbers with commas between them, not {ids!r}")
    return [int(part) for part in parts]
