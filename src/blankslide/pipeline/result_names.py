"""What the result is called, what its names give away, and what stands beside the slide.

A name that a person chooses must be one plain file name. A missing suffix is added, so that viewers recognise the
slide. If nobody chooses a name, the copy is called like the slide, or by the pseudonym that the ledger uses if that
name identifies. The files of a slide of several files get new names if
the format knows how (`blankslide.formatkit.protocol`); files that name each other keep theirs. Nothing is renamed here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import InternalError, NotEditable, UsageError
from blankslide.pipeline.main_file import is_series_folder
from blankslide.policy.file_names import is_uid, name_verdict

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Format
    from blankslide.model import Inspection, NameVerdict
    from blankslide.storage.slide_files import SlideFilesOnDisk

LONGEST = 255
Renames = Callable[[Sequence[str], str], Mapping[str, str]]


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
    from blankslide.storage.slide_files import is_shown_whole, require_component

    ends = suffixes(format)
    if not wanted.lower().endswith(ends):
        wanted += _suffix(present, ends)
    if not is_shown_whole(wanted):
        raise UsageError("the new name must not be hidden, nor hold control or direction characters")
    try:
        require_component(wanted)
    except InternalError:
        raise UsageError(
            "the new name must be a plain file name, without folders", "say the folder of a copy with --out DIR"
        ) from None
    if len(os.fsencode(wanted)) > LONGEST:
        raise UsageError(f"the new name is longer than {LONGEST} bytes")
    return wanted


def name_of_copy(present: str, verdict: NameVerdict, key: bytes | None, format: str) -> str:
    """Return the name of a copy for which nobody asked for one.

    Raises
    ------
    UsageError
        If a pseudonym is needed and there is no key to make it with.
    """
    from blankslide.policy.pseudonyms import slide_name

    if verdict != "identifying":
        return present
    if key is None:
        raise UsageError("the slide's name identifies, and without a key there is no other", "choose one with --name")
    return slide_name(present, key) + _suffix(present, suffixes(format))


def suffixes(format: str) -> tuple[str, ...]:
    """Return the usual suffixes of a format, in lower case."""
    return _known(format).suffixes


def _known(format: str) -> Format:
    from blankslide.formats import format_named

    return format_named(format)


def _suffix(present: str, ends: tuple[str, ...]) -> str:
    own = max((end for end in ends if present.lower().endswith(end)), key=len, default="")  # it may have two parts
    return present[-len(own) :] if own else ends[0]


# -- slides of several files -------------------------------------------------------------


def renames_of(format: str) -> Renames | None:
    """Return the format's own way of naming the files of a set, if it has one."""
    known = _known(format)
    return known.renames if known.renames_files else None


def has_own_folder(format: str) -> bool:
    """Whether a copy of a set gets a folder of its own, named like the slide."""
    return _known(format).own_folder


def set_names(slide: SlideFilesOnDisk, wanted: str | None, format: str) -> list[str]:
    """Return what the files of a set shall be called, in the order of ``slide.files``.

    Parameters
    ----------
    wanted
        The main file's new name with its suffix, or None to keep all names.

    Returns
    -------
    list of str
        Relative to the folder of the main file, ``/`` between folder and name.

    Raises
    ------
    NotEditable
        If the files name each other.
    """
    present = slide.relative_names()
    if wanted is None:
        return present
    naming = renames_of(format)
    if naming is None:
        raise NotEditable(
            "its files name each other, so it cannot get another name",
            "leave --name away to keep all names, or export it as one file, such as a TIFF, and rename that",
        )
    stem = os.path.splitext(wanted)[0]
    plain = [name.rpartition("/")[2] for name in present]
    new = naming(plain, stem)
    names = [new.get(name, name) for name in plain]
    home = os.path.splitext(names[0])[0]
    return [f"{home}/{name}" if "/" in old else name for old, name in zip(present, names, strict=True)]


def moves(old: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Return which entries of the main file's folder get another name, the main file last.

    Until the main file has moved, the slide is found under the name that the person knows.
    """
    tops = [(a.partition("/")[0], b.partition("/")[0]) for a, b in zip(old, new, strict=True)]
    return {a: b for a, b in (*tops[1:], tops[0]) if a != b}


def verdict(
    slide: SlideFilesOnDisk, inspection: Inspection, removed: Mapping[str, Sequence[str]], key: bytes | None
) -> NameVerdict:
    """Judge the names of all files of a slide, and of a folder that holds nothing else: the worst counts."""
    names = [slide.name]
    if len(slide.files) > 1:
        names += [part for path in slide.relative_names()[1:] for part in path.split("/")]
        if has_own_folder(inspection.format) and is_series_folder(Path(slide.folder)):
            names.append(os.path.basename(slide.folder))
    return worst_name(names, removed, key, inspection.format)


def worst_name(
    names: Collection[str], removed: Mapping[str, Sequence[str]], key: bytes | None, format: str
) -> NameVerdict:
    """Return the worst verdict of several names.

    Where a format does not care for names, a UID as a name leads back to the source system,
    unless it is one of ours.
    """
    values = [v for values in removed.values() for v in values]
    if any(_leads_back(name, key) for name in names) and renames_of(format) is not None:
        return "identifying"
    return worst_of({name_verdict(name, values) for name in names})


def worst_of(verdicts: Collection[NameVerdict]) -> NameVerdict:
    """Return the worst of several verdicts."""
    return next(v for v in _WORST_FIRST if v in verdicts)


_WORST_FIRST: tuple[NameVerdict, ...] = ("identifying", "unknown", "plain")


def _leads_back(name: str, key: bytes | None) -> bool:
    from blankslide.policy.pseudonyms import is_ours

    uid = is_uid(name)
    if uid is None or (key is None and uid.startswith("2.25.")):  # without the key nobody can tell
        return False
    return not is_ours(uid, key)
