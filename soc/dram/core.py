"""LiteDRAM controllers as Verilog, generated from the description of a memory."""

import math
import re
from dataclasses import dataclass

__all__ = ["ControllerCore", "generate_controller"]

READ_PORTS = 2
_CSR_BITS = 32
_QUEUE = 16  # Commands that wait at a bank: enough to open the next row while the last ones of this row pass.


@dataclass(frozen=True, kw_only=True)
class ControllerCore:
    """A generated controller.

    Native ports, for ``p`` of ``read0``, ``read1``, ``write``: ``{p}_valid``, ``{p}_ready``, ``{p}_address``
    (words); ``read0_data_valid``, ``read_data`` (both read ports); ``write_data_ready``, ``write_data``,
    ``write_mask``. Control bus: ``csr_address``, ``csr_write``, ``csr_read``, ``csr_write_data``,
    ``csr_read_data``, 32 bits.

    Attributes
    ----------
    name : str
        Of the Verilog module.
    verilog : str
    word_bits : int
        Width of the native ports.
    address_bits : int
        Of the native ports' addresses.
    bank_shift : int
        Bit of a native address at which the bank begins; columns below, rows above.
    csr_address_bits : int
    registers : dict of str to int
        Address of each control register.
    initialisation : tuple of (str, int, int)
        Register, value, and cycles to wait afterwards: what brings the DRAM up (without the training of a
        PHY's delays).
    signals : tuple of (str, int, bool)
        Name, width, and whether it is an input, of what else the module has: ``dfi_*``, ``cells_*``, or pins and
        clocks.
    settings : dict of str to int
        Latencies and phases of the PHY, the positions that its training can choose from, timings in cycles.
    cells : tuple
        Of a core that ends at its I/O cells: see :func:`soc.dram.everted_phy.evert_phy`.
    """

    name: str
    verilog: str
    word_bits: int
    address_bits: int
    bank_shift: int
    csr_address_bits: int
    registers: dict
    initialisation: tuple
    signals: tuple
    settings: dict
    cells: tuple = ()


