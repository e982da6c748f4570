"""Output files that are either complete or not there."""

from contextlib import contextmanager, nullcontext
import os
from pathlib import Path

from host.errors import CelosiaError

__all__ = ["output_file"]


@contextmanager
def _write(path):
    path = Path(path)
    # A device or a pipe has no half-written state that anyone could find later.
    whole = not path.exists() or path.is_file()
    target = path.with_name(f".{path.name}.{os.getpid()}") if whole else path
    try:
        file = open(target, "wb")
    except (OSError, ValueError) as error:
        raise CelosiaError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        with file:
            yield file
        if whole:
            os.replace(target, path)
    except BaseException as error:
        if whole:
            target.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(target)):
            raise CelosiaError(f"cannot write {path}: {error.strerror}") from error
        raise


def output_file(path):
    """Context manager: a binary file that appears at `path` when the block ends, and not if it raises.

    It is opened at once, beside its final place, so that a place that cannot be written is found before
    the work is done. An older file stays as it was until then.

    Parameters
    ----------
    path : str, os.PathLike or None
        None: nothing is written, the block gets None.

    Raises
    ------
    CelosiaError
        If the file cannot be written.
    """
    return nullcontext() if path is None else _write(path)
