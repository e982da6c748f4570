"""docs/link.md against the definitions of the protocol."""

from pathlib import Path

from host.pages.link import page
from soc.link.protocol import FIELDS, HEADER_BYTES, Opcode, Register, Status

ROOT = Path(__file__).resolve().parents[3]


def test_committed_page_is_the_printed_one():
    assert (ROOT / "docs" / "link.md").read_text() == page(), "python -m host.pages.link > docs/link.md"


def test_everything_is_there():
    text = page()
    for kind in (Opcode, Status, Register):
        for member in kind:
            assert f"| {member.value} | `{member.name}` | " in text
    last = FIELDS[-1]
    assert f"| {HEADER_BYTES - last.size} | {last.size} | `{last.name}` | " in text
