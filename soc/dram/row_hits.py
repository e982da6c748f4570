"""Whether a request meets the open row of its bank: a register of LiteDRAM's bank machine in place of a comparison."""

from migen import If, Signal
from migen.fhdl.structure import _Assign, _Operator
from litex.soc.interconnect import stream

__all__ = ["register_row_hits"]


def register_row_hits(controller):
    """Take the comparison of rows out of the slowest path of LiteDRAM's controller.

    A bank machine compares the row of its request with the open row. What comes of it decides which bank is served,
    which takes the next request out of the queue: on an ECP5 three levels of LUTs before ten others. Here the
    comparison is made one cycle earlier, between what both registers are about to hold, and its result is a
    register. It has the value of the comparison in every cycle (`tests/soc/dram/test_row_hits.py` proves it), so no
    command comes earlier or later.

    Parameters
    ----------
    controller : litedram.core.controller.LiteDRAMController
        Not finalised; its bank machines are changed in place.

    Raises
    ------
    RuntimeError
        If the bank machines are not built as those of LiteDRAM 2024.12.
    """
    machines = [module for _, module in controller._submodules if hasattr(module, "refresh_gnt")]
    if not machines:
        raise RuntimeError("LiteDRAM's controller has no bank machines")
    for machine in machines:
        _register_row_hit(machine)


def _register_row_hit(machine):
    queue, buffer = (_only(kind, machine) for kind in (stream.SyncFIFO, stream.Buffer))
    comparisons = [statement for statement in machine._fragment.comb
                   if isinstance(statement, _Assign) and isinstance(statement.r, _Operator) and statement.r.op == "=="]
    opening = [statement for statement in machine._fragment.sync["sys"] if isinstance(statement, If)
               and len(statement.f) == 1 and isinstance(statement.f[0], If)]
    if len(comparisons) != 1 or len(opening) != 1:
        raise RuntimeError(f"LiteDRAM's bank machine must have one comparison for equality and one register of its "
                           f"row, not {len(comparisons)} and {len(opening)}")
    (comparison,), (tracking,) = comparisons, opening
    row, requested = comparison.r.operands
    closes, opens = tracking.cond, tracking.f[0].cond
    split = requested.start
    following = queue.source.addr[split:]
    hit = Signal(reset=1, name="row_hit_register")
    moves = Signal(name="row_hit_moves")
    machine._fragment.comb.remove(comparison)
    machine.comb += [
        comparison.l.eq(hit),
        # As `stream.Buffer` has it: what is not valid moves too.
        moves.eq(~buffer.source.valid | buffer.source.ready),
    ]
    machine.sync += [
        If(opens & ~closes,
            hit.eq(~moves | (following == buffer.source.addr[split:]))
        ).Elif(moves,
            hit.eq(following == row)
        )
    ]


def _only(kind, machine):
    found = [module for _, module in machine._submodules if type(module) is kind]
    if len(found) != 1:
        raise RuntimeError(f"LiteDRAM's bank machine must have one {kind.__name__}, not {len(found)}")
    return found[0]
