"""A slide with every attribute of PS3.15 Table E.1-1, and what became of each.

pydicom writes the slide and reads the result, so that neither the walker nor the writer of
Blankslide judges itself. Each attribute stands at the root and once more inside a sequence that stays, each time
with a value of its own: what is found in the file afterwards, in any byte, is left.

Codes are looked at in the same way (`ps315_codes`).
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from blankslide import pipeline
from blankslide.formats.dicom.ps315_table import Row, action_of, rows

KEY = bytes(range(32))
SMALL: dict[str, Any] = {
    "size": (128, 96),
    "tile": 64,
    "factors": (1,),
    "label_size": (60, 72),
    "macro_size": (96, 40),
}
_TEXT = frozenset("LO LT PN SH ST UC UR UT AE CS".split())


class Line(NamedTuple):
    """One attribute: what the table demands, and what became of it at the root and inside a sequence.

    Attributes
    ----------
    action
        As in Table E.1-1.
    resolved
        The one letter of it that the type of the attribute in the slide IOD leaves, at the root.
    status, inside
        ``removed``, ``emptied``, ``dummy``, ``mapped`` or ``LEFT``; ``-`` where it cannot stand.
    """

    tag: int
    action: str
    resolved: str
    status: str
    inside: str
    keyword: str


def table() -> list[Line]:
    """Build the slide, anonymize it and look at every attribute.

    Returns
    -------
    list of Line
        In the order of their tags.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.dcm"
        planted = _build(path)
        pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
        return _judged(path, planted)


def _listed() -> dict[int, Row]:
    """Rows of the table that can stand in a file's data set or meta information."""
    return {t: r for t, r in rows().items() if r.action.isupper() and t >> 16 and t >> 16 != 0xFFFA}


def _build(path: Path) -> dict[int, bytes]:
    """Write a slide that holds them all; return the bytes that must be gone."""
    import warnings

    from pydicom import dcmread

    from blankslide.testing.built import build_dicom

    build_dicom(path, **SMALL)
    data = dcmread(path)
    planted = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some values are too strange for their representation on purpose
        for number, (tag, row) in enumerate(_listed().items()):
            if tag not in (0x00020003, 0x00080018, 0xFFFCFFFC):
                value, planted[tag] = _value(row.vr, number)
                data.add_new(tag, "LO" if row.vr == "UN" else row.vr, value)
            if _can_be_inside(tag):
                value, planted[-tag] = _value(row.vr, number + _INSIDE)
                _inside(data).add_new(tag, "LO" if row.vr == "UN" else row.vr, value)
        data.save_as(path, enforce_file_format=True)
    return planted


_INSIDE = 700
"""What is added to the number of a value inside a sequence; the table is shorter."""


def _can_be_inside(tag: int) -> bool:
    return tag >> 16 > 7 and tag != 0xFFFCFFFC


def _inside(data: Any) -> Any:
    """Return an item of a sequence that stays."""
    return data.SpecimenDescriptionSequence[0]


def _value(vr: str, number: int) -> tuple[Any, bytes]:
    """A value that occurs nowhere else, and its bytes in the file."""
    from pydicom.dataset import Dataset

    text = f"Zq{number:04d}wX"
    if vr == "SQ":
        item = Dataset()
        item.PatientComments = text
        return [item], text.encode()
    if vr == "UI":
        uid = f"1.2.826.0.1.3680043.10.1496.777.{100000 + number}"
        return uid, uid.encode()
    if vr in ("DA", "DT", "TM"):
        moment = {"DA": f"{1500 + number}0102", "DT": f"{1500 + number}0102030405", "TM": f"010203.{number:06d}"}[vr]
        return moment, moment.encode()
    if vr == "AS":
        return f"{number % 1000:03d}Y", b""
    if vr in ("IS", "DS"):
        return str(70_000 + number), b""
    if vr in ("FD", "FL", "US", "SS", "UL", "SL", "UV", "SV"):
        return (number % 250) + 1000, b""
    if vr == "AT":
        return 0x00100010, b""
    return (text, text.encode()) if vr in _TEXT or vr == "UN" else (text.encode(), text.encode())


def _judged(path: Path, planted: dict[int, bytes]) -> list[Line]:
    from pydicom import dcmread

    raw, data = path.read_bytes(), dcmread(path)
    out = []
    for tag, row in _listed().items():
        element = data.file_meta.get(tag) if tag >> 16 == 2 else data.get(tag)
        gone, gone_inside = (not planted.get(t) or planted[t] not in raw for t in (tag, -tag))
        inside = _status(_inside(data).get(tag), gone_inside, row) if _can_be_inside(tag) else "-"
        resolved = action_of(tag, False)
        out.append(Line(tag, row.action, resolved, _status(element, gone, row), inside, row.keyword))
    return out


def _status(element: Any, gone: bool, row: Row) -> str:
    if element is None:
        return "removed" if gone else "LEFT"
    if element.VR == "SQ" and row.action == "X/Z/U*":
        return "mapped" if gone else "LEFT"
    if element.is_empty or (element.VR == "SQ" and not element.value):
        return "emptied" if gone else "LEFT"
    if element.VR == "UI":
        ours = all(str(v).startswith("2.25.") for v in ([element.value] if element.VM == 1 else element.value))
        return "mapped" if ours and gone else "LEFT"
    value = str(element.value)
    token = element.keyword in _APART and re.fullmatch(r"X[0-9A-Z]{7,15}", value)
    return "dummy" if gone and (token or value in _DUMMIES) else "LEFT"


_APART = ("ContainerIdentifier", "PatientID", "SpecimenIdentifier")


_DUMMIES = frozenset(("X", "19000101", "19000101000000", "000000", "000Y", "0", "0.0", "NONE", "b'\\x00\\x00'"))
