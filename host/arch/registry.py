"""The architectures that there are."""

from host.arch.llama import Llama
from host.errors import CelosiaError, quoted

__all__ = ["ARCHITECTURES", "find_architecture"]

ARCHITECTURES = {architecture.name: architecture for architecture in (Llama(),)}
"""By their name in ``general.architecture``."""


def find_architecture(path, name):
    """The architecture of the file `path` that calls it `name`.

    Returns
    -------
    host.arch.architecture.Architecture

    Raises
    ------
    CelosiaError
        If there is none, listing those that there are.
    """
    if name not in ARCHITECTURES:
        raise CelosiaError(f"{path}: architecture must be one of {', '.join(ARCHITECTURES)}, not {quoted(name)}")
    return ARCHITECTURES[name]
