"""Every example, in the README and in the commands' own help, is one that the command line accepts."""

from pathlib import Path
import re
import shlex

import pytest
import typer

from host.command import app

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = typer.main.get_command(app).commands
README = (ROOT / "README.md").read_text()


def examples(text, indent=""):
    return re.findall(rf"^{indent}(celosia [a-z].*)$", text, re.MULTILINE)


LINES = dict.fromkeys([*examples(README, " {4}"), *(line for command in COMMANDS.values()
                                                    for line in examples(command.help))])


@pytest.mark.parametrize("line", LINES)
def test_example(line):
    # In help two spaces part an example from what is said about it, in the README a comment sign does.
    name, *arguments = shlex.split(re.split(r" {2,}|[|>]", line)[0], comments=True)[1:]
    COMMANDS[name].make_context(name, arguments)


def test_every_command_has_an_example():
    for name, command in COMMANDS.items():
        assert name == "doctor" or examples(command.help)
        assert f"celosia {name}" in README
