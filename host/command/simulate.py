"""`celosia simulate`: a board without a board."""

from pathlib import Path
import signal
from typing import Annotated

import typer

from host.command.options import find_config
from host.errors import CelosiaError

__all__ = ["simulate", "simulated_board"]

_PROCESSOR = "microcontroller"
_LATENCY = 24
"""Cycles from a request to its first beat, of memory that is all a model."""
_BLOCK = 512


def simulate(
    board: Annotated[str, typer.Argument(metavar="BOARD", help="Which board, such as ulx3s; or microcontroller.")],
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
    processor: Annotated[bool | None, typer.Option(
        "--processor/--no-processor", show_default=False,
        help="With the processor and its firmware, or without; by default as the board has it.")] = None,
    sd: Annotated[Path | None, typer.Option(
        metavar="FILE", show_default=False,
        help="With the processor: an SD card with this content, such as a file of celosia pack.")] = None,
):
    """Simulate a complete board, and open a pseudo-terminal in place of its serial port.

    Link, accelerator and memory controller are the gateware, compiled; the DRAM devices are a model. stdout
    gets the path of the terminal, as soon as the board is ready. The board runs until it is interrupted; its
    memory keeps what hosts leave in it.

    With its processor the board also has a terminal, on the same line: a terminal program such as picocom finds a
    prompt there, and programs of the host find the link. With --sd there is a card in its slot: the processor loads the
    model from it, and then one can talk with that. A DDR3 is trained before, through the RTL of its PHY.

    microcontroller is the small processor that a board will have, by itself, with its firmware: a terminal program such
    as picocom finds a prompt there. The other options are none of its business.

    \b
    celosia simulate ulx3s
    celosia simulate ulx3s --processor
    celosia simulate ecpix5 --sd model.celosia
    celosia simulate microcontroller
    celosia generate --engine board --port /dev/pts/3    in another terminal, with the path from the first
    """
    from boards.board import BOARDS

    boards = [name for name, item in BOARDS.items() if item.takes_processor]
    if board not in (*boards, _PROCESSOR):
        raise CelosiaError(f"board must be one of {', '.join((*boards, _PROCESSOR))}, not {board!r}")
    if memory not in ("board", "model"):
        raise CelosiaError(f"memory must be board or model, not {memory!r}")
    from sim.board import MODEL_HZ
    from sim.terminal import BoardTerminal

    if board == _PROCESSOR:
        if bit_level or config or memory != "board" or processor is not None or sd is not None:
            raise CelosiaError(f"{_PROCESSOR} takes no options: it has no accelerator, no DRAM and no serial line")
        simulated = _processor()
    else:
        if sd is not None and processor is False:
            raise CelosiaError("a card needs the processor: --sd and --no-processor do not go together")
        if sd is not None and not BOARDS[board].slot:
            raise CelosiaError(f"{board} has no slot for cards")
        simulated = simulated_board(
            BOARDS[board], find_config(config or board), memory=memory, bit_level=bit_level,
            processor=BOARDS[board].processor if processor is None and sd is None else processor is not False,
            card=_card(sd, MODEL_HZ if memory == "model" else BOARDS[board].clock_hz))
    with BoardTerminal(simulated) as terminal:
        # Also where whoever started this had it ignore interrupts, as shells do in the background.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        typer.echo(terminal.path)
        try:
            terminal.serve()
        except KeyboardInterrupt:
            typer.echo(f"celosia: {simulated.cycle:,} cycles", err=True)


def _card(path, clock_hz):
    if path is None:
        return None
    import numpy as np
    from sim.sd_card import SdCard

    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise CelosiaError(f"cannot read {path}: {error.strerror}") from error
    if not content.size:
        raise CelosiaError(f"{path} is empty: a card must have a block at least")
    content.resize(-(-content.size // _BLOCK) * _BLOCK)
    return SdCard(content, clock_hz=clock_hz)


def simulated_board(board, config, *, memory="board", bit_level=False, processor=False, card=None):
    """A board (`boards.board.Board`) as the command simulates it; a `sim.board.SimulatedBoard`."""
    from flow.board_firmware import board_firmware
    from flow.board_header import trains
    from flow.firmware import build_firmware
    from flow.toolchain import Toolchain
    from sim.board import SimulatedBoard
    from sim.dram import Dram
    from sim.pins import Ddr3Board

    typer.echo(f"celosia: starting {board.name} with configuration {config.name} ...", err=True)
    dram = board.memory
    if memory == "model":
        dram = Dram(dram.bytes, bus_bits=config.memory.bus_bits, latency=_LATENCY)
    program = lines = None
    if processor:
        program = (board_firmware(board.memory, toolchain=Toolchain()) if memory == "board" else
                   build_firmware(toolchain=Toolchain())).content
        if memory == "board" and trains(board.memory):
            lines = Ddr3Board()
    return SimulatedBoard(config, memory=dram, bit_level=bit_level, program=program, card=card, lines=lines)


def _processor():
    from flow.firmware import build_firmware
    from flow.toolchain import Toolchain
    from sim.processor import SimulatedProcessor

    typer.echo(f"celosia: starting {_PROCESSOR} ...", err=True)
    return SimulatedProcessor(build_firmware(toolchain=Toolchain()).content)
