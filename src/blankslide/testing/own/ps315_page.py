"""What becomes of PS3.15 Table E.1-1 and of codes, as a page for people and auditors.

Promise: the page is made of what happened to slides, and of nothing that was written down about it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.testing.own import ps315, ps315_codes

_TOP = """<!-- Written by scripts/ps315-table from what happens to slides; do not edit. -->

# DICOM attributes and codes, one by one

Slides that hold every attribute and code below, each with a value of its own, were anonymized in place under
`research` with a site key. pydicom wrote and read them; every value was searched for in all bytes. Attributes of
group 0000 belong to messages, not to files.

## Codes that a cleaned slide says of itself

Deidentification Method Code Sequence (0012,0064), context group 7050. None is written where something that
identifies is kept on a person's word, or where the header has no room.

| code | scheme | meaning | written if |
|---|---|---|---|
"""
_WHEN = {
    "113100": "all that Table E.1-1 lists went",
    "113101": "the picture of this instance was drawn over",
    "113104": "steps of a specimen's preparation were cleaned, and not emptied",
}
_CODES = """
## Codes in sequences that stay

Three items in each sequence: a public code with its own meaning, the same one with somebody's name as meaning, and
somebody's number as code.

| tag | public code | name as meaning | number as code | sequence |
|---|---|---|---|---|
"""
_TABLE = """
## Table E.1-1

*Action* is the table's; `Z/C` is a sequence that its Clean Structured Content Option cleans. *Done* is what the type
of the attribute in the slide IOD leaves of it: remove (X), empty (Z), dummy (D), map (U), stay and be looked into (K).
The last two columns say what became of it at the root and inside a sequence that stays.

| tag | action | done | at the root | inside | attribute |
|---|---|---|---|---|---|
"""


def page(
    lines: Sequence[ps315.Line], codes: Sequence[ps315_codes.Line], methods: Sequence[tuple[str, str, str]]
) -> str:
    """Return the page in Markdown."""
    rows = (f"| {_tag(r.tag)} | {' | '.join(r[1:])} |\n" for r in lines)
    return "".join(
        (
            _TOP,
            *(f"| {value} | {scheme} | {meaning} | {_WHEN[value]} |\n" for value, scheme, meaning in methods),
            _CODES,
            *(f"| {_tag(c.tag)} | {' | '.join(c[1:])} |\n" for c in codes),
            _TABLE,
            *rows,
            f"\n{summary(lines)}\n",
        )
    )


def summary(lines: Sequence[ps315.Line]) -> str:
    """Count what became of the attributes."""
    counts = Counter(r.status for r in lines)
    return f"{len(lines)} attributes: " + ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))


def _tag(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
