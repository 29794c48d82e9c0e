"""A slide with a person in every code sequence that stays, and what became of each code.

Each of these sequences gets three items, at the root and once more inside a sequence that stays: a public code under
its own meaning, the same code under somebody's name, and somebody's number as a code. pydicom writes and reads.

The codes that a cleaned slide says of itself are looked at too.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from blankslide import pipeline
from blankslide.formats.dicom.ps315_table import action_of, rows
from blankslide.testing.own.ps315 import KEY, SMALL

PUBLIC = ("T-28000", "SRT", "Lung")
PERSON = "Quillfeather Ottoline"
NUMBER = "QF-24-3311"
_KINDS = (PUBLIC, (*PUBLIC[:2], PERSON), (NUMBER, PUBLIC[1], PERSON))
_OTHERS = frozenset((0x00082218, 0x00082220, 0x00082228, 0x00082230))
_OWN = 0x00120064
_WORDS = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")


class Line(NamedTuple):
    """One code sequence that stays, and what became of its three items.

    Attributes
    ----------
    public
        ``kept`` is right: value, scheme and meaning.
    meaning
        ``put right`` (the value stays, with its own meaning) or ``removed``; ``LEFT`` if the name is still there.
    value
        ``removed``, or ``LEFT``.
    """

    tag: int
    public: str
    meaning: str
    value: str
    keyword: str


def sequences() -> dict[int, str]:
    """Return the sequences of codes that stay, by tag, but that of the methods, which is ours alone."""
    return {
        tag: row.keyword
        for tag, row in rows().items()
        if row.vr == "SQ" and tag != _OWN and (row.keyword.endswith("CodeSequence") or tag in _OTHERS)
        if action_of(tag, False) == "K"
    }


def table(profile: str = "research") -> list[Line]:
    """Build the slide, anonymize it and look at every code.

    Returns
    -------
    list of Line
        In the order of the sequences' tags.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.dcm"
        _build(path)
        pipeline.anonymize_in_place(path, pipeline.Options(key=KEY, profile=profile))
        data, raw = _read(path), path.read_bytes()
    left = any(value.encode() in raw for value in (PERSON, NUMBER))
    return [Line(tag, *_judged(data, tag, left), keyword) for tag, keyword in sequences().items()]


def methods() -> list[tuple[str, str, str]]:
    """Return value, scheme and meaning of the codes that cleaned slides say of themselves, each once."""
    from blankslide.samples.dicom import build_dicom

    found: dict[tuple[str, str, str], None] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.dcm"
        build_dicom(path, **SMALL)
        first = _read(path)
        _stain(first)
        first.save_as(path, enforce_file_format=True)
        pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
        for file in sorted(Path(folder).iterdir()):
            for code in _read(file).DeidentificationMethodCodeSequence:
                found[(code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning)] = None
    return sorted(found)


def _read(path: Path) -> Any:
    from pydicom import dcmread

    return dcmread(path)


def _item(value: str, scheme: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    out = Dataset()
    out.CodeValue, out.CodingSchemeDesignator, out.CodeMeaning = value, scheme, meaning
    return out


def _stain(data: Any) -> None:
    """Let a specimen be stained, so that its preparation is cleaned and not emptied."""
    from pydicom.dataset import Dataset

    step, content = Dataset(), Dataset()
    content.ValueType = "CODE"
    content.ConceptNameCodeSequence = [_item("G-C350", "SRT", "Using substance")]
    content.ConceptCodeSequence = [_item("C-22968", "SRT", "Hematoxylin stain")]
    step.SpecimenPreparationStepContentItemSequence = [content]
    _inside(data).SpecimenPreparationSequence = [step]


def _build(path: Path) -> None:
    from blankslide.samples.dicom import build_dicom

    build_dicom(path, **SMALL, thumbnail=False)
    data = _read(path)
    for tag in sequences():
        for place in (data, _inside(data)):
            place.add_new(tag, "SQ", [_item(*code) for code in _KINDS])
    data.save_as(path, enforce_file_format=True)


def _inside(data: Any) -> Any:
    """Return an item of a sequence that stays."""
    return data.SpecimenDescriptionSequence[0]


def _judged(data: Any, tag: int, left: bool) -> tuple[str, str, str]:
    """Judge the items of both places together: the worst counts, and a person who is left anywhere in the file."""
    public, named, numbered = zip(*(_said(place.get(tag)) for place in (data, _inside(data))), strict=True)
    return (
        "kept" if set(public) == {PUBLIC} else "LOST",
        "LEFT" if left or any(PERSON in s for s in named) else "put right" if set(named) == {PUBLIC} else "removed",
        "LEFT" if left or any(NUMBER in s or PERSON in s for s in numbered) else "removed",
    )


def _said(element: Any) -> list[tuple[str, ...]]:
    items = list(element.value) if element is not None else []
    said = [tuple(str(item.get(word) or "") for word in _WORDS) for item in items]
    return said + [("", "", "")] * (len(_KINDS) - len(said))
