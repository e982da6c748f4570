"""Prints docs/sizes.md: what every block takes of an FPGA.

Run as ``python -m host.pages.sizes``; it takes half an hour the first time, seconds from the cache.
"""

import sys

from boards.device import DEVICES
from boards.ecp5 import Ecp5
from flow.bare_unit import BareUnit
from flow.blocks import BLOCKS, CONFIG
from flow.synthesis import synthesise
from flow.toolchain import Toolchain
from host.pages.markdown import table

__all__ = ["COLUMNS", "count", "page", "rows"]

COLUMNS = {"LUT4": ("LUT4",), "CCU2C": ("CCU2C",), "DPR16X4": ("TRELLIS_DPR16X4",), "FF": ("TRELLIS_FF",),
           "MULT18X18D": ("MULT18X18D",), "DP16KD": ("DP16KD", "PDPW16KD")}
"""Columns of the page, and the cells that count for each."""

_PAGE = """\
# Sizes

<!-- Printed by `python -m host.pages.sizes`; a test compares all but the numbers, and those of some small blocks. -->

What each block takes of an ECP5, on its own: estimates of {tool}
(`synth_ecp5 -nowidelut`, flattened, checks and traces left out), nothing routed. Parameters are those of configuration
`{config}`: {parameters}.
Blocks side by side take a little less than their sum, because what is between them is optimised as well; no figure has
registers around the block.
`celosia build UNIT --synth-only` counts a unit, or all of the accelerator, in any configuration and for any device,
with registers around it; [silicon.md](silicon.md) has clocks.

LUT4 are look-up tables of four inputs; a CCU2C is a carry cell of two bits, in the place of two of them; a DPR16X4 is a
memory of 16 words of 4 bits, in the place of four, or of six with those that carry its address. FF are flip-flops, a
MULT18X18D a multiplier, a DP16KD a block RAM of 18 Kbit.

{tables}"""


def count(block, toolchain):
    """Numbers of the columns (list of int) for a block."""
    unit = BareUnit(block.make())
    cells = synthesise(unit, ports=unit.ports, device=DEVICES["lfe5u-85f"], platform=Ecp5(), toolchain=toolchain,
                       element_names=block.element_names).cells
    return [sum(cells.get(cell, 0) for cell in kinds) for kinds in COLUMNS.values()]


def rows(numbers):
    """The tables of the page (str, Markdown).

    Parameters
    ----------
    numbers : function
        Of a block: the numbers of its columns, as texts.
    """
    sections = {}
    for block in BLOCKS:
        name = f"`{block.kind.__name__}`" + (f", {block.what}" if block.what else "")
        sections.setdefault(block.folder, []).append([name, *numbers(block)])
    return "\n".join(f"## {name}/\n\n" + table(["Block", *COLUMNS], lines) for name, lines in sections.items())


def page(numbers, tool):
    """The page (str, Markdown), with ``numbers`` as in `rows`, by ``tool``, e.g. ``"Yosys 0.70"``."""
    parameters = f"{CONFIG.dot.lanes} lanes, {CONFIG.dot.columns} columns of {CONFIG.dot.slots} slots, " \
                 f"{CONFIG.vector.lanes} vector lanes, a bus of {CONFIG.memory.bus_bits} bits, all formats"
    return _PAGE.format(tool=tool, config=CONFIG.name, parameters=parameters, tables=rows(numbers))


def _main():
    toolchain = Toolchain()

    def numbers(block):
        print(block.kind.__name__, file=sys.stderr)
        return [f"{number:,}" if number else "" for number in count(block, toolchain)]

    print(page(numbers, toolchain.yosys_version), end="")


if __name__ == "__main__":
    _main()
