"""Markdown from definitions in the code."""

import inspect
import re

__all__ = ["enumeration", "table", "text"]


def text(comment):
    """A docstring or comment as Markdown: roles of Sphinx become code."""
    comment = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", comment)
    return " ".join(comment.replace("``", "`").split())


def _member_comments(kind):
    """Name -> the ``#:`` comment behind a member of an enumeration."""
    found = re.findall(r"^ +(\w+) = \d+ +#: (.*)$", inspect.getsource(kind), flags=re.MULTILINE)
    return {name: text(comment) for name, comment in found}


def _cell(text):
    return text.replace("|", "\\|").replace("**", "\\*\\*")


def table(headings, rows):
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def enumeration(kind):
    """A heading and a table of the members of an enumeration, with the comments behind them."""
    comments = _member_comments(kind)
    rows = [[str(member.value), f"`{member.name}`", comments.get(member.name, "")] for member in kind]
    return f"### {kind.__name__}\n\n{text(kind.__doc__)}\n\n" + table(["Value", "Name", "Meaning"], rows)
