"""Files that belong to a slide by their name: annotations, exports, notes, backups.

A file counts as a sidecar if it stands in the slide's folder and its name is the slide's name,
or that name without its suffix, followed by a dot and more: ``s.xml``, ``s.geojson``,
``s.svs.qpdata`` beside ``s.svs``. The kind does not matter: whatever shares the name
travels with the slide and can hold what was just taken out of it. Other slides are none.
So does a picture whose name is the slide's with a word for what it shows: ``s_label.jpg``, ``s-macro.png``,
``label_s.jpg``, or that stands in a folder called so: ``s/label.jpg``, ``labels/s.jpg``; and a small copy that a
file server or a desktop hides: ``@eaDir/s.svs/SYNOPHOTO_THUMB_M.jpg``.
Where the slide's data stand in a folder of its own (MRXS), every other file in there is one too.

They are listed, never opened, changed or copied.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import TYPE_CHECKING
from unicodedata import normalize

from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection
    from blankslide.storage.slide_files import SlideFilesOnDisk


_PICTURES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".jp2", ".j2k", ".jxr",
    ".heic", ".pdf",
)  # fmt: skip
#: What pictures beside a slide show, in the languages of laboratories.
_WORD = (
    r"(?:labels?|macros?|overviews?|barcodes?|thumbs?|thumbnails?|previews?|snapshots?|etikett(?:en?)?|makros?"
    r"|[\u00fcu]e?bersicht|vorschau|beschriftung|strichcode|[e\u00e9]tiquettes?|aper[c\u00e7]u|vignette|etiquetas?"
    r"|etichett[ae]|anteprima|miniaturas?|r[o\u00f3]tulo|etykieta|c\u00edmke|overzicht|oversikt"
    r"|\u044d\u0442\u0438\u043a\u0435\u0442\u043a\u0430|\u043c\u0430\u043a\u0440\u043e|\u6807\u7b7e\u56fe?|\u6a19\u7c64|\u5b8f\u89c2\u56fe?|\u7f29\u7565\u56fe|\u9884\u89c8\u56fe?"
    r"|\u30e9\u30d9\u30eb|\u30de\u30af\u30ed|\u30b5\u30e0\u30cd\u30a4\u30eb|\ub77c\ubca8|\ub9e4\ud06c\ub85c)"
)
_SHOWS = rf"(?>(?:slide|whole|scan)?)[ _.()-]*+{_WORD}"
_AFTER = pattern(rf"[ _.(+-]++{_SHOWS}(?:[ _.()-]*+(?:image|img|photo|picture|\d{{1,3}}))?\)?", re.I)
_BEFORE = pattern(rf"{_SHOWS}(?>(?:[ _-]*+(?:image|of))?)[ _-]*+", re.I)
#: A folder for such pictures of many slides, and what follows a slide's name in that of a folder of its own.
_FOLDER, _OWN = pattern(_WORD, re.I), pattern(r"(?:[ _.-](?:files|images?|pictures|associated|data))?", re.I)
_SHOWN = pattern(rf"(?:.*[ _.-])?{_WORD}(?:[ _.-].*)?", re.I)
#: Folders in which file servers and desktops hide small copies of pictures.
_HIDDEN = ("@eaDir", ".@__thumb", ".thumbnails", ".picasaoriginals", ".thumb", ".AppleDouble", "._thumbs")
_HIDDEN_SET = frozenset(_HIDDEN)
_MOST_HIDDEN = 10_000


def is_photograph(name: str, stem: str) -> bool:
    """Whether a file is called like a picture of a slide's label, or of the whole slide.

    Parameters
    ----------
    name
        Name of the file.
    stem
        The slide's name without its suffix.
    """
    other, suffix = os.path.splitext(normalize("NFC", name).casefold())
    stem = normalize("NFC", stem).casefold()
    if suffix not in _PICTURES:
        return False
    if stem.endswith(".ome") and is_photograph(name, stem[: -len(".ome")]):
        return True  # the suffix of an OME-TIFF has two parts
    if other.startswith(stem) and _AFTER.fullmatch(other, len(stem)):
        return True
    return other.endswith(stem) and _BEFORE.fullmatch(other, 0, len(other) - len(stem)) is not None


def hidden(path: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the small copies of a slide that a file server or a desktop hides beside it, as ``folder/name``, sorted.

    Parameters
    ----------
    path
        The slide's main file.
    names
        What stands in its folder: most have none of these folders, and then none is opened.
    """
    folder, name = os.path.split(path)
    stem, found = os.path.splitext(name)[0], list[str]()
    for home in _HIDDEN if not _HIDDEN_SET.isdisjoint(names) else ():
        for other in _listed(os.path.join(folder, home)):
            if name not in other and not other.startswith((stem + ".", stem + "_")):
                continue
            inner = os.path.join(folder, home, other)
            parts = [f"{other}/{n}" for n in _listed(inner)] if os.path.isdir(inner) else [other]
            found += [f"{home}/{part}" for part in parts]
    return tuple(sorted(found))


