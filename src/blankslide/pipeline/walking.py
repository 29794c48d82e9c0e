"""Going through folders of slides: which files are slides, which are part of one, and which are neither.

Every file belongs to one slide at most, but one look at the file cannot tell to which: an ``.ndpis`` file can name
files that are listed before it. So each folder is looked through once before its first slide is yielded. Only the
beginning of each file is read, and more only for formats whose slides have several files. Paths are compared with
links resolved; each folder is resolved once.

A file that is called like a slide, but is of no format that is known here, is yielded too: its own line will say so.
Nothing is written here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from blankslide.errors import BlankslideError
from blankslide.pipeline.main_file import is_series_folder, main_file

_OURS = ".blankslide-"

UNKNOWN_SLIDES = (
    *(".vsi", ".kfb", ".kfbf", ".sdpc", ".dyqx", ".tmap", ".tron", ".mds", ".mdsx", ".vmic", ".eslide"),
    *(".afi", ".lif", ".nd2", ".oir", ".zvi", ".ptif"),
)
"""Endings of slides that no format here reads."""


class Watch(NamedTuple):
    """Who wants to know what while directories are gone through.

    Attributes
    ----------
    unclaimed
        Called with each file that is no slide, nor part of one, nor called like one.
    unreadable
        Called with each folder that cannot be listed.
    looked
        Called after each file that was looked at, with whether it belongs to a slide; it may raise, to end it all.
    left_out
        Says which files and folders do not count.
    """

    unclaimed: Callable[[Path], None]
    unreadable: Callable[[Path], None] = lambda path: None
    looked: Callable[[bool], None] = lambda slide: None
    left_out: Callable[[Path], bool] = lambda path: False


def slides_in(
    paths: Iterable[str | Path],
    unclaimed: Callable[[Path], None],
    outside: str | Path | None = None,
    unreadable: Callable[[Path], None] = lambda path: None,
    looked: Callable[[bool], None] = lambda slide: None,
) -> Iterator[Path]:
    """Yield each slide: files as named, a slide's data folder as the slide, directories recursed.

    Parameters
    ----------
    unclaimed
        Called with each file of a directory that is no slide, nor part of one.
    outside
        A folder that is left out where a directory holds it: the one that copies go to.
    unreadable
        Called with each directory that cannot be listed.
    looked
        Called after each file of a directory that was looked at; says whether it is of a slide.
    """
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            yield path
        elif _is_data_folder(path):
            yield main_file(path)
        else:
            yield from slides_below(path, Watch(unclaimed, unreadable, looked, _inside(outside)))


def _is_data_folder(path: Path) -> bool:
    """Whether the folder is where a slide beside it has its data."""
    try:
        main = main_file(path)
    except BlankslideError:  # several slides
        return False
    return main != path and os.path.realpath(main.parent) != os.path.realpath(path)


def _inside(folder: str | Path | None) -> Callable[[Path], bool]:
    """Make what says whether a path leads into the folder."""
    if folder is None:
        return lambda path: False
    target = os.path.join(os.path.realpath(folder), "")
    return lambda path: (resolved(path) + os.sep).startswith(target)


def slides_below(folder: Path, watch: Watch) -> Iterator[Path]:
    """Yield the slides of a directory and of those below it, folder by folder, each once.

    Yields
    ------
    Path
        The slide's main file; the folder itself if it holds one DICOM series and no other slides or folders.
    """

    def unlisted(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # its slide has a new name by now, and the folder with it
            watch.unreadable(Path(error.filename))

    members: set[str] = set()
    for place, inner, names in os.walk(folder, onerror=unlisted):
        here = Path(place)
        inner[:] = sorted(n for n in inner if not n.startswith(_OURS) and not watch.left_out(here / n))
        files = [here / n for n in sorted(names) if not n.startswith(".")]
        found = _Folder(members, watch.looked)
        found.look_through([f for f in files if not watch.left_out(f)])
        alone = len(found.slides) == 1 and not inner and is_series_folder(here)
        yield from sorted([*([here] if alone else found.slides), *found.nameless])
        for other in found.others:
            watch.unclaimed(other)


class _Folder:
    """What the files of one folder are.

    Attributes
    ----------
    slides
        Main files of slides.
    nameless
        Files that are called like slides and are none that we know.
    others
        All else.
    """

    def __init__(self, members: set[str], looked: Callable[[bool], None]) -> None:
        self._members = members  # of all slides so far, this folder's included
        self._looked = looked
        self.slides: list[Path] = []
        self.nameless: list[Path] = []
        self.others: list[Path] = []

    def look_through(self, files: list[Path]) -> None:
        """Tell slides from other files; adds the files of all slides to the members."""
        claims: dict[Path, str] = {}
        parts: set[str] = set()
        strangers: list[tuple[Path, str]] = []
        for file in files:
            real = resolved(file)
            if real not in self._members:
                claimed = _claimed(file, real)
                if claimed is None:
                    strangers.append((file, real))
                else:
                    # a DICOM file speaks for its series, whose main file may be another one
                    claims[file if real == claimed[0] else Path(claimed[0])] = claimed[0]
                    parts.update(claimed[1:])
                    self._members.update(claimed)
            self._looked(real in self._members)
        self.slides = [file for file, real in claims.items() if real not in parts]
        for file, real in strangers:
            if real not in self._members:
                (self.nameless if is_called_like_a_slide(file) else self.others).append(file)


def _claimed(file: Path, real: str) -> tuple[str, ...] | None:
    """Return the resolved files of the slide that a file belongs to, the main one first; None if it is no slide's."""
    from blankslide.pipeline.claims import claimed_files

    try:
        if not file.is_file():  # a pipe, or a link that leads nowhere
            return None
        claimed = claimed_files(file)
    except (BlankslideError, OSError):
        return (real,)  # its own line will say what is wrong with it
    return None if claimed is None else tuple(resolved(Path(each)) for each in claimed)


def resolved(path: Path) -> str:
    """Return the real path; the folder's is asked for once for all of its files."""
    if path.is_symlink():
        return os.path.realpath(path)
    return os.path.join(_real_folder(str(path.parent)), path.name)


@lru_cache(maxsize=64)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def is_called_like_a_slide(path: Path) -> bool:
    """Whether a name ends like that of a slide, of a format that we know or of another."""
    from blankslide.formats import known_suffixes

    return path.name.lower().endswith((*known_suffixes(), *UNKNOWN_SLIDES))
