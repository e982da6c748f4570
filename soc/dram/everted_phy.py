"""A PHY of LiteDRAM without its I/O cells: what of it can be simulated as RTL, and where the cells were."""

__all__ = ["evert_phy"]

FABRIC_PORTS = {
    # ECP5, the DLL first: its output is the only one that does not belong to a pin.
    "DDRDLLA": ("LOCK",),
    "ODDRX2F": ("D0", "D1", "D2", "D3"),
    "ODDRX2DQA": ("D0", "D1", "D2", "D3"),
    "ODDRX2DQSB": ("D0", "D1", "D2", "D3"),
    "TSHX2DQA": ("T0", "T1"),
    "TSHX2DQSA": ("T0", "T1"),
    "DQSBUFM": ("PAUSE", "READ0", "READ1", "READCLKSEL0", "READCLKSEL1", "READCLKSEL2", "BURSTDET"),
    "IDDRX2DQA": ("Q0", "Q1", "Q2", "Q3"),
    # 7 series
    "OSERDESE2": ("D1", "D2", "D3", "D4", "D5", "D6", "D7", "D8", "T1"),
    "ISERDESE2": ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8"),
    "IDELAYE2": ("LD", "CE"),
}
"""Cells that a model has to take the place of, and the ports by which data and control pass between them and the
fabric, once a cycle of the controller's clock."""
_BETWEEN_CELLS = {"DELAYG", "IOBUF", "IOBUFDS", "OBUFDS"}


def evert_phy(top, phy):
    """Take the I/O cells out of a PHY and make the fabric's side of them signals.

    What is left has one clock: the fast clocks of these PHYs end at cells. It depends on how migen keeps the cells of a
    module, and on the PHY creating them in the order that :mod:`sim.pins` takes them in; litex and litedram are pinned
    exactly, and a test counts the cells.

    Parameters
    ----------
    top : migen.Module
        Where the signals are connected; with a clock domain ``sys``.
    phy : migen.Module
        ECP5DDRPHY or A7DDRPHY, not yet part of another module.

    Returns
    -------
    outputs : list of migen.Signal
        From the fabric to the cells, a bit each: as bits of a wide signal, of which some depend on others, they would
        look like a loop to a simulator.
    inputs : migen.Signal
        Back, all of them.
    cells : tuple of (str, dict of str to int)
        Kind of each cell, in the order of their creation, and the place that each of its ports has in ``outputs`` or,
        for what the cell drives, its bit of ``inputs``. Ports with a constant are left out.

    Raises
    ------
    RuntimeError
        If the PHY has a cell that is not known here.
    """
    from migen import Cat, ClockDomain, Constant, Instance, Signal
    from migen.fhdl.specials import Tristate

    modules = [phy] + ([phy.init] if hasattr(phy, "init") else [])
    specials = sorted((special for module in modules for special in module._fragment.specials),
                      key=lambda special: special.duid)
    for module in modules:
        module._fragment.specials = {
            special for special in module._fragment.specials if not isinstance(special, (Instance, Tristate))}
    to_cells, from_cells, cells = [], [], []
    for cell in specials:
        if not isinstance(cell, Instance) or cell.of in _BETWEEN_CELLS:
            continue
        if cell.of not in FABRIC_PORTS:
            raise RuntimeError(f"LiteDRAM's PHY must have known I/O cells only, not {cell.of!r}")
        ports = {}
        for item in cell.items:
            if item.name not in FABRIC_PORTS[cell.of] or isinstance(item.expr, (int, Constant)):
                continue
            bits = from_cells if isinstance(item, Instance.Output) else to_cells
            ports[item.name] = len(bits)
            bits.append(item.expr)
        cells.append((cell.of, ports))
    outputs, inputs = [Signal() for _ in to_cells], Signal(len(from_cells))
    top.comb += [*(output.eq(bit) for output, bit in zip(outputs, to_cells)), Cat(*from_cells).eq(inputs)]
    if hasattr(phy, "init"):
        # The domain of what starts the DLL; on a board its clock is another one.
        top.clock_domains.cd_init = ClockDomain("init", reset_less=True)
        top.comb += top.cd_init.clk.eq(top.cd_sys.clk)
    return outputs, inputs, tuple(cells)
