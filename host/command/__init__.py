"""The `celosia` command: one module per sub-command, put together here.

A sub-command's module exports one function of its own name and imports what is heavy inside it, so that
``celosia --help`` stays quick. It returns nothing; bad input raises `CelosiaError`.
"""

import sys

import typer

from host.command import (
    bench, bench_sim, build, compare, doctor, generate, inspect, logits, perplexity, program, quantize, simulate,
    verify, verilog)
from host.errors import CelosiaError
from sim.error import SimulationError

__all__ = ["app", "main"]

app = typer.Typer(
    help="LLM accelerator in Amaranth HDL: a GGUF file in, text written by gateware out.",
    # A defect shows Python's own traceback, not one folded into a box.
    pretty_exceptions_enable=False,
    # Plain help: it keeps the lines of the examples as they are and folds everything else.
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def _celosia():
    """Without a callback Typer would drop the name of a sub-command that is the only one."""


for _function in (
    generate.generate,
    verify.verify,
    logits.logits,
    perplexity.perplexity,
    compare.compare,
    quantize.quantize,
    inspect.inspect,
    simulate.simulate,
    program.program,
    verilog.verilog,
    build.build,
    bench.bench,
    bench_sim.bench_sim,
    doctor.doctor,
):
    app.command()(_function)


def _one_line(message):
    return "celosia: " + " ".join(str(message).split())


def main():
    """Run the command line and exit.

    Status 0 is success, 1 a check that failed, among them those within the gateware, 2 bad input or usage: one
    line on stderr, no traceback; 130 an interrupt.
    """
    try:
        status = app(args=sys.argv[1:] or ["--help"], prog_name="celosia", standalone_mode=False)
    except (CelosiaError, typer.TyperException) as error:
        message = error.format_message() if isinstance(error, typer.TyperException) else error
        print(_one_line(message), file=sys.stderr)
        status = 2
    except SimulationError as error:
        print(_one_line(error), file=sys.stderr)
        status = 1
    sys.exit(status)
