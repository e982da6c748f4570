"""The accelerator with its traces gathered into one record per cycle."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out, connect, flipped

from gateware.accelerator import Accelerator

__all__ = ["TracedAccelerator"]

_TRACE = "trace_"


class TracedAccelerator(wiring.Component):
    """:class:`gateware.accelerator.Accelerator` with one port ``trace`` for everything that instructions write.

    Parameters
    ----------
    config : gateware.config.Config

    Members
    -------
    trace : valid and payload
        ``payload`` is a ``Record``: of each trace of the accelerator, ``valid``, ``index`` and ``write``.
    """

    def __init__(self, config):
        self._accelerator = Accelerator(config)
        members = dict(self._accelerator.signature.members)
        traces = {name.removeprefix(_TRACE): members.pop(name) for name in list(members) if name.startswith(_TRACE)}
        self.Record = data.StructLayout({
            name: data.StructLayout({"valid": 1, "payload": member.signature.members["payload"].shape})
            for name, member in traces.items()})
        super().__init__({
            **members,
            "trace": Out(wiring.Signature({"valid": Out(1), "payload": Out(self.Record)})),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerator = inner = self._accelerator
        for name, member in self.signature.members.items():
            if name == "trace":
                continue
            ours, theirs = getattr(self, name), getattr(inner, name)
            if member.is_signature:
                connect(m, flipped(ours), theirs)
            elif member.flow == Out:
                m.d.comb += ours.eq(theirs)
            else:
                m.d.comb += theirs.eq(ours)
        names = list(self.Record.members)
        traces = [getattr(inner, _TRACE + name) for name in names]
        m.d.comb += self.trace.valid.eq(Cat(trace.valid for trace in traces).any())
        for name, trace in zip(names, traces):
            field = self.trace.payload[name]
            m.d.comb += [field.valid.eq(trace.valid), field.payload.eq(trace.payload)]
        return m
