"""A tool that would not end is stopped."""

import sys
import time

import pytest

from flow.router_watch import RouterWatch, route
from flow.toolchain import Toolchain, ToolError, ToolStopped

PATIENCE = RouterWatch.PATIENCE


def line(number, overused, slow):
    return f"Info:     iter={number} wires=718287 overused={overused} overuse={overused} tmgfail={slow} archfail=NA\n"


@pytest.mark.parametrize("iterations, ends", [
    ([(0, 18)] * PATIENCE, True),
    ([(0, 18)] * (PATIENCE - 1), False),
    # Others come first, and more slow paths are no progress.
    ([(44885, 347), (1, 18)] + [(0, 18), (0, 19)] * (PATIENCE // 2), True),
    # Any progress, or a wire in two places, begins anew.
    ([(0, 18)] * PATIENCE + [(0, 17)], False),
    ([(0, 18)] * PATIENCE + [(3, 18)] + [(0, 18)] * (PATIENCE - 1), False),
    # It ends by itself.
    ([(0, 18)] * PATIENCE + [(0, 0)], False),
    ([(0, 0)] * 2 * PATIENCE, False),
    ([(5, 18)] * 2 * PATIENCE, False),
    ([], False),
])
def test_when_it_does_not_end(tmp_path, iterations, ends):
    log = tmp_path / "nextpnr.log"
    log.write_text("Info: Running main router loop...\n" + "".join(
        line(number, *iteration) for number, iteration in enumerate(iterations, 1)) + "Info:     iter=")
    assert RouterWatch(log)() is ends


def test_before_there_is_a_log(tmp_path):
    assert RouterWatch(tmp_path / "none")() is False


def test_a_command_is_stopped(monkeypatch):
    monkeypatch.setattr("flow.toolchain._WATCH_SECONDS", 0.05)
    looks, start = iter([False, False, True]), time.monotonic()
    with pytest.raises(ToolStopped, match="\nwas stopped$"):
        Toolchain.run([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(100)"],
                      watch=lambda: next(looks))
    assert time.monotonic() - start < 50 and list(looks) == []


def test_a_command_that_ends_is_not(monkeypatch):
    monkeypatch.setattr("flow.toolchain._WATCH_SECONDS", 0.01)
    script = "import sys, time; print('a', flush=True); time.sleep(0.3); print('b'); sys.exit({})"
    assert Toolchain.run([sys.executable, "-c", script.format(0)], watch=lambda: False) == "a\nb\n"
    with pytest.raises(ToolError, match="ended with exit status 3:\na\nb$"):
        Toolchain.run([sys.executable, "-c", script.format(3)], watch=lambda: False)


def test_routed_without_what_does_not_end(tmp_path):
    commands = []

    class Tools:
        @staticmethod
        def run(command, *, cwd, watch=None):
            commands.append((command, cwd, isinstance(watch, RouterWatch)))
            if "--tmg-ripup" in command:
                raise ToolStopped("stopped")

    route(["nextpnr", "--seed", "1"], ["--tmg-ripup"], log=tmp_path / "nextpnr.log", toolchain=Tools())
    assert commands == [(["nextpnr", "--seed", "1", "--tmg-ripup"], tmp_path, True),
                        (["nextpnr", "--seed", "1"], tmp_path, False)]
