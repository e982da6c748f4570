# amaranth: UnusedElaboratable=no
"""The integer multiplier."""

import numpy as np
import pytest

from gateware.numeric.multiplier import Multiplier


@pytest.mark.parametrize("a_width, b_width", [(18, 18), (18, 8), (12, 12), (1, 1)])
@pytest.mark.parametrize("signed", [False, True])
def test_products(run_pipeline, a_width, b_width, signed):
    rng = np.random.default_rng(a_width + 2 * signed)
    operands = []
    for width in (a_width, b_width):
        low = -1 << width >> 1 if signed else 0
        high = low + (1 << width) - 1
        operands.append(np.concatenate([rng.integers(low, high + 1, 300), [low, low, high, high, 0]]))
    a, b = operands[0], np.concatenate([operands[1][:-5], operands[1][[-5, -2, -5, -2, -1]]])
    dut = Multiplier(a_width=a_width, b_width=b_width, signed=signed)
    assert np.array_equal(run_pipeline(dut, a=a, b=b), a * b)


@pytest.mark.parametrize("width", [0, 19])
def test_width_out_of_range(width):
    with pytest.raises(ValueError, match=rf"^Multiplier width must be 1\.\.18, not {width}$"):
        Multiplier(a_width=18, b_width=width, signed=True)
