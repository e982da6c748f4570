"""Generated controllers: the same every time, with the data sheet's timings, for pins and for simulation."""

from collections import Counter

import pytest

from soc.dram.core import generate_controller
from soc.dram.everted_phy import evert_phy
from boards.memories import MEMORIES

BOARDS = ["ulx3s", "ecpix5", "arty_a7"]  # One for each PHY.


@pytest.mark.parametrize("name", BOARDS)
def test_both_cores_of_a_memory(name):
    memory = MEMORIES[name]
    real, simulated = (generate_controller(memory, end=end) for end in ("pins", "dfi"))
    assert real.initialisation == simulated.initialisation
    assert {key: value for key, value in real.settings.items()} == simulated.settings
    assert {register for register, _, _ in real.initialisation} <= simulated.registers.keys()
    primitive = {"GENSDRPHY": "pin_dq", "ECP5DDRPHY": "DQSBUFM", "A7DDRPHY": "OSERDESE2"}[memory.phy]
    assert primitive in real.verilog and primitive not in simulated.verilog
    assert all(signal.startswith("dfi_") for signal, _, _ in simulated.signals)
    assert {"pin_a", "pin_ba", "pin_dq", "pin_dm"} <= {signal for signal, _, _ in real.signals}


@pytest.mark.parametrize("name,cells", [
    ("ecpix5", {"DDRDLLA": 1, "ODDRX2F": 26, "ODDRX2DQA": 18, "ODDRX2DQSB": 2, "TSHX2DQA": 16, "TSHX2DQSA": 2,
                "IDDRX2DQA": 16, "DQSBUFM": 2}),
    ("arty_a7", {"OSERDESE2": 45, "ISERDESE2": 16, "IDELAYE2": 16})])
def test_a_core_that_ends_at_its_cells(name, cells):
    """The PHY is there and its cells are not; :mod:`sim.pins` counts on their number and their order."""
    core = generate_controller(MEMORIES[name], end="cells")
    assert Counter(kind for kind, _ in core.cells) == cells
    assert not any(kind in core.verilog for kind in (*cells, "IOBUF", "DELAYG", " BB "))
    assert core.registers == generate_controller(MEMORIES[name], end="pins").registers
    outputs = [label for label, width, is_input in core.signals if not is_input and width == 1]
    (inputs, width, is_input), = [signal for signal in core.signals if signal[0] not in outputs]
    assert outputs == [f"cells_out_{index}" for index in range(len(outputs))]
    assert (inputs, is_input) == ("cells_in", True)
    used = sorted((port[0] in "QBL" and port not in ("LD",), place) for _, ports in core.cells
                  for port, place in ports.items())
    assert used == [*((False, place) for place in range(len(outputs))), *((True, place) for place in range(width))]


def test_an_unknown_cell_is_refused():
    """Of a LiteDRAM that has changed."""
    from migen import Instance, Module, Signal

    phy = Module()
    phy.specials += Instance("ODDRX9", i_D0=Signal())
    with pytest.raises(RuntimeError, match=r"^LiteDRAM's PHY must have known I/O cells only, not 'ODDRX9'$"):
        evert_phy(Module(), phy)


@pytest.mark.parametrize("end,message", [
    ("fpga", "^End of a generated controller must be 'pins', 'cells' or 'dfi', not 'fpga'$"),
    ("cells", "^PHY of a controller that ends at its I/O cells must be ECP5DDRPHY or A7DDRPHY, not 'GENSDRPHY'$")])
def test_ends(end, message):
    with pytest.raises(ValueError, match=message):
        generate_controller(MEMORIES["ulx3s"], end=end)


def test_generation_is_reproducible():
    first, second = (generate_controller(MEMORIES["ecpix5"], end="dfi") for _ in range(2))
    assert first == second and "LiteX" not in first.verilog
    assert first.verilog.startswith("module dram_ecpix5 (")


@pytest.mark.parametrize("name,cycles", [
    ("ecpix5", 26), ("ecpix5-75", 20), ("orangecrab", 8), ("arty_a7", 16), ("ulx3s-100", 7), ("ulx3s", 5)])
def test_refresh_takes_what_the_data_sheet_says(name, cycles):
    """260, 260, 110, 160, 66 and 66 ns in whole cycles."""
    assert generate_controller(MEMORIES[name], end="dfi").settings["tRFC"] == cycles


@pytest.mark.parametrize("name,bytes_per_second,size", [
    ("ulx3s-100", 0.2e9, 32), ("ulx3s", 0.15e9, 32), ("ecpix5", 0.8e9, 512),
    ("ecpix5-75", 0.6e9, 512), ("orangecrab", 0.576e9, 128),
    ("orangecrab-48", 0.384e9, 128), ("arty_a7", 1.6e9, 256), ("pynq_z1", 2.1e9, 512)])
def test_peaks_and_sizes_of_the_boards(name, bytes_per_second, size):
    memory = MEMORIES[name]
    assert memory.peak_bytes_per_second == pytest.approx(bytes_per_second)
    assert memory.bytes == size << 20


def test_a_zynq_has_no_generated_controller():
    message = r"^PHY of a generated controller must be GENSDRPHY, ECP5DDRPHY or A7DDRPHY, not 'PS7'$"
    with pytest.raises(ValueError, match=message):
        generate_controller(MEMORIES["pynq_z1"], end="dfi")
