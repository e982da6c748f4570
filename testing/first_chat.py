"""From the reset of a simulated board to three turns of a chat, compared with the host's own conversation.

Run as ``python -m testing.first_chat BOARD``. The demo model is packed for the board, as `celosia pack` does, and lies
on the card of a board as `celosia simulate BOARD --sd FILE` simulates it: a DDR3 is trained through the RTL of its PHY,
the processor loads the model, and what is typed is answered. The replies must be those of `celosia chat --integers`, to
the letter. Takes some minutes, most of which go into compiling the board the first time.
"""

import argparse
import json
from pathlib import Path
import subprocess
import sys
import tempfile

import numpy as np

from boards.board import BOARDS
from boards.configs import ALL_CONFIGS
from flow.board_header import trains
from host.command.simulate import simulated_board
from host.compiler.compiled import compile_model
from host.engine.model_engine import ModelEngine
from host.gguf.metadata import Metadata
from host.gguf.model import load
from host.image.image import build_image
from host.paths import demo_model
from host.text import tokenizer
from host.text.chat_template import find_template
from host.text.conversation import Conversation
from host.text.integer_sampler import IntegerSampler
from sim.sd_card import SdCard

__all__ = ["main", "first_chat"]

LINES = ("Once upon a time", "What did the dog say?", "The end")
TOKENS, CONTEXT, TEMPLATE = 24, 256, "mistral"
_MOST_CYCLES = 3_000_000_000
_PROMPT, _STEP = b"\n> ", 1 << 14


def first_chat(name, *, lines=LINES, again=False, report=print):
    """Start the board and say some lines.

    Parameters
    ----------
    name : str
        Of a board with a processor and a slot for cards.
    lines : sequence of str
        One for each turn.
    again : bool
        After that the DRAM is trained anew, where it is a DDR3, and tested, the model loaded again, and the first line
        said once more.
    report : function
        Like `print`; gets what the terminal shows, as it comes.

    Returns
    -------
    dict
        ``prompt_cycles``: from the reset to the first prompt; ``first_token_cycles``: from the reset until the first
        letter of the first reply is sent, typed at once, within 16,384 cycles; both in seconds at the board's clock as
        well; ``turns``: what was said, the board's and the host's reply, cycles; ``stats``: what the board says of its
        speed; ``commands``: what it answered to those; ``same``: whether all replies are the host's.
    """
    board = BOARDS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.celosia"
        subprocess.run([sys.executable, "-m", "host", "pack", "--board", name, "-o", path, "--template", TEMPLATE,
                        "--tokens", str(TOKENS), "--context", str(CONTEXT)], check=True, stdout=subprocess.DEVNULL)
        content = np.fromfile(path, np.uint8)
    terminal = _Terminal(simulated_board(board, board.config, processor=True,
                                         card=SdCard(content, clock_hz=board.clock_hz)), report)
    try:
        boot = terminal.answer()
        prompt_cycles, turns = terminal.cycle, []
        host = _host(board)
        for line in lines:
            turns.append(_turn(terminal, host, line))
        stats = terminal.answer("/stats").removeprefix("/stats\n")
        commands = {}
        if again:
            for command in ["/train"] * trains(board.memory) + ["/test", "/load"]:
                commands[command] = terminal.answer(command).removeprefix(command + "\n")
            turns.append(_turn(terminal, _host(board), lines[0]))
    finally:
        terminal.close()
    first = turns[0]["first_letter"]
    return {"board": name, "clock_hz": board.clock_hz, "boot": boot, "prompt_cycles": prompt_cycles,
            "prompt_seconds": prompt_cycles / board.clock_hz, "first_token_cycles": first,
            "first_token_seconds": first / board.clock_hz, "turns": turns, "stats": stats, "commands": commands,
            "same": all(turn["board"] == turn["host"] for turn in turns)}


def _turn(terminal, host, line):
    begin = terminal.cycle
    shown = terminal.answer(line).removeprefix(line + "\n").removesuffix("\n")
    return {"line": line, "board": shown, "host": "".join(host.say(line)), "first_letter": terminal.first,
            "cycles": terminal.cycle - begin}


class _Terminal:
    """What is typed, and what is shown up to the next prompt."""

    def __init__(self, board, report):
        self._board, self._report = board, report
        self.first = None  # the cycle in which something beyond the echo of the line was seen

    @property
    def cycle(self):
        return self._board.cycle

    def close(self):
        self._board.close()

    def answer(self, line=None):
        typed, shown, self.first = b"" if line is None else line.encode() + b"\r", b"", None
        echo, end = 0 if line is None else len(typed) + 1, self.cycle + _MOST_CYCLES
        while not shown.endswith(_PROMPT):
            if self.cycle > end:
                raise RuntimeError(f"no prompt within {_MOST_CYCLES:,} cycles, but {shown!r}")
            taken, sent = self._board.exchange(typed, cycles=_STEP, quiet=_STEP)
            typed, shown = typed[taken:], shown + sent
            if self.first is None and len(shown) > echo:
                self.first = self.cycle
            if sent:
                self._report(sent.decode(errors="replace").replace("\r", ""), end="", flush=True)
        return shown.removesuffix(b"> ").decode().replace("\r\n", "\n")


def _host(board):
    model = load(demo_model())
    compiled = compile_model(model, ALL_CONFIGS[board.config.name], CONTEXT)
    template = find_template(Metadata(model.path, model.metadata), TEMPLATE)
    return Conversation(ModelEngine(build_image(compiled)), tokenizer.load(model), template, IntegerSampler(),
                        tokens=TOKENS)


def main():
    """Print what is shown, then figures; status 1 if a reply differs."""
    parser = argparse.ArgumentParser(
        prog="python -m testing.first_chat", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("board", choices=[name for name, board in BOARDS.items() if board.slot])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--again", action="store_true",
                        help="then train and test the DRAM, load the model again, and say the first line once more")
    options = parser.parse_args()
    found = first_chat(options.board, again=options.again)
    print(f"\n\n{options.board}: prompt after {found['prompt_cycles']:,} cycles ({found['prompt_seconds']:.3f} s), "
          f"first token after {found['first_token_cycles']:,} ({found['first_token_seconds']:.3f} s) from the reset; "
          f"{len(found['turns'])} turns {'as' if found['same'] else 'NOT as'} the host's")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return int(not found["same"])


if __name__ == "__main__":
    sys.exit(main())
