"""The `celosia` command: one module per sub-command, put together here.

A sub-command's module exports one function of its own name and imports what is heavy inside it, so that
``celosia --help`` stays quick. It returns nothing; bad input raises `CelosiaError`.
"""

from copy import copy
from functools import cache
import importlib.metadata
import sys
from typing import Annotated
import warnings

import typer

from host.command import (
    bench, bench_sim, build, chat, compare, doctor, embed, firmware, generate, inspect, logits, pack, perplexity,
    program, quantize, simulate, tokenize, verify, verilog)
from flow.cache import CacheError
from flow.toolchain import ToolError
from host.errors import CelosiaError
from sim.error import SimulationError

__all__ = ["app", "run"]

_LONGEST_MESSAGE = 2000

app = typer.Typer(
    help="LLM accelerator in Amaranth HDL: a GGUF file in, text written by gateware out.",
    epilog="""\b
Exit status:
  0    success
  1    a check failed: values that differ, a clock that is missed, a fault within the gateware
  2    bad input or usage, or something that cannot be read, written or run; stderr has one line
  129, 130, 143    ended by a hangup, an interrupt (Ctrl-C), a signal to terminate
  141  whoever reads stdout has closed it""",
    context_settings={"help_option_names": ["-h", "--help"]},
    # A defect shows Python's own traceback, not one folded into a box.
    pretty_exceptions_enable=False,
    # Plain help: it keeps the lines of the examples as they are and folds everything else.
    rich_markup_mode=None,
    add_completion=False,
)


def _print_version(wanted):
    if wanted:
        typer.echo(f"celosia {importlib.metadata.version('celosia')}")
        raise typer.Exit


@app.callback()
def _celosia(version: Annotated[bool, typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Show the version and exit.")] = False):
    pass


for _function in (
    generate.generate,
    chat.chat,
    tokenize.tokenize,
    verify.verify,
    logits.logits,
    perplexity.perplexity,
    compare.compare,
    embed.embed,
    quantize.quantize,
    inspect.inspect,
    pack.pack,
    simulate.simulate,
    program.program,
    verilog.verilog,
    build.build,
    firmware.firmware,
    bench.bench,
    bench_sim.bench_sim,
    doctor.doctor,
):
    app.command()(_function)


@cache
def _command():
    """The command line, with ``--version`` wherever there is ``--help``."""
    command = typer.main.get_command(app)
    option = copy(next(parameter for parameter in command.params if parameter.name == "version"))
    option.expose_value = False
    for sub_command in command.commands.values():
        sub_command.params.append(option)
    return command


def run(arguments):
    """Run a command line.

    Parameters
    ----------
    arguments : list of str

    Returns
    -------
    int
        Exit status: 0 is success, 1 a check that failed, among them those within the gateware, 2 bad input or usage,
        or what cannot be done on this machine: one line on stderr, no traceback.
    """
    command = _command()
    try:
        with command.make_context("celosia", list(arguments) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except (CelosiaError, CacheError, ToolError) as error:
        return _failed(2, error)
    except typer.TyperException as error:
        return _failed(2, error.format_message())
    except SimulationError as error:
        return _failed(1, error)
    return 0


def _failed(status, message):
    # Of designs that were made and are not simulated any more.
    warnings.simplefilter("ignore")
    line = " ".join(str(message).split())
    if len(line) > _LONGEST_MESSAGE:
        line = f"{line[:_LONGEST_MESSAGE // 2]} ... {line[-_LONGEST_MESSAGE // 2:]}"
    print(f"celosia: {line}", file=sys.stderr)
    return status
