"""Output files that are either complete or not there, and stdout in place of one."""

from contextlib import contextmanager, nullcontext
from io import BytesIO
import os
from pathlib import Path
import sys

from host.errors import CelosiaError

__all__ = ["output_file", "takes_stdout"]

_STDOUT = "-"
_taken = False


@contextmanager
def _write(path):
    path = Path(path)
    try:
        # A device or a pipe has no half-written state that anyone could find later.
        whole = not path.exists() or path.is_file()
        target = path.with_name(f".{path.name}.{os.getpid()}") if whole else path
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


@contextmanager
def _write_stdout():
    global _taken
    if _taken:
        raise CelosiaError("only one output can be -, which is stdout")
    _taken = True
    try:
        with BytesIO() as file:
            yield file
            sys.stdout.flush()
            sys.stdout.buffer.write(file.getbuffer())
            sys.stdout.buffer.flush()
    finally:
        _taken = False


def takes_stdout(*paths):
    """Whether one of the outputs is stdout: then nothing else may be written there.

    Parameters
    ----------
    paths : str, os.PathLike or None
    """
    return _STDOUT in map(str, paths)


def output_file(path):
    """Context manager: a binary file that appears at `path` when the block ends, and not if it raises.

    It is opened at once, beside its final place, so that a place that cannot be written is found before
    the work is done. An older file stays as it was until then.

    Parameters
    ----------
    path : str, os.PathLike or None
        ``-`` is stdout, of which the same is true; see :func:`takes_stdout`. None: nothing is written, the block
        gets None.

    Raises
    ------
    CelosiaError
        If the file cannot be written, or a second output is to be stdout.
    """
    if path is None:
        return nullcontext()
    return _write_stdout() if takes_stdout(path) else _write(path)
