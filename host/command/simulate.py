"""`celosia simulate`: a board without a board."""

import signal
from typing import Annotated

import typer

from host.command.options import find_config
from host.errors import CelosiaError

__all__ = ["simulate"]

_LATENCY = 24
"""Cycles from a request to its first beat, of memory that is all a model."""


def simulate(
    board: Annotated[str, typer.Argument(metavar="BOARD", help="Which board, such as ulx3s.")],
    bit_level: Annotated[bool, typer.Option(
        "--bit-level",
        help="Every bit of the serial line, at 25 cycles per bit; by default bytes skip the line.")] = False,
    config: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="Another configuration of the accelerator than the board's own.")] = None,
    memory: Annotated[str, typer.Option(
        metavar="board|model",
        help="The board's controller with a model of its devices, or a model of both; that is faster.")
    ] = "board",
):
    """Simulate a complete board, and open a pseudo-terminal in place of its serial port.

    Link, accelerator and memory controller are the gateware, compiled; the DRAM devices are a model. stdout
    gets the path of the terminal, as soon as the board is ready. The board runs until it is interrupted; its
    memory keeps what hosts leave in it.

    \b
    celosia simulate ulx3s
    celosia generate --engine board --port /dev/pts/3    in another terminal, with the path from the first
    """
    from boards.board import BOARDS

    boards = [name for name, item in BOARDS.items() if item.memory.phy != "PS7"]
    if board not in boards:
        raise CelosiaError(f"board must be one of {', '.join(boards)}, not {board!r}")
    if memory not in ("board", "model"):
        raise CelosiaError(f"memory must be board or model, not {memory!r}")
    chosen = find_config(config or board)
    from sim.board import SimulatedBoard
    from sim.dram import Dram
    from sim.terminal import BoardTerminal

    typer.echo(f"celosia: starting {board} with configuration {chosen.name} ...", err=True)
    dram = BOARDS[board].memory
    if memory == "model":
        dram = Dram(dram.bytes, bus_bits=chosen.memory.bus_bits, latency=_LATENCY)
    simulated = SimulatedBoard(chosen, memory=dram, bit_level=bit_level)
    with BoardTerminal(simulated) as terminal:
        # Also where whoever started this had it ignore interrupts, as shells do in the background.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        typer.echo(terminal.path)
        try:
            terminal.serve()
        except KeyboardInterrupt:
            typer.echo(f"celosia: {simulated.cycle:,} cycles", err=True)
