"""The accelerator with its traces gathered into one record per cycle."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from gateware.accelerator import Accelerator, trace_shapes
from soc.ports import pass_through

__all__ = ["TracedAccelerator", "trace_record"]


def trace_record(config):
    """Layout of a record: of each trace of the accelerator ``valid``, ``index`` and ``write``."""
    return data.StructLayout({
        name: data.StructLayout({"valid": 1, "index": 16, "write": shape})
        for name, shape in trace_shapes(config).items()})


class TracedAccelerator(wiring.Component):
    """:class:`gateware.accelerator.Accelerator` with one port ``trace`` for everything that instructions write.

    Parameters
    ----------
    config : gateware.config.Config

    Members
    -------
    trace : valid and payload
        ``payload`` is :func:`trace_record`.
    """

    def __init__(self, config):
        self._accelerator = Accelerator(config)
        self._record = trace_record(config)
        members = {name: member for name, member in self._accelerator.signature.members.items()
                   if not name.startswith("trace_")}
        super().__init__({
            **members,
            "trace": Out(wiring.Signature({"valid": Out(1), "payload": Out(self._record)})),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerator = inner = self._accelerator
        pass_through(m, self, inner, [name for name in self.signature.members if name != "trace"])
        traces = {name: getattr(inner, f"trace_{name}") for name in self._record.members}
        m.d.comb += self.trace.valid.eq(Cat(trace.valid for trace in traces.values()).any())
        for name, trace in traces.items():
            field = self.trace.payload[name]
            m.d.comb += [
                field.valid.eq(trace.valid),
                field.index.eq(trace.payload.index),
                field.write.eq(trace.payload.write),
            ]
        return m
