"""The table of hostile kinds and formats: what was tried, what ended as it must, and what cannot occur.

`hostile_cells.tsv` says for every kind in which formats it can occur, why not in the others, and which test of ours
covers a cell that no slide is built for. Whoever runs slides, the test suite or ``make trust``, gives their outcomes,
and the table shows them. So no cell is empty without a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

FORMATS = {
    "aperio": "SVS",
    "argos": "AVS",
    "generic_tiff": "gen",
    "hamamatsu": "NDPI",
    "hamamatsu_ndpis": "NDPS",
    "huron": "Hur",
    "leica": "SCN",
    "mikroscan": "Mik",
    "motic": "Mot",
    "ome_tiff": "OME",
    "philips_tiff": "Phi",
    "qptiff": "QPT",
    "threedhistech_tiff": "3DH",
    "trestle": "Tre",
    "ventana": "BIF",
    "hamamatsu_vms": "VMS",
    "dicom": "DCM",
    "mirax": "MRX",
    "philips_isyntax": "iSy",
    "sakura": "svs.",
    "zeiss": "CZI",
}
_TIFF = tuple(FORMATS)[:15]
_SUFFIXES = {
    ".svs": "aperio", ".avs": "argos", ".ome.tif": "ome_tiff", ".ndpi": "hamamatsu", ".ndpis": "hamamatsu_ndpis",
    ".scn": "leica", ".qptiff": "qptiff", ".bif": "ventana", ".vms": "hamamatsu_vms", ".vmu": "hamamatsu_vms",
    ".mrxs": "mirax", ".isyntax": "philips_isyntax", ".svslide": "sakura", ".czi": "zeiss", ".tif": "generic_tiff",
}  # fmt: skip
_CROP, _HURON = 33, "huron"
OK, WRONG, TEST, CANNOT, LATER = "ok", "WRONG", "t", "–", "·"


class Kind(NamedTuple):
    """One row: its number and name, where it can occur, why not elsewhere, and the tests that cover a cell."""

    number: int
    name: str
    formats: frozenset[str]
    reason: str
    tests: Mapping[str, str]


Outcomes = Mapping[tuple[int, str], Iterable[bool]]
"""Number of a kind and name of a format -> whether each slide that was tried ended as it must."""


@cache
def kinds() -> tuple[Kind, ...]:
    """Read the rows."""
    text = Path(__file__).with_name("hostile_cells.tsv").read_text(encoding="utf-8")
    return tuple(_kind(line.split("\t")) for line in text.splitlines() if line and line[0] != "#")


def _kind(parts: list[str]) -> Kind:
    number, name, formats, reason, tests = parts
    covered: dict[str, str] = {}
    for cell in tests.split():
        where, _, test = cell.partition("=")
        covered.update(dict.fromkeys(_named(where), test))
    return Kind(int(number), name, frozenset(_named(formats)), reason, covered)


def _named(words: str) -> list[str]:
    """Return the formats that words mean: names, ``TIFF``, ``ALL``, and ``TIFF-name`` for all but one."""
    out: list[str] = []
    for word in words.split():
        first, *without = word.split("-")
        group = {"TIFF": _TIFF, "ALL": tuple(FORMATS)}.get(first, (first,))
        out += [name for name in group if name not in without]
    unknown = set(out) - FORMATS.keys()
    if unknown:
        raise LookupError(f"no format is called {', '.join(sorted(unknown))}")
    return out


def format_of(kind: int, name: str) -> str:
    """Return the format of a slide of the shared folder by its number and name; a folder is a DICOM slide."""
    file = name.rpartition("/")[2].lower()
    if kind == _CROP:
        return "aperio"
    if file.startswith(_HURON):
        return "huron"
    suffix = next((s for s in sorted(_SUFFIXES, key=len, reverse=True) if file.endswith(s)), "")
    return _SUFFIXES.get(suffix, "dicom")


def cell(kind: Kind, format: str, outcomes: Outcomes) -> str:
    """Return what a cell shows: what was tried, else a test of ours; the rest is tried by ``make trust``."""
    tried = list(outcomes.get((kind.number, format), ()))
    if tried:
        return OK if all(tried) else WRONG
    if format not in kind.formats:
        return CANNOT
    return TEST if format in kind.tests else LATER


def empty(outcomes: Outcomes) -> list[str]:
    """Name the cells that can occur and that nothing covers."""
    cells = ((kind, name) for kind in kinds() for name in FORMATS)
    return [f"{kind.number} {name}" for kind, name in cells if cell(kind, name, outcomes) == LATER]


def lines(outcomes: Outcomes) -> Iterator[str]:
    """Yield the table, and under it why a kind cannot occur in a format."""
    heads = " ".join(f"{head:4}" for head in FORMATS.values())
    yield f"{'hostile kinds x formats':42} {heads}"
    count = dict.fromkeys((OK, WRONG, TEST, CANNOT, LATER), 0)
    for kind in kinds():
        words = [cell(kind, name, outcomes) for name in FORMATS]
        for word in words:
            count[word] += 1
        yield f"{kind.number:2} {kind.name:39} {' '.join(f'{word:4}' for word in words)}"
    yield (
        f"{count[OK]} ok, {count[WRONG]} wrong, {count[TEST]} t (a test of ours), {count[CANNOT]} – (cannot occur), "
        f"{count[LATER]} · (tried by make trust)"
    )
    for kind in kinds():
        if len(kind.formats) < len(FORMATS) and kind.reason != "—":
            yield f"– in {kind.number:2}: {kind.reason}"
