"""Puts the figures into README and docs, from runs of the present source.

A place begins with ``<!-- figures: NAME -->`` and ends with ``<!-- end of figures -->``; what stands between is
replaced.

Run as ``python -m host.pages.figures [NAME ...]``, by default for all tables, which takes hours the first time: see
`host.pages.kept_run`. ``--json FILE`` writes the reports, ``--list`` prints the commands and runs none.
"""

import argparse
import json
import re
import sys

from flow.cache import CacheError
from host.errors import CelosiaError
from host.pages.figure_tables import TABLES
from host.pages.kept_run import KeptRuns, ROOT
from host.pages.markdown import table

__all__ = ["print_table", "replace_table"]

_PLACE = "<!-- figures: {} -->"
_END = "<!-- end of figures -->"


def print_table(figures, runs):
    """A table as Markdown.

    Parameters
    ----------
    figures : host.pages.figure_tables.FigureTable
    runs : host.pages.kept_run.KeptRuns

    Returns
    -------
    str
    """
    rows = [[*figures.cells(runs.report(command)), f"`{' '.join(('celosia', *command))}`"]
            for command in figures.commands]
    return table([*figures.headings, "command"], rows)


def replace_table(text, name, markdown):
    """A document with another table in one of its places.

    Parameters
    ----------
    text : str
    name : str
        Of the table.
    markdown : str

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the document has not exactly one such place.
    """
    place = re.compile(f"({re.escape(_PLACE.format(name))}\n).*?({re.escape(_END)}\n)", re.DOTALL)
    if len(place.findall(text)) != 1:
        raise ValueError(f"Places of table {name!r} in a document must be one, not {len(place.findall(text))}")
    return place.sub(lambda found: found[1] + "\n" + markdown + "\n" + found[2], text)


def main(arguments=None, *, runs=None, root=ROOT):
    """Run what is not kept, and write the documents, each table as soon as it is whole.

    Parameters
    ----------
    arguments : list of str
        Default: those of the command line.
    runs : host.pages.kept_run.KeptRuns
    root : pathlib.Path
        Where the documents are.

    Returns
    -------
    int
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m host.pages.figures", description="Figures of README and docs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"tables: {', '.join(TABLES)}; by default all")
    parser.add_argument("--json", metavar="FILE", help="also write the reports of all runs")
    parser.add_argument("--list", action="store_true", help="print the commands and run none")
    options = parser.parse_args(arguments)
    names = options.names or [*TABLES]
    if unknown := [name for name in names if name not in TABLES]:
        parser.error(f"tables must be of {', '.join(TABLES)}, not {', '.join(unknown)}")
    if options.list:
        print("\n".join(" ".join(("celosia", *command)) for name in names for command in TABLES[name].commands))
        return 0
    runs = runs or KeptRuns(note=lambda text: print(text, file=sys.stderr, flush=True))
    try:
        for name in names:
            markdown, path = print_table(TABLES[name], runs), root / TABLES[name].document
            path.write_text(replace_table(path.read_text(), name, markdown))
            print(f"{TABLES[name].document}: {name}")
        if options.json:
            reports = {name: {" ".join(command): runs.report(command) for command in TABLES[name].commands}
                       for name in names}
            with open(options.json, "w") as file:
                json.dump(reports, file, indent=2)
    except (CacheError, CelosiaError) as error:
        print(f"figures: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
