"""Periods and phases of clocks, from small netlists."""

from fractions import Fraction

import pytest

from flow.clock_tree import Clock, ClockTree

CONSTRAINTS = 'BLOCK RESETPATHS;\nFREQUENCY PORT "clk25_0__io" 25000000.0 HZ;\nFREQUENCY NET "divided" 12500000.0 HZ;\n'


def binary(number):
    return f"{number:032b}"


def cell(kind, outputs, inputs, **parameters):
    return {"type": kind, "parameters": parameters,
            "connections": {name: [bit] for name, bit in (outputs | inputs).items()},
            "port_directions": dict.fromkeys(outputs, "output") | dict.fromkeys(inputs, "input")}


def pll(**changes):
    """25 MHz times 24: an oscillator of 600 MHz; from it 200 MHz, 50 MHz, 50 MHz later, 200 MHz earlier."""
    outputs = {"CLKOP": (3, 2, 0), "CLKOS": (12, 11, 0), "CLKOS2": (12, 14, 4), "CLKOS3": (3, 1, 0)}
    parameters = {"CLKI_DIV": binary(1), "CLKFB_DIV": binary(8), "FEEDBK_PATH": "CLKOP"}
    for name, numbers in outputs.items():
        parameters |= {f"{name}_{kind}": binary(number)
                       for kind, number in zip(("DIV", "CPHASE", "FPHASE"), numbers)}
    return cell("EHXPLLL", {"CLKOP": 10, "CLKOS": 11, "CLKOS2": 12, "CLKOS3": 13}, {"CLKI": 3, "CLKFB": 10},
                **parameters | changes)


def tree(constraints=CONSTRAINTS, **changes):
    return ClockTree({
        "cells": {
            "buffer": cell("TRELLIS_IO", {"O": 3}, {"B": 2}, DIR="INPUT"),
            "pll": pll(**changes),
            "bridge": cell("ECLKBRIDGECS", {"ECSOUT": 20}, {"CLK0": 10, "CLK1": "0", "SEL": "0"}),
            "stop": cell("ECLKSYNCB", {"ECLKO": 21}, {"ECLKI": 20, "STOP": "0"}),
            "divider": cell("CLKDIVF", {"CDIVX": 22}, {"CLKI": 21}, DIV="3.5"),
            "register": cell("TRELLIS_FF", {"Q": 30}, {"CLK": 3, "DI": 31}),
            "other": cell("TRELLIS_FF", {"Q": 32}, {"CLK": 30, "DI": 31}),
        },
        "netnames": {name: {"bits": [bit]} for name, bit in {
            "clk25_0__io": 2, "buffer.i": 3, "a$1": 10, "clk": 10, "fast": 10, "slow": 11, "late": 12, "early": 13,
            "edge": 21, "divided_edge": 22, "divided": 30, "unknown": 32}.items()} | {"bus": {"bits": [40, 41]}},
    }, constraints)


@pytest.mark.parametrize("net,source,period,phase", [
    ("buffer.i", "buffer.i", 40, 0),
    ("fast", "pll", 5, 0),
    ("$glbnet$fast", "pll", 5, 0),
    ("slow", "pll", 20, 0),
    # Three states and a half of the oscillator, 5/3 ns each.
    ("late", "pll", 20, Fraction(35, 6)),
    ("early", "pll", 5, Fraction(-5, 3)),
    ("edge", "pll", 5, 0),
    ("edge$eclk6_0", "pll", 5, 0),
    ("divided_edge", "pll", Fraction(35, 2), 0),
    ("divided", "divided", 80, 0),
])
def test_periods_and_phases(net, source, period, phase):
    assert tree().clock(net) == Clock(source=source, period=Fraction(period), phase=Fraction(phase))


def test_names():
    assert tree().name("$glbnet$fast") == "clk" and tree().name("edge$eclk6_0") == "edge"
    assert tree().same_net("$glbnet$fast", "clk") and not tree().same_net("slow", "fast")


def test_what_has_no_frequency_is_refused():
    with pytest.raises(ValueError, match=r"^Clock unknown must have a frequency in the constraints$"):
        tree().clock("unknown")
    with pytest.raises(ValueError, match=r"^Clock must be a net of the design, not 'nothing'$"):
        tree().clock("$glbnet$nothing")
    with pytest.raises(ValueError, match=r"^Clock must be a net of the design, not 'bus'$"):
        tree().clock("bus")

    message = r"^Frequency in the constraints must be that of a net of the design, not of 'gone'$"
    with pytest.raises(ValueError, match=message):
        tree('FREQUENCY NET "gone" 25000000.0 HZ;')


def test_a_feedback_that_is_not_understood_is_refused():
    with pytest.raises(ValueError, match=r"^Feedback of PLL pll must be from CLKOP to CLKFB$"):
        tree(FEEDBK_PATH="INT_OP").clock("slow")
