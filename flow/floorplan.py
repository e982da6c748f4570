"""Places for the multipliers of the dot engine, and for the block RAMs in front of them, on an ECP5 of 85,000 LUTs."""

from collections import defaultdict
import re

__all__ = ["FLOORPLANNED", "floorplan"]

FLOORPLANNED = ("lfe5u-85f", "lfe5um5g-85f")
"""Devices whose rows are known here; both are the same die."""

_MULTIPLIER = re.compile(r"(.*\barray_\d+)\.multiplier_(\d+)_(\d+)\.block")
_MANTISSAS = re.compile(r"(.*\bx_buffer)\.mantissas_(\d+)_(\d+)\.array\.0\.(\d+)")
# Rows of multipliers for the columns, and the row of block RAMs between them.
_MULTIPLIER_ROWS = (34, 58)
_RAM_ROW = 46
# A row has 13 parts of four multipliers, or four block RAMs: from these tiles on, at these distances.
_PARTS = (4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114)
_MULTIPLIERS = ((0, "MULT18_0"), (1, "MULT18_1"), (4, "MULT18_4"), (5, "MULT18_5"))
_RAMS = ((0, "EBR0"), (2, "EBR1"), (4, "EBR2"), (6, "EBR3"))
_PER_PART = len(_MULTIPLIERS)
# Where lane 0 is: from here to the end of a row there is room for 32 lanes, and before it for the vector unit.
_FIRST_PART = 5


def floorplan(module):
    """Give each lane of the dot engine its place in a row, in the order in which the adder trees add.

    The multipliers of column 0 are in one row, those of column 1 in another, those of a lane one above the other; the
    block RAMs with their mantissas are in the row between, each at the lanes that it serves. A placer that starts
    without knows of lanes only as nets, and puts neighbours at opposite ends of rows. What is not of the dot engine, or
    of a dot engine with more than two columns or more lanes than there is room for, stays free.

    Parameters
    ----------
    module : dict
        Of yosys's JSON, mapped to cells of ECP5; is changed: attribute ``BEL``, which nextpnr obeys.

    Returns
    -------
    int
        Number of cells that got a place.
    """
    cells = module["cells"]
    arrays, buffers = defaultdict(dict), defaultdict(dict)
    for name in cells:
        if found := _MULTIPLIER.fullmatch(name):
            arrays[found[1]][int(found[2]), int(found[3])] = name
        elif found := _MANTISSAS.fullmatch(name):
            buffers[found[1]][int(found[2]), int(found[3]), int(found[4])] = name
    if len(arrays) != 1 or len(buffers) != 1:
        return 0
    (multipliers,), (rams,) = arrays.values(), buffers.values()
    columns, lanes = 1 + max(column for column, _ in multipliers), 1 + max(lane for _, lane in multipliers)
    parts = _PARTS[_FIRST_PART:]
    if columns > len(_MULTIPLIER_ROWS) or lanes > len(parts) * _PER_PART:
        return 0

    places = {}
    for (column, lane), name in multipliers.items():
        offset, bel = _MULTIPLIERS[lane % _PER_PART]
        places[name] = f"X{parts[lane // _PER_PART] + offset}/Y{_MULTIPLIER_ROWS[column]}/{bel}"
    # Two lanes share a block RAM, unless it is deep; then those stay free.
    if 2 * len(rams) == len(multipliers):
        for column in range(columns):
            for rank, key in enumerate(sorted(key for key in rams if key[0] == column)):
                offset, bel = _RAMS[rank % 2 * 2 + column]
                places[rams[key]] = f"X{parts[rank // 2] + offset}/Y{_RAM_ROW}/{bel}"
    for name, place in places.items():
        cells[name]["attributes"]["BEL"] = place
    return len(places)
