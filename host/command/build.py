"""`celosia build`: place and route, counts and clocks, projects for Xilinx's boards."""

from pathlib import Path
from typing import Annotated

import typer

from host.command.options import find_config
from host.errors import CelosiaError

__all__ = ["build"]


def build(
    unit: Annotated[str, typer.Argument(metavar="UNIT",
        help="accelerator; dot-engine, vector-unit, dma, native-reader, native-writer, result-sink, microcontroller, "
             "sd-host; or a board: bitstream, or accelerator and link.")],
    device: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False, help="FPGA; by default that of the board, or lfe5u-85f.")] = None,
    speed: Annotated[int | None, typer.Option(
        metavar="GRADE", show_default=False,
        help="Speed grade; by default that of the board, or the slowest of the device.")] = None,
    seeds: Annotated[int, typer.Option(
        metavar="N", help="Routes it N times, with seeds 1..N; for a bitstream until one reaches the clocks.")] = 1,
    jobs: Annotated[int, typer.Option(
        metavar="N", help="Seeds that are routed at the same time; each takes 1 to 2 GB. Not for bitstreams.")] = 1,
    mhz: Annotated[float | None, typer.Option(
        metavar="F", show_default=False,
        help="Clock that every seed must reach, by default 100. A bitstream has that of its board.")] = None,
    placer: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="nextpnr's: static makes shorter wires (default for accelerator), heap looks more at slack.")] = None,
    config: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="Configuration of the accelerator; by default that of the board, or ecp5.")] = None,
    synth_only: Annotated[bool, typer.Option("--synth-only", help="Synthesis and counts, no clock.")] = False,
    output: Annotated[Path, typer.Option(
        metavar="DIR", file_okay=False, help="Where bitstreams are put.")] = Path("build"),
    project: Annotated[Path | None, typer.Option(
        metavar="DIR", file_okay=False, show_default=False,
        help="For arty_a7 and pynq_z1: write the files of a project to DIR.")] = None,
    processor: Annotated[bool | None, typer.Option(
        "--processor/--no-processor", show_default=False,
        help="The whole of a board with its processor and firmware, or without; by default as the board has "
             "it.")] = None,
    flow: Annotated[str | None, typer.Option(
        metavar="NAME", show_default=False,
        help="Of the project: vivado (default), or openxc7, whose tools are then run.")] = None,
    json: Annotated[Path | None, typer.Option(
        "--json", metavar="FILE", show_default=False,
        help="Write the figures to FILE as JSON as well.")] = None,
):
    """Place and route a unit; print what it takes, its clock, and its slowest path.

    The unit lies between registers, so every path of it is timed. Clocks are nextpnr's estimates for the
    slowest silicon of the speed grade, not measurements. Results are kept (CELOSIA_CACHE): what was routed
    before is printed at once. CELOSIA_NATIVE=1 in the environment takes yosys and nextpnr-ecp5 from the PATH.

    ulx3s, ecpix5 and orangecrab make a bitstream: accelerator, link, controller of the DRAM, clocks and pins, to
    build/ulx3s-CONFIG.bit and .svf. It is not written if a clock is missed, or if a path from one clock to another
    takes longer than their edges are apart, which nextpnr does not judge. All boards with --synth-only are the same
    whole.

    --project writes Verilog, constraints and Tcl for Vivado, and runs nothing; build_top.sh among the files runs it.
    With --flow openxc7 it writes yosys's netlist and constraints, and runs nextpnr-xilinx, fasm2frames and
    xc7frames2bit from the PATH, to top.bit.

    Without --processor nothing trains the DDR3 of ecpix5, orangecrab and arty_a7, so that their bitstreams are good for
    counts and clocks only. With it the board starts by itself (docs/firmware.md).

    Exits with status 1 if a seed (of a bitstream: every seed) misses the clock, or if the design does not fit.

    \b
    celosia build vector-unit --seeds 3 --jobs 3
    celosia build dma --device lfe5u-25f --config micro
    celosia build accelerator --device lfe5um5g-85f --mhz 125 --json accelerator.json
    celosia build arty_a7 --synth-only
    celosia build ulx3s --seeds 3
    celosia build ecpix5 --processor
    celosia build arty_a7 --project vivado-arty
    """
    from boards.board import BOARDS
    from flow.place_and_route import PLACERS
    from flow.plan import Plan, run_plan
    from flow.units import UNITS
    from boards.device import DEVICES
    from host.console.output_file import output_file, takes_stdout
    from host.console.progress_bar import ProgressBar
    from flow.toolchain import Toolchain, ToolError

    board = BOARDS.get(unit)
    if config is None:
        config = board.name if board else "ecp5"
    if device is None:
        device = board.device if board else "lfe5u-85f"
        speed = board.speed if board and speed is None else speed
    if placer is None:
        placer = "static" if unit == "accelerator" else "heap"
    for name, value, known in (("unit", unit, UNITS), ("device", device, DEVICES), ("placer", placer, PLACERS)):
        if value not in known:
            raise CelosiaError(f"{name} must be one of {', '.join(known)}, not {value!r}")
    chosen = DEVICES[device]
    if flow is not None and project is None:
        raise CelosiaError("--flow needs --project")
    if processor is not None and (not board or not board.takes_processor or device != board.device):
        raise CelosiaError(f"--processor is for the whole of a board with its DRAM at the FPGA, not for {unit} on "
                           f"{device}")
    if project is not None:
        if not board or board.family != "xc7":
            known = ", ".join(name for name, each in BOARDS.items() if each.family == "xc7")
            raise CelosiaError(f"projects can be written for {known}, not for {unit}")
        if synth_only or json or speed is not None:
            raise CelosiaError("--project is not possible with --synth-only, --json or --speed")
        _check_fixed(board, "project", mhz, device=device)
        _build_project(board, find_config(config), project, flow or "vivado", processor)
        return
    if board and board.family == "xc7" and device == board.device and not synth_only:
        raise CelosiaError(
            f"{unit} can be built with --synth-only or --project alone: nextpnr-ecp5 does not know {device}")
    if not chosen.speeds and not synth_only:
        raise CelosiaError(f"{device} can be built with --synth-only alone: nextpnr-ecp5 does not know it")
    if speed is None and chosen.speeds:
        speed = chosen.speeds[0]
    if not synth_only and speed not in chosen.speeds:
        raise CelosiaError(f"speed must be one of {', '.join(map(str, chosen.speeds))}, not {speed}")
    if seeds < 1:
        raise CelosiaError(f"seeds must be 1 or more, not {seeds}")
    if jobs < 1:
        raise CelosiaError(f"jobs must be 1 or more, not {jobs}")
    if mhz is not None and not mhz > 0:
        raise CelosiaError(f"mhz must be more than 0, not {mhz:g}")
    if board and board.family == "ecp5" and not synth_only:
        _check_fixed(board, "bitstream", mhz, device=device, speed=speed)
        _build_bitstream(board, find_config(config), placer, seeds, output, json, processor)
        return
    mhz = 100.0 if mhz is None else mhz
    plan = Plan(unit=unit, config=find_config(config), device=chosen, speed=speed, mhz=mhz,
                placer=placer, seeds=0 if synth_only else seeds, processor=processor)
    with output_file(json) as file:
        try:
            with ProgressBar(1 + plan.seeds, "steps") as progress:
                result = run_plan(plan, Toolchain(), progress, jobs=jobs)
        except ToolError as error:
            raise CelosiaError(f"build: {error}") from error
        if file:
            file.write(result.to_json().encode())
    if not takes_stdout(json):
        typer.echo(result.to_text())
    if result.failures:
        raise typer.Exit(1)


