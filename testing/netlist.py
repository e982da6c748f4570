"""A synthesised unit in place of its source."""

import json

from amaranth.hdl import ClockSignal, Const, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

__all__ = ["Netlist"]


class Netlist(wiring.Component):
    """The netlist of a unit, with the ports of the unit; for `sim.compile.compile_design`.

    Parameters
    ----------
    unit : wiring.Component
        What was synthesised, for the names of its ports. Its clock domain is ``sync``.
    path : pathlib.Path
        Yosys's JSON, in which the unit is the module ``top``.

    Members
    -------
    fault : In(1)
        Inverts the bit that the cell named to `write_model` drives: what a wrong netlist looks like.

    The others are those of the unit.
    """

    _MODULE = "netlist"

    def __init__(self, unit, path):
        super().__init__({**unit.signature.members, "fault": In(1)})
        self._path = path

    def write_model(self, path, *, faulty=None):
        """Write the file with the netlist for ``models`` of `compile_design`; those of its cells are needed as well.

        Parameters
        ----------
        path : pathlib.Path
            Its name must end in ``.json``.
        faulty : tuple of str
            Cell that `fault` can make wrong, and the port of one bit at which it does.
        """
        # The other modules of the file are the empty ones of the cells.
        module = json.loads(self._path.read_text())["modules"]["top"]
        cells = module["cells"]
        free = 1 + max(bit for cell in cells.values() for bits in cell["connections"].values() for bit in bits
                       if isinstance(bit, int))
        module["ports"]["fault"] = {"direction": "input", "bits": [free]}
        if faulty is not None:
            name, port = faulty
            connections = cells[name]["connections"]
            cells["$fault"] = {
                "type": "$xor", "attributes": {},
                "parameters": {"A_SIGNED": "0", "B_SIGNED": "0", "A_WIDTH": "1", "B_WIDTH": "1", "Y_WIDTH": "1"},
                "port_directions": {"A": "input", "B": "input", "Y": "output"},
                "connections": {"A": [free + 1], "B": [free], "Y": connections[port]}}
            connections[port] = [free + 1]
        path.write_text(json.dumps({"modules": {self._MODULE: module | {"attributes": {}}}}))

    def elaborate(self, platform):
        m = Module()
        ports = {"i_clk": ClockSignal(), "i_rst": ResetSignal()}
        for path, member, value in self.signature.flatten(self):
            # The ready of a stream that cannot be refused is a constant, not a port.
            if not isinstance(value, Const):
                ports[f"{'i' if member.flow == In else 'o'}_{'__'.join(map(str, path))}"] = Value.cast(value)
        m.submodules.netlist = Instance(self._MODULE, **ports)
        return m