def generate_controller(memory, *, end):
    """Generate the controller of a memory.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
        Not one of a ``PS7``.
    end : str
        Where the core ends: ``pins``, for a board; ``cells``, with the PHY but without its I/O cells, and ``dfi``,
        which is the interface between controller and PHY, for simulation. Phases and latencies are those of the PHY
        in any case.

    Returns
    -------
    ControllerCore

    Raises
    ------
    ValueError
        If the memory has another PHY, or ``end`` is none of these, or ``cells`` of a PHY that has no training.
    """
    if end not in ("pins", "cells", "dfi"):
        raise ValueError(f"End of a generated controller must be 'pins', 'cells' or 'dfi', not {end!r}")
    if end == "cells" and memory.phy == "GENSDRPHY":
        raise ValueError("PHY of a controller that ends at its I/O cells must be ECP5DDRPHY or A7DDRPHY, "
                         f"not {memory.phy!r}")
    # LiteX takes more than a second to import.
    from migen import ClockDomain, Module
    from litedram.core import LiteDRAMCore
    from litedram.core.controller import ControllerSettings
    from litedram.init import get_sdram_phy_init_sequence
    from litex.soc.interconnect import csr_bus
    from soc.dram.everted_phy import evert_phy
    from soc.dram.row_hits import register_row_hits

    part = memory.part
    top = Module()
    top.clock_domains.cd_sys = ClockDomain("sys")
    ios = {top.cd_sys.clk: ("clk", True), top.cd_sys.rst: ("rst", True)}
    pads = _pads(memory)
    phy = _phy(memory, pads)
    settings = _fixed(phy.settings)
    timing = _timing(memory, settings)
    geometry = _geometry(part)
    cells = ()
    if end == "dfi":
        phy = _DfiEnd(phy)
    else:
        if end == "cells":
            cells_out, cells_in, cells = evert_phy(top, phy)
        top.submodules.phy = phy
    top.submodules.core = core = LiteDRAMCore(
        phy=phy, geom_settings=geometry, timing_settings=timing, clk_freq=memory.clock_hz,
        controller_settings=ControllerSettings(
            cmd_buffer_depth=_QUEUE, refresh_postponing=min(part.postponed, 8), with_auto_precharge=True))
    register_row_hits(core.controller)
    reads = [core.crossbar.get_port(mode="read") for _ in range(READ_PORTS)]
    write = core.crossbar.get_port(mode="write")

    banks = {}
    top.submodules.csrs = csrs = csr_bus.CSRBankArray(
        top, lambda name, _: banks.setdefault(name, len(banks)), data_width=_CSR_BITS, address_width=14, alignment=32)
    bus = csr_bus.Interface(data_width=_CSR_BITS, address_width=14, alignment=32)
    top.submodules.interconnect = csr_bus.InterconnectShared([bus], csrs.get_buses())
    registers = {}
    for name, bank_registers, bank, rmap in csrs.banks:
        whole = {register.name for register in bank_registers}
        for index, register in enumerate(rmap.simple_csrs):
            # A register of one word bears the number of that word.
            label = register.name.removesuffix("0") if register.name.removesuffix("0") in whole else register.name
            registers[label] = bank * (csrs.paging // 4) + index

    for number, port in enumerate(reads):
        ios |= {port.cmd.valid: (f"read{number}_valid", True), port.cmd.ready: (f"read{number}_ready", False),
                port.cmd.addr: (f"read{number}_address", True),
                port.rdata.valid: (f"read{number}_data_valid", False)}
        top.comb += [port.cmd.we.eq(0), port.rdata.ready.eq(1)]
    top.comb += [write.cmd.we.eq(1), write.wdata.valid.eq(1)]
    ios |= {write.cmd.valid: ("write_valid", True), write.cmd.ready: ("write_ready", False),
            write.cmd.addr: ("write_address", True), write.wdata.ready: ("write_data_ready", False),
            write.wdata.data: ("write_data", True), write.wdata.we: ("write_mask", True),
            reads[0].rdata.data: ("read_data", False),
            bus.adr: ("csr_address", True), bus.we: ("csr_write", True), bus.re: ("csr_read", True),
            bus.dat_w: ("csr_write_data", True), bus.dat_r: ("csr_read_data", False)}
    own = set(ios)
    if end == "dfi":
        ios |= _dfi_ports(phy.dfi)
    elif end == "cells":
        ios |= {bit: (f"cells_out_{index}", False) for index, bit in enumerate(cells_out)}
        ios |= {cells_in: ("cells_in", True)}
    else:
        ios |= _pins(top, memory, pads, phy)
    sequence, _ = get_sdram_phy_init_sequence(settings, timing)
    name = f"dram_{re.sub(r'[^a-z0-9]', '_', memory.name)}"
    overrides = _ecp5_buffers() if memory.phy == "ECP5DDRPHY" else {}
    return ControllerCore(
        name=name, verilog=_verilog(top, ios, name, overrides), word_bits=len(write.wdata.data),
        address_bits=len(write.cmd.addr), bank_shift=geometry.colbits - (part.burst - 1).bit_length(),
        csr_address_bits=len(bus.adr), registers=registers, initialisation=_initialisation(memory, sequence),
        signals=tuple((label, len(signal), is_input) for signal, (label, is_input) in ios.items() if signal not in own),
        settings={key: getattr(settings, key) for key in ("nphases", "rdphase", "wrphase", "cl", "cwl", "read_latency",
                                                          "write_latency", "delays", "bitslips")
                  if hasattr(settings, key)}
        | {key: value for key, value in vars(timing).items() if key.startswith("t")}, cells=cells)


class _DfiEnd:
    """Takes the place of a PHY: settings and the DFI, which becomes a set of ports."""

    def __init__(self, phy):
        self.settings, self.dfi = _fixed(phy.settings), phy.dfi


def _fixed(settings):
    """The settings of a PHY with its phases as numbers; that of the 7 series has them in registers."""
    for name in ("rdphase", "wrphase"):
        phase = getattr(settings, name)
        if not isinstance(phase, int):
            setattr(settings, name, phase.reset.value)
    return settings


def _geometry(part):
    from litedram.common import GeomSettings
    return GeomSettings(bankbits=part.banks.bit_length() - 1, rowbits=part.rows.bit_length() - 1,
                        colbits=part.columns.bit_length() - 1)


def _timing(memory, phy):
    """The part's timing in cycles of the controller.

    Commands leave on a phase that depends on their kind. Between two of them lie ``n * phases`` clocks of the
    DRAM, and the difference of their phases: so as many cycles are needed as cover the time for the worst
    pair. LiteDRAM's own figures take a whole cycle for that difference, and have tRFC in clocks of the
    fastest part. The model of the DRAM in simulation checks every command against the data sheet.
    """
    from litedram.common import TimingSettings
    part, phases = memory.part, memory.phases
    clock = 1e9 / memory.dram_clock_hz
    row_phases = [(phase - 1) % phases for phase in (phy.rdphase, phy.wrphase)]
    column_phases = [phy.rdphase, phy.wrphase]

    def clocks(timing):
        return max(timing[0], math.ceil(timing[1] / clock - 1e-6))

    def cycles(timing, first, then):
        return max(1, math.ceil((clocks(timing) + max(first) - min(then)) / phases))

    row_to_row = (row_phases, row_phases)
    return TimingSettings(
        tRP=max(cycles(part.rp, *row_to_row), cycles(part.rp, [0], [0])),
        tRCD=cycles(part.rcd, row_phases, column_phases),
        # Of the rest the controller adds the write latency and the length of the data.
        tWR=cycles(part.wr, [phy.wrphase], row_phases + [0]), tWTR=cycles(part.wtr, [phy.wrphase], [phy.rdphase]),
        tREFI=int(part.refresh_interval * memory.clock_hz / 1e9), tRFC=cycles(part.rfc, [0], [0]),
        tFAW=cycles(part.faw, *row_to_row) if part.faw[1] else None, tCCD=math.ceil(part.ccd / phases),
        tRRD=cycles(part.rrd, *row_to_row), tRC=cycles(part.rc, *row_to_row),
        tRAS=cycles(part.ras, row_phases, row_phases + [0]),
        tZQCS=None)


def _initialisation(memory, sequence):
    """LiteDRAM's sequence of commands as writes to the registers of its command injector."""
    names = {"DFII_COMMAND_CS": 1, "DFII_COMMAND_WE": 2, "DFII_COMMAND_CAS": 4, "DFII_COMMAND_RAS": 8,
             "DFII_CONTROL_SEL": 1, "DFII_CONTROL_CKE": 2, "DFII_CONTROL_ODT": 4, "DFII_CONTROL_RESET_N": 8}
    part, writes = memory.part, [("dfii_control", 0, 0)]

    def cycles(ns):
        return math.ceil(ns * memory.clock_hz / 1e9)

    # Waits of the control register are those of the part after power up. After a command, DDR3 may need 512
    # clocks (tZQinit; tDLLK); SDR needs the cycles that LiteDRAM's sequence has. Each write takes a cycle
    # more.
    power_up = cycles(part.power_up)
    least = math.ceil(512 / memory.phases) if part.kind == "DDR3" else cycles(part.rfc[1])
    for _, address, bank, command, delay in sequence:
        value = sum(names[name] for name in command.split("|"))
        if "CONTROL" in command:
            writes.append(("dfii_control", value, power_up))
        else:
            writes += [("dfii_pi0_address", address, 0), ("dfii_pi0_baddress", bank, 0),
                       ("dfii_pi0_command", value, 0),
                       ("dfii_pi0_command_issue", 1, max(delay, least))]
    return tuple(writes + [("dfii_control", names["DFII_CONTROL_SEL"], 0)])


def _pads(memory):
    """Signals with the names that LiteDRAM's PHYs expect of a board's pins."""
    from migen import Record
    part = memory.part
    width = max(part.rows, part.columns).bit_length() - 1
    layout = [("a", width), ("ba", part.banks.bit_length() - 1), ("ras_n", 1), ("cas_n", 1), ("we_n", 1), ("cs_n", 1),
              ("cke", 1), ("dq", part.data_bits), ("dm", part.data_bits // 8)]
    if part.kind == "DDR3":
        layout += [("odt", 1), ("reset_n", 1), ("clk_p", 1), ("dqs_p", part.data_bits // 8)]
        if memory.phy == "A7DDRPHY":
            layout += [("clk_n", 1), ("dqs_n", part.data_bits // 8)]
    return Record(layout)


def _phy(memory, pads):
    if memory.phy == "GENSDRPHY":
        from litedram.phy import GENSDRPHY
        return GENSDRPHY(pads, memory.clock_hz)
    if memory.phy == "ECP5DDRPHY":
        from litedram.phy import ECP5DDRPHY
        return ECP5DDRPHY(pads, sys_clk_freq=memory.clock_hz, dm_remapping=dict(enumerate(memory.mask_lanes)))
    if memory.phy == "A7DDRPHY":
        from litedram.phy import A7DDRPHY
        return A7DDRPHY(pads, memtype="DDR3", nphases=memory.phases, sys_clk_freq=memory.clock_hz)
    raise ValueError(f"PHY of a generated controller must be GENSDRPHY, ECP5DDRPHY or A7DDRPHY, not {memory.phy!r}")


def _dfi_ports(dfi):
    outputs = ("address", "bank", "cs_n", "ras_n", "cas_n", "we_n", "cke", "odt", "reset_n", "wrdata", "wrdata_en",
               "wrdata_mask", "rddata_en")
    ports = {}
    for number, phase in enumerate(dfi.phases):
        ports |= {getattr(phase, name): (f"dfi_{name}_{number}", False) for name in outputs}
        ports |= {getattr(phase, name): (f"dfi_{name}_{number}", True) for name in ("rddata", "rddata_valid")}
    return ports


def _pins(top, memory, pads, phy):
    """Pins, and the clocks that the PHY needs beside that of the controller."""
    from migen import ClockDomain
    bidirectional = {"dq", "dqs_p", "dqs_n"}
    ports = {signal: (f"pin_{name}", name in bidirectional)
             for name, signal in ((field[0], getattr(pads, field[0])) for field in pads.layout)}
    domains = {"ECP5DDRPHY": ["sys2x", "init"], "A7DDRPHY": ["sys4x", "sys4x_dqs"]}.get(memory.phy, [])
    for name in domains:
        domain = ClockDomain(name, reset_less=name.startswith("sys4x"))
        setattr(top.clock_domains, f"cd_{name}", domain)
        ports[domain.clk] = (f"{name}_clk", True)
        if domain.rst is not None:
            ports[domain.rst] = (f"{name}_rst", True)
    if memory.phy == "ECP5DDRPHY":
        ports |= {phy.init.stop: ("phy_stop", False), phy.init.reset: ("phy_reset", False)}
    return ports


def _ecp5_buffers():
    """How Tristates become cells of an ECP5; yosys makes no bidirectional pins of those within a module."""
    from migen import Instance, Module
    from migen.fhdl.specials import Tristate

    class Buffer:
        @staticmethod
        def lower(pin):
            module = Module()
            module.specials += Instance("BB", i_T=~pin.oe, i_I=pin.o, o_O=pin.i, io_B=pin.target)
            return module

    return {Tristate: Buffer}


def _verilog(top, ios, name, overrides):
    from litex.gen.fhdl.verilog import convert
    for signal, (label, _) in ios.items():
        signal.name_override = label
    text = str(convert(top, ios=set(ios), name=name, special_overrides=overrides))
    # What LiteX writes above and below bears a date.
    end = "\nendmodule\n"
    return text[text.index(f"\nmodule {name}") + 1:text.rindex(end) + len(end)]
