"""Units with streams that cannot be refused, converted on their own."""

import re

from amaranth.back import rtlil
import pytest

from gateware.control.result_sink import ResultSink
from gateware.dot.engine import DotEngine
from gateware.ports import port_signals
from gateware.shapes.dot_shape import DotShape
from gateware.shapes.vector_shape import VectorShape
from gateware.vector.unit import VectorUnit

UNITS = {
    "dot-engine": (lambda: DotEngine(dot=DotShape(lanes=4, x_elements=256), bus_bits=32, vector_lanes=2),
                   {"x__valid", "x__payload", "beats__ready", "results__payload"},
                   "x__ready"),
    "vector-unit": (lambda: VectorUnit(vector=VectorShape(lanes=2, scratchpad=64), bus_bits=32),
                    {"x__valid", "trace_scalar__payload", "done"}, "x__ready"),
    "result-sink": (ResultSink, {"largest__valid", "largest__payload", "results__ready"}, "largest__ready"),
}


@pytest.mark.parametrize("name", UNITS)
def test_all_ports_but_constants_are_those_of_the_module(name):
    make, some, constant = UNITS[name]
    unit = make()
    text = rtlil.convert(unit, ports=port_signals(unit), name="unit")
    top = text[text.index("module \\unit\n"):].partition("\nend\n")[0]
    ports = set(re.findall(r"wire width \d+ (?:input|output) \d+ +(?:signed )?\\(\w+)", top))
    assert ports >= some | {"clk", "rst"}
    assert constant not in ports
