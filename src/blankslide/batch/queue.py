"""Which slides a run is about: files, sets and folders, in one order, numbered, and split into shards.

The numbers and the shards depend on nothing but what stands below the paths that were named, so that several machines
agree on them without talking to each other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from blankslide.errors import UsageError
from blankslide.pipeline import slides_in


class Task(NamedTuple):
    """One slide of the queue.

    Attributes
    ----------
    number
        From 1, in the whole queue.
    path
        The slide.
    home
        Folders between what was named and the slide.
    name
        Its new name, or None.
    refusal
        Why it is not to be done, or empty.
    kept
        Identifiers in its present name that stay, for the ledger: what each is, and its value.
    """

    number: int
    path: Path
    home: tuple[str, ...] = ()
    name: str | None = None
    refusal: str = ""
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> str:
        """The slide's path below what was named."""
        return "/".join((*self.home, self.path.name or str(self.path)))


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` (from 1) of ``count`` parts."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``i/n``.

        Raises
        ------
        UsageError
            If it is not one of the parts.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip(), re.ASCII)
        shard = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if not 1 <= shard.index <= shard.count:
            raise UsageError(f"{text!r} is no shard", "write i/n, such as 1/3, 2/3 and 3/3 for three machines")
        return shard

    def holds(self, task: Task) -> bool:
        """Whether the slide belongs to this part: its path below what was named decides, wherever that is mounted."""
        from hashlib import blake2b

        digest = blake2b(os.fsencode(task.place), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.index - 1


class Aside(NamedTuple):
    """Who is told of what is no slide.

    Attributes
    ----------
    unclaimed
        Called with each file of a folder that is no slide.
    unreadable
        Called with each folder that cannot be listed.
    empty
        Called with each path below which no slide was found.
    looked
        Called after each file that was looked at; may raise, to end it all.
    """

    unclaimed: Callable[[Path], None] = lambda path: None
    unreadable: Callable[[Path], None] = lambda path: None
    empty: Callable[[Path], None] = lambda path: None
    looked: Callable[[bool], None] = lambda slide: None


def tasks(paths: Iterable[Path], out: str | None, aside: Aside) -> Iterator[Task]:
    """Yield each slide once, numbered.

    Parameters
    ----------
    out
        Folder that copies go to: what is in it is not looked at.
    """
    seen: set[str] = set()
    number = 0
    for root in paths:
        before = number
        for path in slides_in([root], aside.unclaimed, out, aside.unreadable, aside.looked):
            number += 1  # of a slide that was named twice, too
            real = os.path.realpath(path)
            if real not in seen:
                seen.add(real)
                yield Task(number, path, _home(root, path))
        if number == before:
            aside.empty(root)


def shuffled(found: Iterable[Task], key: bytes | None) -> Iterator[Task]:
    """Yield the slides in an order that tells nothing, and numbered by it: the same one whenever it is asked for.

    It comes from the site's key and from their places, so a slide that is renamed or gone moves no two others.

    Raises
    ------
    UsageError
        If there is no key.
    """
    import hmac

    if key is None:
        raise UsageError("a blind order needs the site's key", "name one with --key")
    waiting = [(hmac.digest(key, b"blind\0" + os.fsencode(task.place), "sha256"), task) for task in found]
    for number, (_, task) in enumerate(sorted(waiting), 1):
        yield task._replace(number=number)


def _home(root: Path, path: Path) -> tuple[str, ...]:
    """Return the folders between what was named and the slide; a folder that is the slide has none."""
    try:
        return path.parent.relative_to(root).parts
    except ValueError:
        return ()


def usual_jobs() -> int:
    """Return how many processes there are if nobody says it: as many as processors, up to four."""
    return min(os.cpu_count() or 1, 4)


def slides(*folders: str | Path) -> Iterator[Path]:
    """Yield what a run over these folders, files and sets would take, in its order.

    Nothing is changed, and of most files only the beginning is read.
    """
    for task in tasks([Path(folder) for folder in folders], None, Aside()):
        yield task.path
