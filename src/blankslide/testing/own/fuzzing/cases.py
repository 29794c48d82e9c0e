"""Malformed slides as data: a sample, what is changed in it, and what has to be said of the result.

A case is a folder, ``tests/cases/<format>-<defect>``, with one ``case.toml``:

    sample = "aperio-classic.svs"
    changes = [ { at = "page 2 next", number = "page 0" } ]
    error = "DamagedSlide"          # or: findings = ["slide.unowned"]
    says = "again"                  # a part of its sentence

Places are named and not counted, so that a case holds for samples drawn by another Pillow: ``page 2`` and ``child 0``
(directories of a TIFF), behind them ``next``, ``pointer``, or ``tag 270`` with ``number``, ``type``, ``count``,
``field``, ``data`` or ``place`` (which its first number says); ``find TEXT`` or ``find hex:FF D8``, also its second
occurrence, ``find #2 TEXT``; ``end``, or a number. ``+ 4`` or ``- 1`` may follow. At the place stands a ``number`` (or
a place as a number) of ``size`` bytes, a ``text``, or ``hex``; ``gone`` says how many bytes it takes the place of, if
not as many; ``cut`` ends the file there. ``file`` names another file than the main one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from blankslide.errors import SlideError
from blankslide.pipeline import plan
from blankslide.testing.own.fuzzing.changes import Change, applied, cut, untouched
from blankslide.testing.own.fuzzing.invariant import Spans, faults
from blankslide.testing.own.fuzzing.looked import Look
from blankslide.testing.own.fuzzing.tiff_places import Directory, TiffPlaces

CASE = "case.toml"
_SHIFT = re.compile(r" ([+-]) (\d+)\Z")
_FIND = re.compile(r"find (?:#(\d+) )?(.*)\Z", re.DOTALL)
_PAGE = re.compile(r"(page|child) (\d+|last)(?: (next|pointer)| tag (\d+) (number|type|count|field|data|place))?\Z")
Fields = Mapping[str, str | int | bool]


class Case(NamedTuple):
    """One malformed slide.

    Attributes
    ----------
    name
        Of its folder.
    sample
        The sample that is broken.
    changes
        As they are written; see the module.
    error, says
        Class of the error, and a part of its sentence; empty if the slide is accepted.
    findings
        Ids that must be found, if it is accepted.
    """

    name: str
    sample: str
    changes: tuple[Fields, ...]
    error: str = ""
    says: str = ""
    findings: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What came of a case: an error with its sentence, or findings; and what is wrong beyond that."""

    error: str = ""
    message: str = ""
    findings: tuple[str, ...] = ()
    wrong: str = ""


def read_cases(folder: Path) -> list[Case]:
    """Return all cases of a folder, sorted by name."""
    out = []
    for path in sorted(folder.glob(f"*/{CASE}")):
        told = tomllib.loads(path.read_text("utf-8"))
        told["changes"], told["findings"] = tuple(told["changes"]), tuple(told.get("findings", ()))
        out.append(Case(path.parent.name, **told))
    return out


def broken(case: Case, files: Mapping[str, bytes]) -> list[Change]:
    """Return the changes of a case in bytes.

    Parameters
    ----------
    files
        The intact sample's, by name.
    """
    return [_change(fields, case.sample, files) for fields in case.changes]


def replayed(case: Case, files: Mapping[str, bytes], tissue: Spans, folder: Path) -> Outcome:
    """Write the broken slide into a folder, inspect and plan it.

    Parameters
    ----------
    files
        The intact sample's, by name.
    tissue
        What of the intact sample is coded tissue.
    """
    changes = broken(case, files)
    now = applied(files, changes)
    main = written(case.sample, now, folder)
    try:
        inspection, planned = plan(main)
    except SlideError as error:
        return Outcome(type(error).__name__, error.message)
    names = [Path(file.name).name for file in inspection.files]
    stays = {name: untouched(tissue.get(name, ()), changes, name) for name in names}
    found = tuple(sorted({finding.id for finding in inspection.findings}))
    return Outcome(findings=found, wrong=faults(Look(inspection, planned), names, stays))


def written(name: str, files: Mapping[str, bytes], folder: Path) -> Path:
    """Write the files of a slide as its format has them: side by side, or those of MRXS in a folder of its name."""
    home = folder / Path(name).stem if name.endswith(".mrxs") else folder
    home.mkdir(parents=True, exist_ok=True)
    for other, data in files.items():
        (folder if other == name else home).joinpath(other).write_bytes(data)
    return folder / name


def _change(fields: Fields, main: str, files: Mapping[str, bytes]) -> Change:
    name = str(fields.get("file", main))
    data = files.get(name, b"")
    at, size, order = _place(str(fields["at"]), data)
    if fields.get("cut"):
        return cut(name, at)
    if "hex" in fields:
        new = bytes.fromhex(str(fields["hex"]))
    elif "text" in fields:
        new = str(fields["text"]).encode("utf-8")
    else:
        size = int(fields.get("size", size))
        number = fields["number"]
        value = _place(number, data)[0] if isinstance(number, str) else int(number)
        new = (value % (1 << 8 * size)).to_bytes(size, "big" if fields.get("order", order) == "big" else "little")
    return Change(name, at, int(fields.get("gone", len(new))), new)


def _place(said: str, data: bytes) -> tuple[int, int, str]:
    """Return where a place is, how many bytes a number there has, and their order.

    Raises
    ------
    ValueError
        If there is no such place.
    """
    shift = _SHIFT.search(said)
    more = 0 if shift is None else int(shift[1] + shift[2])
    said = said if shift is None else said[: shift.start()]
    if said == "end":
        return len(data) + more, 4, "little"
    if said.isdecimal():
        return int(said) + more, 4, "little"
    if found := _FIND.match(said):
        return _found(found[2], int(found[1] or 1), data) + more, 4, "little"
    if found := _PAGE.match(said):
        places = TiffPlaces(data)
        pages: Sequence[Directory] = places.pages if found[1] == "page" else places.children
        page = pages[-1 if found[2] == "last" else int(found[2])]
        is_said = found[5] == "place"
        at, size = _in_page(page, found[3] or "", found[4] or "", "data" if is_said else found[5] or "", places.wide)
        at = places.number(at, size) if is_said else at
        return at + more, size, places.order
    raise ValueError(f"nobody knows the place {said!r}")


def _found(what: str, count: int, data: bytes) -> int:
    wanted = bytes.fromhex(what[4:]) if what.startswith("hex:") else what.encode("utf-8")
    at = -1
    for _ in range(count):
        at = data.index(wanted, at + 1)
    return at


def _in_page(page: Directory, pointer: str, tag: str, part: str, wide: int) -> tuple[int, int]:
    """Return where a part of a directory stands, and its size."""
    if not tag:
        at = {"next": page.next, "pointer": page.pointer, "": page.at}[pointer]
        return at, wide if pointer else (8 if wide == 8 else 2)
    if int(tag) not in page.fields:
        raise ValueError(f"the page has no tag {tag}")
    field = page.fields[int(tag)]
    parts = {
        "number": (field.at, 2),
        "type": (field.at + 2, 2),
        "count": (field.at + 4, wide),
        "field": (field.at + 4 + wide, wide),
        "data": (field.value, min(field.size, wide) or wide),
    }
    return parts[part]
