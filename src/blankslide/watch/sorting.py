"""From files that have settled to slides that can be begun: which files belong together, and whether all are there.

Of a format with one file a slide, the file must have settled. Of a set, or of a slide that may be one, nothing may have
come, changed or gone in any of its folders: files of a set arrive one by one, and only the last one completes it. A
file is opened once for as long as it stays as it is; of a set that is not whole, once after each change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError, EnvironmentProblem
from blankslide.pipeline.claims import claimed_files, has_one_file
from blankslide.pipeline.walking import is_called_like_a_slide

if TYPE_CHECKING:
    from blankslide.watch.tree import File, Folder, Stamp, Tree


class Member(NamedTuple):
    """One file of a slide, as it was when the slide was found."""

    folder: str
    name: str
    stamp: Stamp

    @property
    def path(self) -> str:
        """The whole path."""
        return os.path.join(self.folder, self.name)


class Candidate(NamedTuple):
    """A slide that has settled.

    Attributes
    ----------
    members
        Its files, the main one first.
    home
        Folders between the watched one and the slide.
    quiet_for
        Seconds since anything of it last changed.
    """

    members: tuple[Member, ...]
    home: tuple[str, ...]
    quiet_for: float

    @property
    def path(self) -> str:
        """The main file."""
        return self.members[0].path

    @property
    def name(self) -> str:
        """Name of the main file."""
        return self.members[0].name


class Sorter:
    """Finds slides that can be begun.

    Parameters
    ----------
    tree
        What is there.
    may_begin
        Asked for each file that would be opened; ends the search once it is false.
    cannot
        Called with a file that cannot be looked into now, its folder and its name, and why: it says when to try again.
    """

    def __init__(
        self,
        tree: Tree,
        may_begin: Callable[[], bool] = lambda: True,
        cannot: Callable[[File, Folder, str, Exception], None] = lambda file, folder, name, error: None,
    ) -> None:
        self._tree = tree
        self._may_begin = may_begin
        self._cannot = cannot

    def ready(self, now: float) -> Iterator[Candidate]:
        """Yield slides, folder by folder; files that are none are put aside."""
        for folder in list(self._tree.folders.values()):
            if folder.open:
                yield from self._of(folder, now)

    def _of(self, folder: Folder, now: float) -> Iterator[Candidate]:
        slides: dict[str, tuple[str, ...]] = {}
        parts: set[str] = set()
        for name in sorted(folder.open):
            file = folder.files[name]
            if file.state != "open" or now < file.retry or not self._tree.is_quiet(folder, file, now):
                continue
            if not self._may_begin():
                return
            claim = self._claim(folder, name, file, now)
            if claim:
                slides[claim[0]] = claim
                parts.update(claim[1:])
        for main, claim in slides.items():
            if main not in parts:
                candidate = self._candidate(claim, now)
                if candidate is not None:
                    yield candidate

    def _claim(self, folder: Folder, name: str, file: File, now: float) -> tuple[str, ...]:
        """Return the files of the slide that a file belongs to; empty if it is none, or cannot be told now."""
        path = os.path.join(folder.path, name)
        version = folder.version + sum(self._tree.folders[own].version for own in self._own_folder(path))
        if file.claim is not None and (file.alone or (file.alone is False and file.seen == version)):
            return file.claim
        if file.alone is False and not self._tree.is_quiet_folder(folder.path, now):
            return ()
        file.alone = None
        try:
            claim = claimed_files(path)
            if claim is not None:
                file.alone = len(claim) == 1 and has_one_file(path)
        except (EnvironmentProblem, OSError) as error:
            self._cannot(file, folder, name, error)
            return ()
        except BlankslideError:
            claim = (path,)
        if claim is None and is_called_like_a_slide(Path(path)):
            claim = (path,)  # the rest of a set may be on its way: it is asked again, and never taken for a whole slide
        file.claim, file.seen = claim or (), version
        if not file.claim:
            file.state = "other"
            folder.open.discard(name)
        return file.claim

    def _candidate(self, claim: tuple[str, ...], now: float) -> Candidate | None:
        found = [(path, self._tree.find(path)) for path in claim]
        known = [(path, *each) for path, each in found if each is not None]
        if len(known) != len(found) or any(file.state == "taken" for _, _, file in known):
            return None
        main_folder, main = known[0][1:]
        if main.state != "open" or now < main.retry:
            return None
        folders = set[str]() if main.alone else self._own_folder(claim[0])
        if main.alone is False:
            folders |= {folder.path for _, folder, _ in known}
        if not all(self._tree.is_quiet_folder(path, now) for path in folders):
            return None
        if not all(self._tree.is_quiet(folder, file, now) for _, folder, file in known):
            return None
        changes = [file.since for _, _, file in known]
        changes += [self._tree.folders[path].since for path in folders if path in self._tree.folders]
        members = tuple(Member(folder.path, os.path.basename(path), file.stamp) for path, folder, file in known)
        return Candidate(members, main_folder.home, now - max(changes))

    def _own_folder(self, main: str) -> set[str]:
        """Return the folder beside a slide that is called like it: files of a set may be on their way into it."""
        stem = os.path.splitext(main)[0]
        return {stem} if stem in self._tree.folders else set()
