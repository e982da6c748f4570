"""One self-contained page about a measurement: roofline, cycles by cause and by kind, a layer's timeline."""

from html import escape
from math import log10
from string import Template

import numpy as np

from gateware.activity import BusState
from host.bench.kinds import KINDS
from host.bench.report import CAUSES

__all__ = ["page_of"]

_WIDTH = 960
_BINS = 480
_STATES = {"busy": "#2f6f8f", "dram": "#e0a030", "engine": "#c8503c", "stores": "#8a4f9e", "queue": "#5b8c3e",
           "program": "#7a6a58", "end": "#9a9a9a"}
_KINDS = dict(zip(KINDS, (
    "#7a6a58", "#c8503c", "#d88c46", "#8a4f9e", "#b98ac4", "#3f9c8f", "#e0a030", "#8fbf5f", "#b23a6a",
    "#5b8c3e", "#a39b2f", "#2f6f8f", "#5f9fc0", "#6a6fb5", "#9a9a9a", "#cfcabf"), strict=True))

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #26221d; --dim: #7d766c; --line: #d8d2c8; --page: #fbf9f5 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ece7de; --dim: #9c958a; --line: #45403a; --page: #1d1b18 } }
body { max-width: 60rem; margin: 3rem auto; padding: 0 1.5rem; background: var(--page); color: var(--ink);
       font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.7rem; font-weight: 600; margin: 0 } h2 { font-size: 1.05rem; margin: 2.6rem 0 .6rem }
p { color: var(--dim); margin: .3rem 0 } svg { width: 100%; height: auto; display: block }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) } svg .dim { fill: var(--dim) }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem;
         margin-top: 1.6rem }
.tiles div { border-top: 2px solid var(--ink); padding-top: .4rem }
.tiles b { font-size: 1.45rem; font-weight: 600 }
.tiles span { display: block; color: var(--dim) }
.key span { display: inline-block; margin-right: 1.1rem; color: var(--dim) }
.key i { display: inline-block; width: .7rem; height: .7rem; margin-right: .35rem; border-radius: 2px }
table { border-collapse: collapse; width: 100%; margin-top: 1rem; font-size: 13px;
        font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--line); font-weight: 400 }
