"""What every engine can do, by the name it is opened by."""

import numpy as np
import pytest

from gateware.config import CONFIGS
from host.engine.engine import Engine
from host.engine.engines import EngineName, open_engine
from host.engine.rows import Rows
from host.errors import CelosiaError
from host.gguf.model import load

IDS = [1, 40, 41, 7, 200, 3, 9]


@pytest.fixture
def opened(write_gguf):
    """Function (name) -> engine on the micro model with a context of 16 positions."""
    model = load(write_gguf())
    return lambda name: open_engine(name, model, config=CONFIGS["micro"], context=16)


@pytest.mark.parametrize("name", [EngineName.FLOAT, EngineName.MODEL, EngineName.RTL])
def test_every_engine(opened, name):
    engine = opened(name)
    assert Engine in type(engine).__mro__ and engine.context == 16 and engine.position == 0
    whole = engine.extend(IDS)
    assert whole.dtype == np.float32 and whole.shape == (7, 272) and engine.position == 7
    assert engine.choices == whole.argmax(axis=1).tolist()
    # Set back, the context is computed anew from there on.
    engine.position = 4
    assert engine.extend(IDS[4:], rows=Rows.LAST).shape == (1, 272) and engine.choices == [whole[-1].argmax()]
    engine.reset()
    assert engine.position == 0
    assert engine.extend(IDS[:3], rows=Rows.NONE) is None and engine.choices == []
    assert engine.extend(IDS[3:], logits=False) is None and engine.choices == whole.argmax(axis=1).tolist()[3:]
    rows = list(engine.read(IDS, start=5))
    assert rows[:5] == [None] * 5
    assert np.array_equal(np.array(rows[5:], np.float32), whole[5:])
    assert list(engine.read([], start=0)) == []
    engine.position = 16
    with pytest.raises(CelosiaError, match="context"):
        engine.extend([1])
    with pytest.raises(CelosiaError, match=r"^Token id must be below 272, not 272$"):
        engine.extend([272])
    clocked = name == EngineName.RTL
    assert (engine.cycles is not None, engine.bus_beats is not None) == (clocked, clocked)
    assert not clocked or engine.cycles > engine.bus_beats > 10_000


@pytest.mark.parametrize("name", [EngineName.FLOAT, EngineName.MODEL])
def test_a_smaller_group(opened, name):
    one, other = opened(name), opened(name)
    assert other.group >= 1
    one.group = 1
    assert np.allclose(one.extend(IDS), other.extend(IDS), rtol=1e-5)
