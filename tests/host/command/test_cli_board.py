"""`celosia simulate` and `celosia generate --engine board` as two processes."""

from contextlib import contextmanager
import json
import os
from pathlib import Path
import random
import select
import signal
import subprocess
import sys

import pytest

from boards.memories import MEMORIES
from gateware.config import CONFIGS
from host.compiler.compiled import compile_model
from host.engine.board_engine import BoardEngine
from host.engine.model_engine import ModelEngine
from host.gguf.model import load
from host.image.image import build_image
from host.transport.link_client import LinkClient
from host.transport.serial_transport import SerialTransport

ROOT = Path(__file__).resolve().parents[3]
CONFIG = "sim-narrow"


def _celosia(*arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "host", *map(str, arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, **options)


@contextmanager
def _board(*arguments):
    """Path of the terminal of a simulated board; by default one with another configuration than its own, which compiles
    sooner."""
    process = _celosia("simulate", *(arguments or ("ulx3s", "--config", CONFIG, "--memory", "model")))
    try:
        port = process.stdout.readline().decode().strip()
        assert port.startswith("/dev/"), process.stderr.read().decode()
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0 and b" cycles\n" in err, err.decode()


def _generate(*arguments):
    process = _celosia("generate", *arguments)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()
    return out, err.decode()


def test_published_text(data_dir, tmp_path):
    """32 tokens of the text that llama2.c publishes; the second time nothing is loaded; hosts that are killed do
    no harm."""
    folder, report, rng = data_dir / "stories260K", tmp_path / "report.json", random.Random(1)
    with _board() as port:
        arguments = (folder / "stories260K.gguf", "--engine", "board", "--port", port, "--tokens", 32,
                     "--temperature", 0, "--context", 64)
        for _ in range(2):
            process = _celosia("generate", *arguments)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1 + 2 * rng.random())
            process.kill()
            process.communicate()
        for loaded in (" bytes loaded\n", "celosia: nothing loaded, the board held all "):
            out, err = _generate(*arguments, "--json", report)
            contents = json.loads(report.read_text())
            assert len(contents["tokens"]) == 32
            assert (contents["engine"], contents["config"]) == ("board", CONFIG)
            assert contents["cycles_per_token"] > 0
            assert len(out) > 90 and (folder / "expected_stdout_200.txt").read_bytes().startswith(out)
            assert loaded in err


def test_sampled_text_is_that_of_the_golden_model(celosia, write_gguf):
    """Drawn from logits that are read from DRAM. A configuration that is not the board's is refused."""
    arguments = (write_gguf(), "--tokens", 6, "--temperature", 1, "--seed", 3, "--prompt", "a lost")
    expected = celosia("generate", *arguments, "--config", CONFIG, "--engine", "model")[1]
    with _board() as port:
        assert _generate(*arguments, "--engine", "board", "--port", port)[0] == expected
        status, _, err = celosia("generate", *arguments, "--engine", "board", "--port", port, "--config", "sim")
        assert status == 2 and "('sim'), not " in err and f"({CONFIG!r})\n" in err


def _read_until(terminal, end):
    shown = b""
    while not shown.endswith(end):
        assert select.select([terminal], [], [], 60)[0], shown
        shown += os.read(terminal, 1000)
    return shown


def test_the_processor_by_itself():
    """Somebody opens its terminal, types, goes away and comes back; the clock stands still meanwhile."""
    with _board("microcontroller") as port:
        for cycles in range(2):
            terminal = os.open(port, os.O_RDWR | os.O_NOCTTY)
            try:
                if not cycles:
                    assert _read_until(terminal, b"> ") == b"\r\nCelosia. /help prints the commands.\r\n> "
                os.write(terminal, b"/time\r")
                assert int(_read_until(terminal, b"> ").split()[1]) < 1_000_000
            finally:
                os.close(terminal)


def test_a_board_with_its_processor(write_gguf):
    """The monitor answers on its terminal while the host loads and runs a model over the same line."""
    image = build_image(compile_model(load(write_gguf()), CONFIGS["micro"]))
    shown = bytearray()
    with _board("ulx3s", "--processor", "--config", "micro", "--memory", "model") as port:
        with SerialTransport(port) as transport:
            client = LinkClient(transport, timeout=10, contact=60, text=shown.extend)

            def answers(count):
                while shown.count(b"> ") < count:
                    assert client.listen(60), shown

            answers(1)
            assert shown == b"\r\nCelosia. /help prints the commands.\r\n> "
            client.type_text(b"/mem 0xb0000")
            engine, model = BoardEngine(image, client), ModelEngine(image)
            assert engine.sent_bytes == engine.content_bytes
            client.type_text(b"010\r")
            for count, tokens in enumerate(([1, 200, 7], [30], [5]), 2):
                assert engine.extend(tokens).tobytes() == model.extend(tokens).tobytes()
                answers(count)
                client.type_text(b"/time\r")
            answers(5)
            assert client.troubles == 0
    _, memory, *times, _ = shown.decode().split("> ")
    assert memory == f"/mem 0xb0000010\r\nb0000010: {MEMORIES['ulx3s'].bytes:08x}\r\n"
    cycles = [int(line.split()[1]) for line in times]
    assert cycles == sorted(cycles) and len(cycles) == 3


ONLY_BOARDS = "microcontroller takes no options: it has no accelerator, no DRAM and no serial line"


@pytest.mark.parametrize("arguments, message", [
    (["pynq_z1"], "board must be one of ulx3s, ecpix5, orangecrab, arty_a7, microcontroller, not 'pynq_z1'"),
    (["microcontroller", "--bit-level"], ONLY_BOARDS),
    (["microcontroller", "--sd", "x"], ONLY_BOARDS),
    (["ulx3s", "--sd", "x", "--no-processor"],
     "a card needs the processor: --sd and --no-processor do not go together"),
    (["ulx3s", "--sd", "/none"], "cannot read /none: No such file or directory"),
    (["microcontroller", "--config", "sim"], ONLY_BOARDS),
    (["microcontroller", "--memory", "model"], ONLY_BOARDS),
    (["microcontroller", "--processor"], ONLY_BOARDS),
    (["ulx3s", "--memory", "none"], "memory must be board or model, not 'none'"),
])
def test_bad_options(refused, arguments, message):
    assert refused("simulate", *arguments) == message


def test_a_board_without_a_slot(refused, monkeypatch):
    monkeypatch.setattr("boards.ulx3s.Ulx3s.slot", False)
    assert refused("simulate", "ulx3s", "--sd", "x") == "ulx3s has no slot for cards"
