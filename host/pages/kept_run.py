"""Runs of `celosia` that take minutes, kept with the source that they ran."""

import ast
import hashlib
import json
import os
from pathlib import Path
import subprocess
import sys

from flow.cache import Cache
from host.errors import CelosiaError

__all__ = ["KeptRuns", "source_hash"]

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("gateware", "soc", "boards", "flow", "sim", "host", "models")
# What only prints the figures changes none.
_PRINTERS = ROOT / "host" / "pages"
_KINDS = (".py", ".h", ".cc", ".cpp", ".gguf")


def source_hash(root=ROOT):
    """A hash of everything that a figure can depend on: sources, the demo model, and the versions of the dependencies.

    Comments and docstrings of Python sources do not count: a better sentence costs no hours of place and route.

    Returns
    -------
    str
    """
    digest = hashlib.sha256((root / "pdm.lock").read_bytes())
    for path in sorted(path for folder in _SOURCES for path in (root / folder).rglob("*")
                       if path.suffix in _KINDS and _PRINTERS not in path.parents):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        content = _statements(path) if path.suffix == ".py" else path.read_bytes()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:20]


def _statements(path):
    """The syntax tree of a Python file without texts that stand by themselves, as bytes."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        # Fields of that name are lists of statements, but in a lambda and in a conditional expression.
        if isinstance(getattr(node, "body", None), list):
            node.body = [statement for statement in node.body if not (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str))]
    return ast.dump(tree).encode()


class KeptRuns:
    """Reports of commands; each is run once for a state of the source.

    What was interrupted goes on with the next command when it is called again.

    Parameters
    ----------
    command : list of str
        What to run in place of `celosia`, for tests.
    source : str
        Default: :func:`source_hash`.
    note : function of str
        Is told of each command that runs.
    """

    def __init__(self, *, command=(sys.executable, "-m", "host"), source=None, note=lambda text: None):
        self._command, self._source, self._note = command, source or source_hash(), note

    def report(self, arguments):
        """What ``celosia ARGUMENTS --json FILE`` writes to the file.

        An exit status of 1 is a result as well: a check failed, and the report says which.

        Parameters
        ----------
        arguments : tuple of str

        Returns
        -------
        dict

        Raises
        ------
        CelosiaError
            If the command fails, with its last line.
        flow.cache.CacheError
            If nothing can be kept.
        """
        words = " ".join(("celosia", *arguments))

        def run(work):
            self._note(words)
            # What the command writes beside its report goes with the folder.
            found = work / "report.json"
            done = subprocess.run(
                [*self._command, *arguments, "--json", found], cwd=work, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, errors="replace",
                env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"})
            if done.returncode not in (0, 1) or not found.exists():
                last = (done.stderr.strip().splitlines() or ["nothing on stderr"])[-1]
                raise CelosiaError(f"{words}: exit status {done.returncode}: {last}")
            return found

        return json.loads(Cache("figures").make(Cache.key("report", self._source, words), ".json", run).read_text())