th { color: var(--dim) } th:first-child, td:first-child { text-align: left }
</style></head><body>
<h1>$title</h1><p>$subtitle</p>
<div class="tiles">$tiles</div>
<h2>Where the cycles of a token go</h2>$causes
<h2>What executes meanwhile</h2>$kinds
<h2>Roofline</h2>$roofline
<h2>$layer_title</h2>$layer
<p>$evidence.</p>
</body></html>
""")


def page_of(report, run):
    """The page as text, without a reference to anything outside it.

    Parameters
    ----------
    report : dict
        Of :func:`host.bench.report.report_of`.
    run : host.bench.layered_run.LayeredRun
        Decode.
    """
    mhz = report["clock_hz"] / 1e6
    return _PAGE.substitute(
        title=escape(f"{report['shape']} {report['format']} on {report['board']}"
                     + ("" if report["as_built"] else " (a study, not a board as built)")),
        subtitle=escape(f"A token at position {report['position']}, {mhz:g} MHz, simulated cycle by cycle"),
        tiles=_tiles(report), causes=_causes(report), kinds=_kinds(report), roofline=_roofline(report),
        layer_title="One layer" if run.layer else "The whole token", layer=_layer(run),
        evidence=escape(report["evidence"]))


def _tiles(report):
    tiles = [(f"{report['tokens_per_second']:,.2f}", "token/s, decode"),
             (f"{report['utilisation']:.1%}", "of the DRAM's peak"),
             (f"{report['share_of_ceiling']:.1%}", "of the controller's ceiling"),
             (f"{report['cycles_per_token']:,}", "cycles per token")]
    if report["prefill_tokens"]:
        tiles.insert(1, (f"{report['prefill_tokens_per_second']:,.2f}", "token/s, prompt"))
    return "".join(f"<div><b>{value}</b><span>{text}</span></div>" for value, text in tiles)


def _svg(height, *parts):
    return f'<svg viewBox="0 0 {_WIDTH} {height}">{"".join(parts)}</svg>'


def _rect(x, y, width, height, colour, title):
    return (f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{colour}">'
            f"<title>{escape(title)}</title></rect>")


def _text(x, y, text, **more):
    extra = "".join(f' {name.rstrip("_").replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{extra}>{escape(text)}</text>'


def _key(colours):
    return '<p class="key">' + "".join(f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
                                       for name, colour in colours.items()) + "</p>"


def _bar(parts, colours, total, height=34):
    """A stacked bar: parts are (name, cycles)."""
    x, rects = 0.0, []
    for name, cycles in parts:
        width = _WIDTH * cycles / total
        rects.append(_rect(x, 0, width, height, colours[name],
                           f"{name}: {cycles:,} cycles, {cycles / total:.2%}"))
        x += width
    return _svg(height, *rects)


def _causes(report):
    total = report["cycles_per_token"]
    parts = [("busy", report["busy_cycles"]), *report["lost_cycles"].items()]
    lost = total - report["busy_cycles"]
    only = _bar(parts[1:], _STATES, lost, 16) if lost else ""
    texts = {"busy": "a word is read"} | {cause.name.lower(): text for cause, text in CAUSES.items()}
    rows = "".join(f"<tr><td>{name}</td><td>{cycles:,}</td><td>{cycles / total:.2%}</td>"
                   f"<td>{escape(texts[name])}</td></tr>" for name, cycles in parts)
    return (f"{_bar(parts, _STATES, total)}<p>the lost {lost / total:.1%} alone:</p>{only}{_key(_STATES)}"
            f"<table><tr><th>read bus</th><th>cycles</th><th>share</th><th></th></tr>{rows}</table>")


def _kinds(report):
    kinds, total = report["cycles_by_kind"], report["cycles_per_token"]
    parts = [(kind, row["cycles"]) for kind, row in kinds.items()]
    names = ["busy", *report["lost_cycles"]]
    head = "".join(f"<th>{name}</th>" for name in ("executes", "cycles", *names))
    rows = "".join("<tr>" + f"<td>{kind}</td><td>{row['cycles']:,}</td>"
                   + "".join(f"<td>{row[name]:,}</td>" for name in names) + "</tr>"
                   for kind, row in kinds.items())
    colours = {kind: _KINDS[kind] for kind in kinds}
    return f"{_bar(parts, colours, total)}{_key(colours)}<table><tr>{head}</tr>{rows}</table>"


def _roofline(report):
    """Multiplications per cycle over multiplications per byte, both logarithmic."""
    peak, ceiling = report["peak_bytes_per_cycle"], report["ceiling_bytes_per_cycle"]
    most, height, left, bottom = report["peak_macs_per_cycle"], 300, 60, 260
    intensity = report["macs_per_token"] / report["bytes_per_token"]
    points = [("decode", intensity, report["macs_per_token"] / report["cycles_per_token"])]
    if report["prefill_tokens"]:
        group = report["prefill_group"]
        per_token = report["prefill_cycles"] / report["prefill_tokens"]
        points.append((f"prompt, groups of {group}", intensity * group,
                       report["prefill_macs_per_token"] / per_token))
    low, high = intensity / 4, max(intensity * 32, 4 * most / ceiling)

    def x(value):
        return left + (_WIDTH - left - 20) * (log10(value / low) / log10(high / low))

    bounds = most * 2, min(low * ceiling, points[0][2]) / 2

    def y(value):
        return 20 + (bottom - 20) * (log10(bounds[0] / value) / log10(bounds[0] / bounds[1]))

    parts = [f'<path d="M{left} 20V{bottom}H{_WIDTH - 20}" fill="none" stroke="var(--line)"/>']
    for rate, dash, name in ((peak, "4 4", "DRAM peak"), (ceiling, "0", "controller's ceiling")):
        knee = most / rate
        roof = f"M{x(low):.1f} {y(low * rate):.1f}L{x(knee):.1f} {y(most):.1f}H{_WIDTH - 20}"
        parts.append(f'<path d="{roof}" fill="none" stroke="var(--ink)" stroke-dasharray="{dash}">'
                     f"<title>{name}: {rate:.2f} bytes per cycle</title></path>")
    parts += [_text(_WIDTH - 24, y(most) - 8, f"multipliers: {most} per cycle", text_anchor="end"),
              _text(x(low) + 8, y(low * peak) - 24, f"DRAM: {ceiling:.2f} of {peak:g} bytes per cycle"),
              _text(left, bottom + 24, "multiplications per useful byte", class_="dim"),
              _text(_WIDTH - 20, bottom + 24, f"{high:.1f}", class_="dim", text_anchor="end"),
              _text(left, 12, "multiplications per cycle", class_="dim")]
    for name, at, rate in points:
        parts.append(f'<circle cx="{x(at):.1f}" cy="{y(rate):.1f}" r="5" fill="{_STATES["engine"]}"/>')
        parts.append(_text(x(at) + 10, y(rate) + 14, f"{name}: {rate:.1f} per cycle at {at:.2f} per byte"))
    return _svg(height, *parts)


def _layer(run):
    """Tracks of the read bus and of the units over the layer that stands for all, or the whole program."""
    timeline = run.timeline
    begin, end = run.layer or (int(timeline.start[0]), timeline.end)
    left, row, parts = 96, 30, []
    scale = (_WIDTH - left) / (end - begin)
    busy = timeline.share(BusState.BUSY, begin, end, _BINS)
    width = (_WIDTH - left) / _BINS
    parts.append(_text(0, 18, "read bus"))
    for bin, share in enumerate(busy):
        parts.append(_rect(left + bin * width, 2 + 22 * (1 - share), width + 0.3, 22 * share, _STATES["busy"],
                           f"{share:.0%} busy"))
    tracks = {"memory": "requests", "dot": "dot engine", "vector": "vector unit", "store": "store unit"}
    for number, (track, title) in enumerate(tracks.items(), 1):
        parts.append(_text(0, row * number + 18, title))
        spans = timeline.spans(track)
        inside = np.flatnonzero((spans.end > begin) & (spans.start < end))
        for first, last, index in zip(spans.start[inside], spans.end[inside], spans.index[inside]):
            instruction, first, last = timeline.program[index], max(first, begin), min(last, end)
            parts.append(_rect(left + (first - begin) * scale, row * number + 2,
                               max((last - first) * scale, 0.4), 22, _KINDS[instruction.kind],
                               f"{instruction.label}: {last - first:,} cycles from {first - begin:,}"))
    parts.append(_text(left, row * 5 + 16, "0", class_="dim"))
    parts.append(_text(_WIDTH, row * 5 + 16, f"{end - begin:,} cycles", class_="dim", text_anchor="end"))
    return _svg(row * 5 + 22, *parts)
