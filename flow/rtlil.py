"""From an Amaranth design to RTLIL, in two thirds of the time that Amaranth takes for it alone.

Amaranth looks for combinational cycles bit by bit, in Python: every bit of a sum depends on every bit of both terms.
For a large design that is more than a third of the conversion. But a cycle of bits is also one of cells, of which
there are far fewer than bits; so the search here begins with cells, and only bits of cells that lie on or between
cycles are looked at one by one. In an accelerator those are a few assignments to parts of signals.

That uses what Amaranth does not document. It has no other way: the search is in the middle of `rtlil.convert`.
"""

from collections import defaultdict
from contextlib import contextmanager

from amaranth.back import rtlil
from amaranth.hdl import _nir

__all__ = ["convert"]

# Their outputs do not depend on all of their inputs in the same cycle, as those of the others may.
_REGISTERED = (_nir.Top, _nir.FlipFlop, _nir.SyncReadPort, _nir.Instance)


def convert(design, **options):
    """What `amaranth.back.rtlil.convert` returns for the same arguments, and raises.

    Parameters
    ----------
    design : Elaboratable
    options : dict
        See there.

    Returns
    -------
    str

    Raises
    ------
    amaranth.hdl._nir.CombinationalCycle
        With the path, as Amaranth finds it.
    """
    with _quick_check():
        return rtlil.convert(design, **options)


@contextmanager
def _quick_check():
    thorough = _nir.Netlist.check_comb_cycles

    def check(netlist):
        if _has_cycle(netlist):
            thorough(netlist)  # Raises the error, and names the path.
            raise AssertionError("Amaranth must find the combinational cycle, too")

    _nir.Netlist.check_comb_cycles = check
    try:
        yield
    finally:
        _nir.Netlist.check_comb_cycles = thorough


class _Cycle(Exception):
    pass


def _has_cycle(netlist):
    """Whether any bit depends on itself without a register in between."""
    try:
        driver = _drivers(netlist.connections)
    except _Cycle:
        return True

    def sources(nets):
        return {driver.get(net, net) for net in nets}

    cells = {}
    for index, cell in enumerate(netlist.cells):
        if isinstance(cell, _REGISTERED):
            nets = [source for net in cell.output_nets(index) for source, _ in cell.comb_edges_to(net.bit)]
        else:
            nets = cell.input_nets()
        cells[index] = {net.cell for net in sources(nets) if net.is_cell}
    # Cells behind a cycle, and of these the ones that have a cycle behind them.
    behind = _unordered(cells)
    users = defaultdict(set, {index: set() for index in behind})
    for index in behind:
        for source in cells[index]:
            users[source].add(index)
    bits = {}
    for index in _unordered({index: users[index] for index in behind}):
        cell = netlist.cells[index]
        for net in cell.output_nets(index):
            bits[net] = sources(source for source, _ in cell.comb_edges_to(net.bit))
    return bool(_unordered(bits))


def _drivers(connections):
    """What drives each net that was named before it was driven."""
    drivers = {}
    for first in connections:
        path, net = {}, first
        while net not in drivers and net in connections:
            if net in path:
                raise _Cycle
            path[net] = None
            net = connections[net]
        drivers.update(dict.fromkeys(path, drivers.get(net, net)))
    return drivers


def _unordered(sources):
    """Nodes of a graph that cannot be put into an order in which sources come first: those on cycles and behind them.

    Sources that are no nodes themselves do not count.
    """
    users, missing = defaultdict(list), {}
    for node, before in sources.items():
        before = [source for source in before if source in sources]
        missing[node] = len(before)
        for source in before:
            users[source].append(node)
    ready = [node for node, count in missing.items() if not count]
    while ready:
        node = ready.pop()
        del missing[node]
        for user in users[node]:
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)
    return set(missing)
