"""Prints docs/lanes.md: how many lanes the dot engine needs for each format at each width of the bus.

Run as ``python -m host.pages.lanes``.
"""

from gateware.isa import CodeKind, VECTOR_CODES
from host.compiler.placement import KV_BITS
from host.image.formats import FORMATS
from host.image.formats.trit_bytes import BUNDLE_BYTES, BUNDLE_VECTORS

__all__ = ["BUS_BITS", "LANES", "code_bits", "lanes_needed", "page"]

BUS_BITS = (32, 64, 128, 256)
LANES = (4, 8, 16, 32, 64)
_TABLE_DIGITS = 4  # of a signed byte

_PAGE = """\
# Lanes, bus and formats

<!-- Printed by `python -m host.pages.lanes` from the formats in host/image/formats; a test compares. -->

The dot engine accepts a bus word in every cycle if it has at least as many lanes as a bus word has codes:
`lanes` of the configuration, per physical column, for one slot. A command that uses s slots needs s times as
many. With fewer lanes the engine, not the bus, sets the pace: it multiplies `lanes` codes per cycle.
Sub-scales pass the same way as codes and are wider than these, so they need no more lanes.

Lanes needed, by bits of the bus; a share is the part of the bus that {most} lanes, the most there are, can
use:

{table}

Codes of the K and V cache have {kv} bits and need as many lanes as a format with as many.
Tests hold configurations of 32, 64 and 128 bits against the simulated engine, cycle by cycle
(`test_throughput` in tests/gateware/dot/test_formats.py).

With `array="digits"` the engine has adders instead of multipliers and takes a code two bits at a time. Ternary
formats keep the pace of the table. Others divide it by the number of steps:

{digits}
"""


def code_bits(form):
    """Bits of the stream per code, scales and sub-scales aside."""
    if form.code_kind == CodeKind.TRITS:
        return 8 * BUNDLE_BYTES / (BUNDLE_VECTORS * VECTOR_CODES)
    return form.code_bits


def lanes_needed(form, bus_bits):
    """Least lanes that take a bus word of codes per cycle, None if even the most do not."""
    return next((lanes for lanes in LANES if lanes * code_bits(form) >= bus_bits), None)


def _digits(form):
    """Steps of an array of digits: two bits of the code as the array gets it, with its sign."""
    if form.code_kind == CodeKind.TABLE:
        return _TABLE_DIGITS
    return -(-(form.code_bits + (form.code_kind == CodeKind.UNSIGNED)) // 2)


def _table(headings, rows):
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(form, bus_bits):
    lanes = lanes_needed(form, bus_bits)
    return str(lanes) if lanes else f"{LANES[-1] * code_bits(form) / bus_bits:.0%}"


def page():
    """The page (str, Markdown)."""
    rows, digits = {}, {}
    for name, form in FORMATS.items():
        key = f"{code_bits(form):g}", *(_cell(form, bus_bits) for bus_bits in BUS_BITS)
        rows.setdefault(key, []).append(name)
        digits.setdefault(str(_digits(form)), []).append(name)
    return _PAGE.format(
        most=LANES[-1], kv=f"{', '.join(map(str, KV_BITS[:-1]))} or {KV_BITS[-1]}",
        table=_table(["Formats", "Bits of a code", *map(str, BUS_BITS)],
                     [[", ".join(rows[key]), *key] for key in sorted(rows, key=lambda key: float(key[0]))]),
        digits=_table(["Steps", "Formats"], [[key, ", ".join(digits[key])] for key in sorted(digits)]))


if __name__ == "__main__":
    print(page(), end="")
