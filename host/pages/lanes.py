"""Prints docs/lanes.md: how many lanes the dot engine needs for each format at each width of the bus.

Run as ``python -m host.pages.lanes``.
"""

from gateware.isa import CodeKind, Scale, VECTOR_CODES
from host.compiler.placement import KV_BITS
from host.image.formats import FORMATS
from host.image.formats.trit_bytes import BUNDLE_BYTES, BUNDLE_VECTORS

__all__ = ["BUS_BITS", "LANES", "code_bits", "lanes_needed", "page", "step_codes"]

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

Codes of one bit that meet a single vector of the x-buffer, as in decoding, go to two physical columns where a
configuration has two: each takes the codes of other vectors, and half as many lanes are enough. In NVFP4 a step ends
with the 16 codes that have a scale of their own, so 32 lanes do what 16 do, and 64, which take two vectors side by
side, what 32 do.

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


def step_codes(form, lanes, columns=1):
    """Codes that the lanes of a column take per cycle, or those of two that share a vector."""
    if form.scale_kind == Scale.UE4M3:
        return min(lanes, max(VECTOR_CODES, lanes) // 2)
    return 2 * lanes if columns > 1 and form.code_bits == 1 else lanes


def lanes_needed(form, bus_bits, columns=1):
    """Least lanes that take a bus word of codes per cycle, None if even the most do not."""
    return next((lanes for lanes in LANES if step_codes(form, lanes, columns) * code_bits(form) >= bus_bits), None)


def _digits(form):
    """Steps of an array of digits: two bits of the code as the array gets it, with its sign."""
    if form.code_kind == CodeKind.TABLE:
        return _TABLE_DIGITS
    return -(-(max(form.code_bits, 2) + (form.code_kind == CodeKind.UNSIGNED)) // 2)


def _table(headings, rows):
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(form, bus_bits, columns):
    lanes = lanes_needed(form, bus_bits, columns)
    return str(lanes) if lanes else f"{step_codes(form, LANES[-1], columns) * code_bits(form) / bus_bits:.0%}"


def page():
    """The page (str, Markdown)."""
    rows, digits = {}, {}
    for name, form in FORMATS.items():
        for columns, what in ((1, name), (2, f"{name} with two columns")):
            if columns == 1 or form.code_bits == 1:
                key = f"{code_bits(form):g}", *(_cell(form, bus_bits, columns) for bus_bits in BUS_BITS)
                rows.setdefault(key, []).append(what)
        digits.setdefault(str(_digits(form)), []).append(name)
    return _PAGE.format(
        most=LANES[-1], kv=f"{', '.join(map(str, KV_BITS[:-1]))} or {KV_BITS[-1]}",
        table=_table(["Formats", "Bits of a code", *map(str, BUS_BITS)],
                     [[", ".join(rows[key]), *key] for key in sorted(rows, key=lambda key: float(key[0]))]),
        digits=_table(["Steps", "Formats"], [[key, ", ".join(digits[key])] for key in sorted(digits)]))


if __name__ == "__main__":
    print(page(), end="")