def _in_folders(folder: str, stem: str, names: Collection[str]) -> list[str]:
    """Return pictures of a slide in a folder that is called like it, or like what they show: ``s/label.jpg``."""
    found = []
    for other in names:
        own = other.startswith(stem) and _OWN.fullmatch(other, len(stem)) is not None
        if not (own or _FOLDER.fullmatch(other)):
            continue
        for name in _listed(os.path.join(folder, other)):
            base, suffix = os.path.splitext(name)
            shown = _SHOWN.fullmatch(base) if own else base == stem or is_photograph(name, stem)
            if suffix.lower() in _PICTURES and shown:
                found.append(f"{other}/{name}")
    return sorted(found)


def _listed(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from [entry.name for entry in islice(entries, _MOST_HIDDEN)]
    except OSError:  # it is not there, or may not be listed
        return


def beside(path: str, is_slide: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the names of a slide's sidecars, sorted.

    Parameters
    ----------
    path
        The slide's main file.
    is_slide
        Asked with the full path of a candidate; a slide of its own is no sidecar.
    """
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    if not stem:
        return ()
    try:
        others = os.listdir(folder or os.curdir)
    except OSError:  # a folder may allow opening without listing; then nobody can tell
        return ()
    found = []
    for other in others:
        if other == name or not (other.startswith((stem + ".", f"._{name}")) or is_photograph(other, stem)):
            continue
        full = os.path.join(folder, other)
        if os.path.isfile(full) and not is_slide(full):
            found.append(other)
    return (*sorted(found), *_in_folders(folder, stem, others), *hidden(path, others))


def inside(path: str, members: Collection[str]) -> tuple[str, ...]:
    """Return what stands in the slide's own data folder, as ``folder/name``, sorted.

    Parameters
    ----------
    path
        The slide's main file; the folder has the same name without the suffix.
    members
        The slide's other files: a folder that holds none of them is not the slide's.
    """
    folder = os.path.splitext(path)[0]
    if not members or folder == path or os.path.islink(folder) or not os.path.isdir(folder):
        return ()
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    home = os.path.basename(folder)
    return tuple(sorted(f"{home}/{name}" for name in names)) if not set(names).isdisjoint(members) else ()


def left_beside(slide: SlideFilesOnDisk, inspection: Inspection) -> tuple[str, ...]:
    """Return the names of what is left beside a slide: what is of its study first, then its sidecars."""
    members = [os.path.basename(file.path) for file in slide.files]
    return tuple(dict.fromkeys((*inspection.beside, *sidecars_of(slide.path, members))))


def sidecars_of(path: str | Path, members: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of the files that belong to a slide by their names or folder; links are followed.

    Parameters
    ----------
    path
        The slide's main file.
    members
        Names of the slide's own files, which are part of it and not beside it.
    """
    real = os.path.realpath(path)
    own = inside(real, [name for name in members if name != os.path.basename(real)])
    found = dict.fromkeys((*beside(real, _is_slide), *own))
    return tuple(name for name in found if name.rpartition("/")[2] not in members)


def _is_slide(path: str) -> bool:
    """Ask the formats only about files that are called like slides."""
    from blankslide.errors import BlankslideError
    from blankslide.formats import known_suffixes
    from blankslide.pipeline.claims import known_format

    if not path.lower().endswith(tuple(known_suffixes())):
        return False
    try:
        return known_format(path) is not None
    except BlankslideError:
        return True
