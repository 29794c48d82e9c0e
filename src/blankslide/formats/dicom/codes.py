"""Which codes of a DICOM header are public, and what they mean.

Strategy: value and meaning are asked for together. A pair that the table has stays; a value that the
table has under another meaning gets the table's meaning. A value that it does not have stays, without
its meaning, only if its scheme has a syntax that a record number hardly ever fits: SNOMED numbers,
which end with a check digit behind two fixed digits, numbers of DICOM, units. All others go.

Promise: a meaning is never kept for its words, since names consist of words too. The table
``code_pairs.tsv`` (made by ``scripts/dicom-codes``) is read once, when the first code is asked for.

Source: DICOM PS3.16; the identifiers of SNOMED CT; UCUM.
"""

from __future__ import annotations

import os
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from re import Pattern

_FILE = os.path.join(os.path.dirname(__file__), "code_pairs.tsv")
#: Public schemes; a site's own scheme may be called like the site.
SCHEMES = frozenset(
    "DCM SCT SRT SNM3 LN UCUM NCIt RADLEX UMLS FMA RXNORM MSH IBSI MDC BARI I10 NEU ITIS_TSN NDC PUBCHEM_CID ISO3166_1 "
    "DCMUID".split()
)
_OLDER = {"SNM3": "SRT"}
_METRIC = (
    "(?:da|[YZEPTGMkhdcmunpfazy])?(?:m|g|s|L|l|mol|Hz|Pa|K|eV|V|A|W|J|N|cd|lm|lx|Bq|Gy|Sv|C|F|T|Ohm|rad|sr|bit|By)"
)
_UNIT = rf"(?:{_METRIC}|min|h|d|wk|mo|a|deg|'|''|Cel|%|\[pH\]|\[in_i\]|\[iU\]|10\*|1)(?:-?\d)?"
_SYNTAX: dict[str, Pattern[str]] = {
    "SCT": pattern(r"\d{3,15}(?:00|10)\d"),
    "DCM": pattern(r"1[0-3]\d{4}"),
    "UCUM": pattern(rf"/?{_UNIT}(?:[./]{_UNIT}){{0,4}}"),
}
_LONG_SCT = 11


class Standing(IntEnum):
    """How well a value is known under its scheme."""

    UNKNOWN = 0
    FITTING = 1
    LISTED = 2


class Code(NamedTuple):
    """One code; parts that it does not have are empty."""

    scheme: str
    value: str
    meaning: str

    @property
    def standing(self) -> Standing:
        """How well the value is known."""
        if meanings(self.scheme, self.value):
            return Standing.LISTED
        return Standing.FITTING if _fits(self.scheme, self.value) else Standing.UNKNOWN

    @property
    def is_pair(self) -> bool:
        """Whether the table has this value with this meaning."""
        return _plain(self.meaning) in map(_plain, meanings(self.scheme, self.value))


@lru_cache(maxsize=1)
def _table() -> bytes:
    with open(_FILE, "rb") as file:
        return b"\n" + file.read()


@lru_cache(maxsize=2048)
def meanings(scheme: str, value: str) -> tuple[str, ...]:
    """Return what a code means, in the table's words, the usual ones first; empty if it is not in the table."""
    if scheme not in SCHEMES or not value or "\t" in value or "\n" in value:
        return ()
    table, head = _table(), f"\n{_OLDER.get(scheme, scheme)}\t{value}\t".encode("utf-8", "replace")
    out, at = list[str](), table.find(head)
    while at >= 0 and table.startswith(head, at):
        start = at + len(head)
        out.append(table[start : table.index(b"\t", start)].decode())
        at = table.index(b"\n", start)
    return tuple(out)


@lru_cache(maxsize=1)
def _preparations() -> frozenset[str]:
    lines = _table().split(b"\n")
    return frozenset(_plain(line.split(b"\t")[2].decode()) for line in lines if line.endswith(b"\tP"))


def is_preparation(text: str) -> bool:
    """Whether a text is the meaning of a stain, a fixative, a medium or a step of preparation."""
    return _plain(text) in _preparations()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _fits(scheme: str, value: str) -> bool:
    syntax = _SYNTAX.get(scheme)
    if syntax is None or syntax.fullmatch(value) is None:
        return False
    if scheme != "SCT":
        return True
    # the second and third digit from the right say whose number it is; a namespace makes it long
    return value[0] != "0" and (value[-3] == "0" or len(value) >= _LONG_SCT) and _has_check_digit(value)


# Every SNOMED CT identifier ends with Verhoeff's check digit; record numbers have none.
_TIMES = tuple(
    tuple((b + a) % 5 + 5 * (b >= 5) if a < 5 else (a - b) % 5 + 5 * (b < 5) for b in range(10)) for a in range(10)
)
_TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _has_check_digit(digits: str) -> bool:
    check = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char)
        for _ in range(place % 8):
            value = _TURN[value]
        check = _TIMES[check][value]
    return check == 0
