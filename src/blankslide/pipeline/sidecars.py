"""Files that belong to a slide by their name: annotations, exports, notes, backups.

A file counts as a sidecar if it stands in the slide's folder and its name is the slide's name,
or that name without its suffix, followed by a dot and more: ``s.xml``, ``s.geojson``,
``s.svs.qpdata`` beside ``s.svs``. The kind does not matter: whatever shares the name
travels with the slide and can hold what was just taken out of it. Other slides are none.
Where the slide's data stand in a folder of its own (MRXS), every other file in there is one too.

They are listed, never opened, changed or copied.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection
    from blankslide.storage.slide_files import SlideFilesOnDisk


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
        full = os.path.join(folder, other)
        if other.startswith(stem + ".") and other != name and os.path.isfile(full) and not is_slide(full):
            found.append(other)
    return tuple(sorted(found))


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
    return tuple(name for name in (*beside(real, _is_slide), *own) if name.rpartition("/")[2] not in members)


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
