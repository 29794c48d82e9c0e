"""Which name the result gets, and what stands beside the slide.

A name that a person gives must be one plain file name; a missing suffix is added, so that
viewers still know the slide. Without one, a copy is named like the slide, unless the profile
cares about names and this one identifies: then it gets the pseudonym under which the ledger
knows the slide. Nothing is renamed here.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection
from typing import TYPE_CHECKING

from blankslide.errors import InternalError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import NameVerdict
    from blankslide.policy import Profile

LONGEST = 255


def chosen_name(wanted: str, present: str, format: str) -> str:
    """Return the name that a person asked for, with its suffix.

    Parameters
    ----------
    wanted
        What the person typed.
    present
        The slide's present name.
    format
        Registry name of its format.

    Raises
    ------
    UsageError
        If it is no plain file name.
    """
    from blankslide.storage.files import require_component

    ends = suffixes(format)
    if not wanted.lower().endswith(ends):
        wanted += _suffix(present, ends)
    try:
        require_component(wanted)
    except InternalError:
        raise UsageError("the new name must be a plain file name, without folders") from None
    if wanted.startswith(".") or any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in wanted):
        raise UsageError("the new name must not be hidden, nor hold control or direction characters")
    if len(os.fsencode(wanted)) > LONGEST:
        raise UsageError(f"the new name is longer than {LONGEST} bytes")
    return wanted


def name_of_copy(present: str, verdict: NameVerdict, profile: Profile, key: bytes | None, format: str) -> str:
    """Return the name of a copy for which nobody asked for one.

    Raises
    ------
    UsageError
        If a pseudonym is needed and there is no key to make it with.
    """
    from blankslide.pseudonyms import slide_name

    if verdict != "identifying" or not profile.names:
        return present
    if key is None:
        raise UsageError("the slide's name identifies, and without a key there is no other", "choose one with --name")
    return slide_name(present, key) + _suffix(present, suffixes(format))


def suffixes(format: str) -> tuple[str, ...]:
    """Return the usual suffixes of a format, in lower case."""
    from blankslide.formats import all_formats

    return next(f.suffixes for f in all_formats() if f.name == format)


def _suffix(present: str, ends: tuple[str, ...]) -> str:
    own = os.path.splitext(present)[1]
    return own if own.lower() in ends else ends[0]


def sidecars(path: str | Path, members: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of the files that belong to a slide by their names; links are followed.

    Parameters
    ----------
    members
        Names of the slide's own files, which are part of it and not beside it.
    """
    from blankslide.sidecars import beside

    return tuple(name for name in beside(os.path.realpath(path), _is_slide) if name not in members)


def _is_slide(path: str) -> bool:
    """Ask the formats only about files that are called like slides."""
    from blankslide.errors import BlankslideError
    from blankslide.formats import all_formats
    from blankslide.pipeline.stages import known_format

    ends = tuple({suffix for known in all_formats() for suffix in known.suffixes})
    if not path.lower().endswith(ends):
        return False
    try:
        return known_format(path) is not None
    except BlankslideError:
        return True