def _check_fixed(board, what, mhz, **values):
    """What has the clock, the device and the speed grade of its board may not be given others."""
    for name, value in values.items():
        fixed = getattr(board, name)
        if value != fixed:
            raise CelosiaError(f"{name} of a {what} for {board.name} must be {fixed}, not {value}")
    if mhz is not None:
        raise CelosiaError(f"mhz of a {what} cannot be chosen: {board.name} has a clock of its own, not {mhz:g}")


def _build_project(board, config, directory, flow, processor):
    """Write the files; with openxc7 run the tools as well, if all of them are there."""
    from flow.board_design import board_design
    from flow.project import missing_tools, run_project, write_project
    from boards.device import DEVICES
    from boards.series7_platform import FLOWS
    from flow.toolchain import Toolchain, ToolError

    if flow not in FLOWS:
        raise CelosiaError(f"flow must be one of {', '.join(FLOWS)}, not {flow!r}")
    platform, toolchain = board.platform(flow), Toolchain()
    if flow == "openxc7" and (missing := missing_tools(platform)):
        raise CelosiaError(f"the flow openxc7 needs these on the PATH: {', '.join(missing)}")
    try:
        design = board_design(board, config, toolchain=toolchain, processor=processor)
        paths = write_project(design, platform=platform, device=DEVICES[board.device], directory=directory,
                              toolchain=toolchain)
        if flow == "openxc7":
            paths.append(run_project(directory, toolchain))
    except ToolError as error:
        raise CelosiaError(f"build: {error}") from error
    except OSError as error:
        raise CelosiaError(f"cannot write {error.filename or directory}: {error.strerror}") from error
    typer.echo("\n".join(map(str, paths)))
    _warn_untrained(board, design)


def _warn_untrained(board, design):
    if not design.trained:
        typer.echo(f"celosia: nothing in this design trains the DRAM of {board.name}: "
                   "its bitstream is good for counts and clocks, not for a board", err=True)


def _build_bitstream(board, config, placer, seeds, output, json, processor):
    """With the first seed that reaches the clocks, or else with the last."""
    from flow.bitstream import build_bitstream
    from flow.board_design import board_design
    from boards.device import DEVICES
    from host.console.output_file import output_file, takes_stdout
    from host.console.progress_bar import ProgressBar
    from flow.toolchain import Toolchain, ToolError

    with output_file(json) as file:
        try:
            with ProgressBar(seeds, "seeds") as progress:
                for seed in range(1, seeds + 1):
                    progress.note(f"synthesis, place and route, seed {seed}")
                    toolchain = Toolchain()
                    design = board_design(board, config, toolchain=toolchain, processor=processor)
                    result = build_bitstream(
                        design, name=f"{board.name}-{config.name}", platform=board.platform(),
                        device=DEVICES[board.device], speed=board.speed, placer=placer, router=board.router, seed=seed,
                        toolchain=toolchain)
                    progress.advance()
                    if not result.failures:
                        break
            paths = result.write(output)
        except ToolError as error:
            raise CelosiaError(f"build: {error}") from error
        except OSError as error:
            raise CelosiaError(f"cannot write {error.filename or output}: {error.strerror}") from error
        if file:
            file.write(result.to_json(paths).encode())
    if not takes_stdout(json):
        typer.echo(result.to_text(paths))
    _warn_untrained(board, design)
    if result.failures:
        raise typer.Exit(1)
