"""What the firmware has to know of a board: a header, printed from the board's memory and its controller."""

from soc.cpu.map import Region, address

__all__ = ["board_header", "trains"]

_LEAST = {"ECP5DDRPHY": 2, "A7DDRPHY": 6}
"""Positions that a window must have: a quarter of a clock each on an ECP5, 78 ps on an Artix-7, where jitter alone may
give a few that read well by chance."""


def trains(memory):
    """Whether the delays of a memory's PHY have to be found by firmware (bool)."""
    return memory.phy in _LEAST


def board_header(*, memory, core):
    """``board.h`` for a memory whose PHY has to be trained.

    Parameters
    ----------
    memory : soc.dram.memory.Memory
    core : soc.dram.core.ControllerCore
        Its controller, with its PHY: one that ends at the pins, or at the I/O cells.

    Returns
    -------
    str
        C.

    Raises
    ------
    ValueError
        If the PHY of the memory has nothing to train, or is not in the core.
    """
    if not trains(memory):
        raise ValueError(f"PHY of a memory that is trained must be {' or '.join(_LEAST)}, not {memory.phy!r}")
    if "dly_sel" not in core.registers:
        raise ValueError(f"Core {core.name!r} must have its PHY")
    registers, settings, part = core.registers, core.settings, memory.part
    first = registers["dfii_pi0_command"]

    def lowest(name):
        """The data of an injector take several words, the upper ones first."""
        return min(number for label, number in registers.items() if label.startswith(f"dfii_pi0_{name}")) - first

    fields = {
        "base": f"0x{address(Region.CONTROLLER):08x}u",
        "control": registers["dfii_control"],
        "injectors": first,
        "injector_words": registers["dfii_pi1_command"] - first,
        "command": 0,
        "issue": registers["dfii_pi0_command_issue"] - first,
        "address": registers["dfii_pi0_address"] - first,
        "bank": registers["dfii_pi0_baddress"] - first,
        "write_data": lowest("wrdata"),
        "read_data": lowest("rddata"),
        "select": registers["dly_sel"],
        "delay_reset": registers["rdly_dq_rst"],
        "delay_step": registers["rdly_dq_inc"],
        "slip_reset": registers["rdly_dq_bitslip_rst"],
        "slip_step": registers["rdly_dq_bitslip"],
        "burst_clear": registers.get("burstdet_clr", 0),
        "burst_seen": registers.get("burstdet_seen", 0),
        "refresh_cycles": settings["tRFC"],
        "lanes": part.data_bits // 8,
        "phases": memory.phases,
        "data_words": core.word_bits // memory.phases // 32,
        "read_phase": settings["rdphase"],
        "write_phase": settings["wrphase"],
        "bitslips": settings["bitslips"],
        "delays": settings["delays"],
        "least": _LEAST[memory.phy],
        "bank_bits": part.banks.bit_length() - 1,
        "row_bits": part.rows.bit_length() - 1,
    }
    values = "\n".join(f"  .{name} = {value}," for name, value in fields.items())
    return (f"/* Printed by flow/board_header.py for the memory of {memory.name}. */\n#pragma once\n"
            f'#include "train.h"\nstatic const struct ddr3 board_ddr3 = {{\n{values}\n}};\n'
            "#define BOARD_DDR3 board_ddr3\n")
