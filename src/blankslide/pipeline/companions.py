"""Files that belong to the study of a DICOM slide but are not part of the slide: they are found and named.

A slide is the instances of one series in one folder. Other files can name the patient and are not cleaned with it:
a label of another SOP class, a file without preamble or behind a link, a report of the same study, a DICOMDIR. They
are looked for in the slide's folder, in the folder through which it was named, in the folders below both, and among
the files of the folder above; a DICOMDIR as far above as a name in it can lead. Another whole slide of the same study
is not reported if it has levels and a frame of reference of its own.

Series of one study often stand in folders side by side. So reports and annotations of the study are also looked for in
the folders beside that of the slide, but not where another slide stands, or a copy of this one: there they are told of
with that. A label or overview of the slide's own series that stands there without a copy of the slide is named too.

Nothing is changed, and only the beginning of a readable file is read. What was learned about a file is remembered
until the file changes, so a folder of many slides costs one look at each file.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.dicom.beside import DIRECTORY, SLIDE, Beside, beside
from blankslide.policy.pseudonyms import mapped_uid

if TYPE_CHECKING:
    from blankslide.storage.open_file import OpenFile
    from blankslide.storage.slide_files import SlideFilesOnDisk

_OURS = ".blankslide-"
_MOST_BELOW, _MOST_ABOVE, _MOST_ASIDE = 2048, 256, 256
_LEVELS_ABOVE = 7
"""A file's name in a DICOMDIR has eight parts at most."""
_TICK, _MOST_KNOWN = 100_000_000, 1 << 16
_State = tuple[int, int, int, int, int]
_known: dict[_State, Beside | None] = {}


class Companions(NamedTuple):
    """Names of what is left beside a slide, relative to its folder.

    Attributes
    ----------
    torn
        Files of its series, which would no longer belong to it.
    study
        Files of its study, and lists of its files.
    unread
        DICOM files of which nobody can tell.
    """

    torn: tuple[str, ...] = ()
    study: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return self.torn + self.study + self.unread

    def left(self) -> tuple[str, ...]:
        """Say what is left, without a name."""
        words = (
            (self.torn, "of the slide's own series but not changed with it"),
            (self.study, "of the slide's study and not changed"),
            (self.unread, "DICOM but unreadable, so that nobody knows whether it belongs to the slide"),
        )
        return tuple(f"beside the slide {_count(names)} {what}" for names, what in words if names)


def _count(names: tuple[str, ...]) -> str:
    return "stands a file that is" if len(names) == 1 else f"stand {len(names)} files, each"


_Look = tuple[str, int, str]


class _Place(NamedTuple):
    """A file to ask: how many folders it stands above the slide, and in which folder beside that of the slide."""

    path: str
    state: _State
    above: int
    aside: str = ""


def companions(slide: SlideFilesOnDisk, key: bytes | None) -> Companions:
    """Look for what belongs to the study of an open DICOM slide.

    Parameters
    ----------
    slide
        With all its files opened.
    key
        The site's key: what was passed over by an earlier run has the UIDs of before.
    """
    own = _Own(slide, key)
    found: dict[str, list[tuple[str, Beside]]] = {"torn": [], "study": [], "unread": []}
    aside: dict[str, list[tuple[str, Beside]]] = {}
    torn_off: dict[str, list[tuple[str, Beside]]] = {}
    others, copies = set[str](), set[str]()
    for place in _places(slide):
        if place.state[:2] in own.files:
            continue
        said = _said(place)
        kind = "" if said is None else own.kind(said, place.above)
        if said is not None and said.kind == SLIDE:
            others.add(place.aside)
        if said is None or not kind:
            continue
        name = os.path.relpath(place.path, slide.folder).replace(os.sep, "/")
        if not place.aside:
            found[kind].append((name, said))
        elif said.kind not in ("", SLIDE, DIRECTORY):
            aside.setdefault(place.aside, []).append((name, said))
        elif own.is_torn_off(said):
            torn_off.setdefault(place.aside, []).append((name, said))
        elif own.is_member(said):
            copies.add(place.aside)
    found["study"] += (one for folder, these in aside.items() if folder not in others for one in these)
    found["study"] += (one for folder, these in torn_off.items() if folder not in copies for one in these)
    slides = {b.series for _, b in found["study"] if b.kind == SLIDE and b.level and not own.has_frame(b.frame)}
    return Companions(
        *(tuple(dict.fromkeys(n for n, b in found[k] if k != "study" or b.series not in slides)) for k in found)
    )


