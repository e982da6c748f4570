"""Files that take minutes to make, kept under the hash of what they were made from."""

import hashlib
import os
from pathlib import Path
import shutil
import tempfile

from sim.compile import cache_directory
from flow.toolchain import ToolError

__all__ = ["cached_file"]


def cached_file(name, suffix, build, *parts):
    """The file made by ``build``, or the one that it made before from the same parts.

    Parameters
    ----------
    name, suffix : str
        Begin and end of the file's name.
    build : function of a pathlib.Path
        Makes the file somewhere in an empty directory and returns its path.
    parts : str
        Everything that determines the file: inputs, options, versions of tools.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    flow.toolchain.ToolError
        From ``build``; what the tool failed on stays, for inspection.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    cache = cache_directory() / "build"
    cache.mkdir(exist_ok=True)
    path = cache / f"{name}-{digest.hexdigest()[:20]}{suffix}"
    if not path.exists():
        work = Path(tempfile.mkdtemp(dir=cache, prefix=f".{path.stem}-"))
        try:
            os.replace(build(work), path)
        except ToolError:
            raise
        except BaseException:
            shutil.rmtree(work)
            raise
        shutil.rmtree(work)
    return path
