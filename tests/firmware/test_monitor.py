"""Commands on the terminal."""

import pytest

from soc.cpu.map import Region, TimerRegister, address

HELP = """\
/help: this list
/mem ADDRESS [WORDS]: words of the bus, at most 1024
/time: cycles since the reset
/test: write to the DRAM and read it
/load: the model that is on the card
/reset: forget the conversation
/temp T [TOP_K [TOP_P]]: temperature; 0: always the most likely token
/seed S: of what a temperature draws
/stats: speed since the conversation began
"""


def test_help(console):
    assert console.run("/help") == HELP


def test_memory(console):
    console.memory = {0x100 + 4 * word: word * 0x11111111 for word in range(6)}
    assert console.run("/mem 0x102") == "00000100: 00000000\n"
    assert console.run("/mem  256   6 ") == (
        "00000100: 00000000 11111111 22222222 33333333\n00000110: 44444444 55555555\n")


def test_a_bus_that_cannot_answer(console):
    """An exception of the fake ends the firmware's function, which would wait for room on the terminal for ever."""
    console.memory = {0: 1}
    with pytest.raises(KeyError, match="^4$"):
        console.run("/mem 0 2")
    assert console.run("/mem 0") == "00000000: 00000001\n"


def test_no_more_than_1024_words(console):
    console.memory = dict.fromkeys(range(0, 4096, 4), 0)
    assert console.run("/mem 0 0xffffffff").count("\n") == 256


def test_time(console):
    console.memory = {address(Region.TIMER, TimerRegister.LOW): 7, address(Region.TIMER, TimerRegister.HIGH): 2}
    assert console.run("/time") == f"{2 * 2**32 + 7} cycles since the reset\n"


@pytest.mark.parametrize("line, answer", [
    ("/", "there is no command /; /help prints them"),
    ("/hel", "there is no command /hel; /help prints them"),
    ("/helper 1", "there is no command /helper; /help prints them"),
    ("/time 1", "/time does not take the argument 1"),
    ("/mem", "/mem needs ADDRESS [WORDS]"),
    ("/mem 1 2 3", "/mem does not take the argument 3"),
    ("/mem 0x", "no number of 32 bits: 0x"),
    ("/mem 12a", "no number of 32 bits: 12a"),
    ("/mem -1", "no number of 32 bits: -1"),
    ("/mem 0x100000000", "no number of 32 bits: 0x100000000"),
    ("/mem 4294967296", "no number of 32 bits: 4294967296"),
    ("/mem 0x10000000000000001", "no number of 32 bits: 0x10000000000000001"),
    ("/mem 1.5", "no number of 32 bits: 1.5"),
    ("/temp", "/temp needs T [TOP_K [TOP_P]]"),
    ("/temp .", "no number: ."),
    ("/temp 1.2.3", "no number: 1.2.3"),
    ("/temp 0x1", "no number: 0x1"),
    ("/temp 65536", "no number: 65536"),
    ("/temp 0.0000001", "no number: 0.0000001"),
    ("/temp 1 2 3 4", "/temp does not take the argument 4"),
])
def test_what_is_wrong_is_said(console, line, answer):
    console.memory = {}
    assert console.run(line) == answer + "\n"
