"""Files that take long to make, kept under the hash of what they were made from.

A file is named by what is in it: `NAME-HASH.so` never changes. Beside it lie its keys, one for each set of inputs
that it was made from: `NAME-HASH.key` is one line, the name of the file and the SHA-256 of its content. Both appear
whole or not at all, also if the power fails. So whatever is cut, empty, changed or not there is found to be so, and
made again.

What the cache holds is executed: nobody else may be able to write it.
"""

from contextlib import contextmanager
import errno
import fcntl
import hashlib
import os
from pathlib import Path
import re
import shutil
import stat
import tempfile
import time

from flow.toolchain import ToolError
from flow.waiting import waiting

__all__ = ["Cache", "CacheError", "cached_file"]

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_HASH_DIGITS = 20
_LOCK = ".lock"
_STALE_SECONDS = 24 * 3600
"""Age at which a working folder that nobody holds is of no use to anybody: its process was killed, or failed and
left it for inspection."""
_FULL_BYTES = 1 << 20
_ADVICE = "the environment variable CELOSIA_CACHE can name another folder"


class CacheError(RuntimeError):
    """The cache cannot be used; the message is one line for the user."""


class Cache:
    """A folder of files that take long to make.

    Parameters
    ----------
    part : str
        Folder in the cache of this user; by default the cache itself.

    Members
    -------
    directory : pathlib.Path
        `$CELOSIA_CACHE`, or `celosia` in the user's cache directory, and ``part``; made if it is not there.

    Raises
    ------
    CacheError
        If the folder cannot be made, belongs to somebody else, or others can write it.
    """

    def __init__(self, part=""):
        path = os.environ.get("CELOSIA_CACHE")
        if not path:
            try:
                home = Path.home()
            except RuntimeError:
                raise CacheError(f"there is no home directory to keep files in; {_ADVICE}") from None
            path = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "celosia"
        self.directory = Path(path)
        _make_private(self.directory)
        if part:
            self.directory /= part
            _make_private(self.directory)

    @staticmethod
    def key(name, *parts):
        """The key of what is made from ``parts`` (str); ``name`` begins it."""
        digest = hashlib.sha256()
        for part in parts:
            digest.update(hashlib.sha256(part.encode()).digest())
        return f"{name}-{digest.hexdigest()[:_HASH_DIGITS]}"

    def find(self, key):
        """The file with this key (pathlib.Path), or None if it is not there as it was made."""
        try:
            name, digest = self._key_path(key).read_text("ascii").split()
            path = self.directory / name
            # Nothing but a file beside its key: no path, no link to somewhere else.
            if not re.fullmatch(r"\w[\w.-]*", name) or not _is_private(path.lstat(), stat.S_ISREG):
                return None
            return path if _sha256(path) == digest else None
        except (OSError, ValueError):
            return None

    def make(self, key, suffix, build, *, doing="making"):
        """The file with this key, made if it is not there.

        Parameters
        ----------
        key : str
            From :meth:`key`.
        suffix : str
            End of the file's name.
        build : function of a pathlib.Path
            Makes the file somewhere in an empty directory and returns its path.
        doing : str
            What that is, for the message if it takes long.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        CacheError
            If the folder cannot be written, or its disk is full.
        flow.toolchain.ToolError
            From ``build``; what the tool failed on stays for some time, for inspection.
        """
        path = self.find(key)
        if path is None:
            name = key.rpartition("-")[0]
            with self._named_errors(), waiting(f"{doing} {name}, which is then kept in {self.directory} ..."):
                self._remove_stale()
                with self._work(key) as work:
                    made = build(work)
                    digest = _sha256(made)
                    path = self.directory / f"{name}-{digest[:_HASH_DIGITS]}{suffix}"
                    made.chmod(0o600)
                    _move(made, path)
                    self._write_key(work, key, path.name, digest)
        return path

    def add(self, key, path):
        """Let another key lead to a file that is in the cache."""
        with self._named_errors(), self._work(key) as work:
            self._write_key(work, key, path.name, _sha256(path))

    def _key_path(self, key):
        return self.directory / f"{key}.key"

    def _write_key(self, work, key, name, digest):
        (work / "key").write_text(f"{name} {digest}\n", "ascii")
        _move(work / "key", self._key_path(key))

    @contextmanager
    def _work(self, key):
        """A folder to work in, held as long as the block runs; gone afterwards, unless a tool fails."""
        work = Path(tempfile.mkdtemp(dir=self.directory, prefix=f".{key}-"))
        with open(work / _LOCK, "wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield work
            except ToolError as error:
                if shutil.disk_usage(self.directory).free < _FULL_BYTES:
                    shutil.rmtree(work)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
                raise
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise
            shutil.rmtree(work)

    def _remove_stale(self):
        """Remove working folders that were left behind."""
        for work in self.directory.glob(".*-????????"):
            try:
                if time.time() - work.lstat().st_mtime < _STALE_SECONDS:
                    continue
                with open(work / _LOCK, "ab") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(work)
            except OSError:
                pass  # Somebody works in it, or removes it as well.

    @contextmanager
    def _named_errors(self):
        try:
            yield
        except OSError as error:
            # Others are about files that are none of the cache's.
            if error.filename is None or str(error.filename).startswith(str(self.directory)):
                where = error.filename2 or f"cache folder {self.directory}"
                raise CacheError(f"{where} cannot be written: {_reason(error)}; {_ADVICE}") from error
            raise


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
    CacheError, flow.toolchain.ToolError
        See :meth:`Cache.make`.
    """
    return Cache("build").make(Cache.key(name, *parts), suffix, build)


def _make_private(path):
    """Make a folder of this user's own, or see that it is one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.stat()
    except (OSError, ValueError) as error:
        raise CacheError(f"cache folder {path} cannot be used: {_reason(error)}; {_ADVICE}") from error
    if status.st_uid != os.geteuid():
        raise CacheError(f"cache folder {path} must belong to this user, not to user {status.st_uid}; {_ADVICE}")
    if status.st_mode & _OTHERS_WRITE:
        raise CacheError(f"cache folder {path} can be written by others, who could put programs into it; after "
                         f"'chmod go-w' it can be used, or {_ADVICE}")


def _reason(error):
    if isinstance(error, FileExistsError):
        return "it is not a folder"
    return getattr(error, "strerror", None) or error


def _is_private(status, kind):
    return kind(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move(source, target):
    """Put a file into its place, so that after a loss of power it is there whole or not at all."""
    _sync(source)
    os.replace(source, target)
    _sync(target.parent)


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
