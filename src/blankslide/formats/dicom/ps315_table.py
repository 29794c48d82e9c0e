"""What is done with each DICOM attribute: PS3.15 Table E.1-1 and the slide IOD, as data.

The rows stand in ``ps315_table.tsv``, which ``scripts/dicom-table`` makes from libraries that hold
the standard's tables. An action that depends on the type of an attribute (``X/Z/D``) is resolved by
the type in the VL Whole Slide Microscopy Image IOD: type 1 must keep a value, type 2 may be empty,
type 3 goes. Attributes in neither source are unknown, even if the DICOM dictionary has them; that
dictionary (pydicom's) is used only for value representations, if a file does not state them.

Promise: the table is read once, on first use, in about a millisecond.
"""

from __future__ import annotations

import os
import re
from functools import cache, lru_cache
from typing import NamedTuple

from blankslide.model import PhiClass

_FILE = os.path.join(os.path.dirname(__file__), "ps315_table.tsv")
_MOST_NAMES = 1 << 12  # more attributes than a slide has
_OVERLAY, _CURVE = range(0x6000, 0x6020), range(0x5000, 0x5020)


class Row(NamedTuple):
    """One attribute.

    Attributes
    ----------
    action
        As in Table E.1-1; ``-`` if it is not listed there, lower case if the row is ours, ``Z/C`` if an option of
        PS3.15 is used that keeps the sequence and cleans what is in it.
    vr
        Value representation.
    root, inside
        Type at the root of the data set, and inside sequences that stay.
    """

    action: str
    vr: str
    root: str
    inside: str
    cls: PhiClass
    keyword: str


@lru_cache(maxsize=1)
def rows() -> dict[int, Row]:
    """Return all rows by tag."""
    out = {}
    with open(_FILE, encoding="ascii") as file:
        for line in file:
            tag, action, vr, root, inside, cls, keyword = line.rstrip("\n").split("\t")
            out[int(tag, 16)] = Row(action, vr, root, inside, PhiClass(cls), keyword)
    return out


def vr_of(tag: int) -> str:
    """Return the value representation of a standard tag, or an empty string."""
    row = rows().get(tag)
    if row is not None:
        return row.vr
    return "" if tag >> 16 & 1 else _from_dictionary(tag)


@cache
def _from_dictionary(tag: int) -> str:
    """Ask pydicom, which is imported only for files that do not state representations."""
    from pydicom.datadict import dictionary_has_tag, dictionary_VR

    return dictionary_VR(tag).split(" ")[0] if dictionary_has_tag(tag) else ""


def action_of(tag: int, nested: bool) -> str:
    """Return the action: ``X``, ``Z``, ``D``, ``U``, ``K`` (stays), or empty if the attribute is unknown.

    Parameters
    ----------
    tag
        The attribute; the action of private ones is ``X``.
    nested
        Whether it stands inside a sequence.
    """
    group = tag >> 16
    if group & 1 or group in _OVERLAY or group in _CURVE or tag & 0xFFFF == 0:
        return "X"
    row = rows().get(tag)
    if row is None:
        return ""
    if row.action in ("-", "Z/C"):
        return "K"
    kind = (row.inside if nested else row.root)[0]
    return _resolved(row.action.upper(), kind, row.vr)


def _resolved(action: str, kind: str, vr: str) -> str:
    """Resolve an action by type; a sequence cannot have a dummy, so it is emptied or goes."""
    if action == "X/Z/U*":
        return "K"  # the sequence stays, and the UIDs in it are mapped
    choices = action.split("/")
    if vr == "SQ":
        return "Z" if "Z" in choices and kind in "12" else "X"
    if len(choices) == 1:
        return "D" if action == "Z" and kind == "1" else action
    if "D" in choices and kind == "1":
        return "D"
    if "Z" in choices and (kind in "12" or "X" not in choices):
        return "D" if kind == "1" else "Z"
    return "X" if "X" in choices else choices[-1]


@lru_cache(_MOST_NAMES)
def title(tag: int) -> str:
    """Return a title for people: the words of the keyword, or the tag's number."""
    row = rows().get(tag)
    if row is None:
        return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", row.keyword)


@lru_cache(_MOST_NAMES)
def finding_id(tag: int) -> str:
    """Return the stable id of a finding: ``dicom.patient-name``, ``dicom.private-00091001``."""
    group = tag >> 16
    if group & 1:
        return f"dicom.private-{tag:08x}"
    if group in _OVERLAY:
        return "dicom.overlay"
    if group in _CURVE:
        return "dicom.curve"
    row = rows().get(tag)
    if row is None:
        return f"dicom.tag-{tag:08x}"
    return "dicom." + title(tag).lower().replace(" ", "-")
