"""Between a controller's DFI and the pins of an SDR SDRAM."""

from amaranth.hdl import Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SdrPhy"]

COMMANDS = ("cke", "cs_n", "ras_n", "cas_n", "we_n")


class SdrPhy(wiring.Component):
    """A register at every pin, which is all that an SDR SDRAM needs.

    The same cycles as LiteDRAM's GENSDRPHY: what the DFI says is at the pins a cycle later, and what the pins say,
    of data, is at the DFI a cycle later. The registers are `amaranth.lib.io.FFBuffer`: those beside the pins, where
    a platform has them, so that the delays do not depend on the routing.

    The DRAM's clock is not made here. It has to be later than ``sync``: commands must be there before its edge, and
    data must arrive before the next edge of ``sync`` but one.

    Parameters
    ----------
    core : soc.dram.core.ControllerCore
        Generated with ``end="dfi"``, so that it ends at the DFI, for a memory with ``GENSDRPHY``.
    pins : dict of str to amaranth.lib.io.PortLike
        ``a``, ``ba``, ``dq``, ``dm`` and ``cke``, ``cs_n``, ``ras_n``, ``cas_n``, ``we_n``, none of them inverted.

    Members
    -------
    dfi_* : In, Out
        The other side of ``core.signals``.
    """

    def __init__(self, *, core, pins):
        self._pins, self._latency = pins, core.settings["read_latency"]
        super().__init__({name: (Out if is_input else In)(width) for name, width, is_input in core.signals})

    def elaborate(self, platform):
        m = Module()
        outputs = {name: getattr(self, f"dfi_{name}_0") for name in COMMANDS} | {
            "a": self.dfi_address_0, "ba": self.dfi_bank_0,
            # The mask counts for writes; while data are read it would switch the DRAM's outputs off.
            "dm": self.dfi_wrdata_mask_0 & self.dfi_wrdata_en_0.replicate(len(self.dfi_wrdata_mask_0)),
        }
        for name, value in outputs.items():
            m.submodules[name] = buffer = io.FFBuffer("o", self._pins[name])
            m.d.comb += buffer.o.eq(value)
        m.submodules.dq = data = io.FFBuffer("io", self._pins["dq"])
        # One more than the latency, as the reads of LiteDRAM's command injector expect it.
        reading = Signal(self._latency + 1)
        m.d.sync += reading.eq((reading << 1) | self.dfi_rddata_en_0)
        m.d.comb += [
            data.o.eq(self.dfi_wrdata_0),
            data.oe.eq(self.dfi_wrdata_en_0),
            self.dfi_rddata_0.eq(data.i),
            self.dfi_rddata_valid_0.eq(reading[-1]),
        ]
        return m
