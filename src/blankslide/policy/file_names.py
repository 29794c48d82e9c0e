"""Does a file name identify? A verdict, never a change.

``identifying`` when the name holds a removed value, or looks like a case number, a date or
a person; ``plain`` when it is made of words and short numbers that say nothing; else
``unknown``. The verdict is its own answer: it changes the exit code only where the profile
asks for it.

What is passed on – an inventory, a report, a saved notebook – shows a name only if it is plain
(`public_name`): nobody can tell a person's name from a project's, so ``unknown`` is not enough.
Folders are never shown there, unless the site asks for names for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.model import NameVerdict

_CASE = pattern(
    r"(?<![A-Za-z])[A-Za-z]{1,4}[-_ ]?\d{2,4}[-_ ]\d{2,7}(?!\d)"  # S19-12345, SP 2019 00123
    r"|(?<!\d)\d{2,4}[-_]\d{4,7}(?!\d)"  # 19-12345
    r"|(?<!\d)\d{7,10}(?!\d)"  # a record number
    r"|(?<!\d)(?:19|20)\d{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12]\d|3[01])(?!\d)"  # a date
    r"|(?<!\d)(?:0?[1-9]|[12]\d|3[01])[.](?:0?[1-9]|1[0-2])[.](?:\d{2}|\d{4})(?!\d)"
)
_PLAIN = pattern(
    r"(?>(?:blankslide|slide|sample|image|scan|wsi|anonymized|anon|test|aperio|classic|big|gt|[-_ .]|\d)+)", re.I
)
_RANDOM = pattern(
    r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}|\d+(?:\.\d+){6,}|slide-[0-9a-f]{24}(?:-\d{1,5})?"
)

_PSEUDONYM = pattern(r"(?<![A-Za-z0-9])(?:slide|case)-[0-9a-f]{24}(?![A-Za-z0-9])")
_UID = pattern(r"[0-2](?:\.(?:0|[1-9]\d*)){4,}")


def is_uid(name: str) -> str | None:
    """Return the DICOM UID that a file is named by, with or without a suffix; None if it is not."""
    stem, _, suffix = name.rpartition(".")
    uid = name if suffix.isdecimal() else stem
    return uid if len(uid) <= 64 and _UID.fullmatch(uid) else None


def public_name(name: str, verdict: str, instead: str | int, with_names: bool = False) -> str:
    """Return a name as it may stand in what is passed on.

    Parameters
    ----------
    name
        As it would be shown.
    verdict
        The worst of all names of the slide.
    instead
        What stands there otherwise: words, or the slide's number in the order of the run.
    with_names
        Whether the site asked for names, for its own use.
    """
    if with_names or verdict == "plain":
        return name
    return f"slide {instead} (name withheld)" if isinstance(instead, int) else instead


def name_verdict(name: str, removed: Iterable[str] = ()) -> NameVerdict:
    """Judge the file name.

    Parameters
    ----------
    name
        File or folder name, with or without its suffix.
    removed
        Values that are removed from the slide; those of four characters or more are looked
        for in the name, ignoring case, but not in a pseudonym of ours: it was drawn, and "slide" is its own word.
    """
    stem = is_uid(name) or PurePath(name).stem
    low = _PSEUDONYM.sub("-", stem).lower()
    if any(len(v) >= 4 and v.lower() in low for v in removed):
        return "identifying"
    if _RANDOM.fullmatch(stem):
        return "plain"
    stem = _PSEUDONYM.sub("slide", stem)  # digits in it are nobody's
    if _CASE.search(stem):
        return "identifying"
    return "plain" if _PLAIN.fullmatch(stem) else "unknown"