class _Own:
    """What the slide says of itself."""

    def __init__(self, slide: SlideFilesOnDisk, key: bytes | None) -> None:
        self._key = key
        self.files = {file.opened_as[:2] for file in slide.files}
        known = [said for file in slide.files if (said := _of(file)) is not None]
        self._series = frozenset(b.series for b in known)
        self._study = frozenset(b.study for b in known)
        self._frames = frozenset(b.frame for b in known if b.frame)
        self._instances = frozenset(b.instance for b in known)
        self._all = self._series | self._study | self._instances

    def _has(self, uids: frozenset[str], uid: str) -> bool:
        return bool(uid) and (uid in uids or mapped_uid(uid, self._key) in uids)

    def has_frame(self, uid: str) -> bool:
        """Whether this may be the slide's own frame of reference."""
        return not uid or not self._frames or self._has(self._frames, uid)

    def is_member(self, said: Beside) -> bool:
        """Whether a file is one of the slide's own instances, or was before a run."""
        return self._has(self._instances, said.instance)

    def is_torn_off(self, said: Beside) -> bool:
        """Whether a file is of the slide's series, and none of its levels."""
        return (
            said.kind == SLIDE and not said.level and self._has(self._series, said.series) and not self.is_member(said)
        )

    def kind(self, said: Beside, above: int) -> str:
        """Return what a file is to the slide; empty if nothing."""
        if said.kind == DIRECTORY or not said.readable:
            if any(self._has(self._series, uid) for uid in said.uids) and said.kind != DIRECTORY and not above:
                return "torn"
            if any(self._has(self._all, uid) for uid in said.uids):
                return "study"
            return "" if said.kind == DIRECTORY or above else "unread"
        if said.uids:
            return "study" if any(self._has(self._all, uid) for uid in said.uids) else ""
        if self._has(self._series, said.series):
            return "study" if above or self._has(self._instances, said.instance) else "torn"
        return "study" if self._has(self._study, said.study) else ""


def _of(file: OpenFile) -> Beside | None:
    return beside("", file.size, lambda at, length: file.read(at, max(0, min(length, file.size - at))))


# -- where to look -----------------------------------------------------------------------


def _places(slide: SlideFilesOnDisk) -> Iterator[_Place]:
    """Yield what may belong to the slide, each file once."""
    homes = dict.fromkeys((os.path.realpath(slide.folder), os.path.realpath(slide.named_in)))
    seen: set[tuple[int, int]] = set()
    near = (look for home in homes for look in (*_below(home), *_above(home)))
    for path, above, aside in (*near, *(look for home in homes for look in _aside(home))):
        try:
            now = os.stat(path)
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(now.st_mode) and (now.st_dev, now.st_ino) not in seen:
            seen.add((now.st_dev, now.st_ino))
            yield _Place(path, (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns), above, aside)


def _below(home: str, most: int = _MOST_BELOW) -> Iterator[_Look]:
    """Yield all files of a folder, and of those below it as many as can be looked at in good time."""
    waiting, left, been = [home], most, {os.path.realpath(home)}
    while waiting:
        folder = waiting.pop(0)
        for entry in _entries(folder):
            if entry.name.startswith(_OURS):
                continue
            if folder != home:
                left -= 1
                if left < 0:
                    return
            if not _is_folder(entry):
                yield entry.path, 0, ""
            elif (real := os.path.realpath(entry.path)) not in been:
                been.add(real)
                waiting.append(entry.path)


def _aside(home: str) -> Iterator[_Look]:
    """Yield some files of the folders that stand beside a folder, each with the folder it is in."""
    left, beside = _MOST_ASIDE, os.path.dirname(home)
    for entry in _entries(beside, _MOST_ABOVE):
        if _is_folder(entry) and not entry.is_symlink() and os.path.realpath(entry.path) != home:
            for path, _, _ in islice(_below(entry.path, left), left):
                left -= 1
                yield path, 1, entry.path


def _above(home: str) -> Iterator[_Look]:
    """Yield the files of the folder above, and lists of files above that."""
    folder = home
    for level in range(1, _LEVELS_ABOVE + 1):
        folder, below = os.path.dirname(folder), folder
        if folder == below:
            return
        for entry in _entries(folder, _MOST_ABOVE):
            listing = entry.name.upper().startswith(("DICOMDIR", "DIRFILE"))
            if (level == 1 or listing) and not entry.name.startswith(_OURS) and not _is_folder(entry):
                yield entry.path, level, ""
        yield os.path.join(folder, "DICOMDIR"), level, ""  # however many entries stand there


def _entries(folder: str, most: int | None = None) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(islice(entries, most), key=lambda entry: entry.name)
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


# -- what a file says --------------------------------------------------------------------


def _said(place: _Place) -> Beside | None:
    """Ask a file, unless it is as it was when it was asked before."""
    if place.state in _known:
        return _known[place.state]
    begun = time.time_ns()
    said = _asked(place.path)
    if max(place.state[3:]) + _TICK < begun:  # one that changed this moment may change again unseen
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[place.state] = said
    return said


def _asked(path: str) -> Beside | None:
    name = os.path.basename(path)
    try:
        with open(path, "rb", buffering=0) as file:

            def read(at: int, length: int) -> bytes:
                file.seek(at)
                return file.read(length) or b""

            return beside(name, os.fstat(file.fileno()).st_size, read)
    except OSError:  # nobody may read it; only its name tells that it is DICOM
        return Beside(readable=False) if name.lower().endswith((".dcm", ".dicom")) else None
