"""The order in which the files of tests are run."""

__all__ = ["FIRST", "longest_first"]

FIRST = (
    "tests/gateware/dot/test_formats.py",
    "tests/boards/test_xilinx.py",
    "tests/gateware/dot/test_engine.py",
    "tests/host/engine/test_rtl_engine.py",
    "tests/host/command/test_cli_board.py",
    "tests/gateware/dot/test_netlist.py",
    "tests/host/engine/test_board_engine.py",
    "tests/testing/fuzz/test_fuzz.py",
    "tests/host/engine/test_elements_in_dram.py",
    "tests/boards/test_block_ram.py",
    "tests/sim/test_memory_system.py",
    "tests/host/bench/test_bench.py",
    "tests/firmware/test_training.py",
    "tests/sim/test_board_from_card.py",
)
"""Files that take longest when nothing has been compiled before, and those that compile what many others use.

Two processes that begin with long files end together. And where neighbours use the same simulation, as the files of
`host/bench` and those of boards in `host/engine`, two processes that reached them at the same time would both compile
it.
"""


def longest_first(items):
    """Put the tests of the files of `FIRST` before all others, in that order; the order within a file stays.

    Parameters
    ----------
    items : list of pytest.Item
        Is changed in place.
    """
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))
