"""Putting slides away: originals that are done, and into the quarantine what cannot be done, with a reason beside it.

The reason is written first, so no slide ever lies there without one. It holds no value from the slide. A slide that has
the name of one that is there already gets a folder of its own. Who drops a slide into the watched folder again has it
tried again; its old reason is then taken away.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from blankslide.storage import moving
from blankslide.storage.system import guard

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.watch.sorting import Candidate

REASON = ".reason.txt"
_MANY, _LONGEST = 1000, 255


def entries_of(candidate: Candidate) -> tuple[str, list[str]]:
    """Return the folder of a slide and what of it stands there, the main file last: a data folder counts as one."""
    folder = candidate.members[0].folder
    names: dict[str, None] = {}
    for member in candidate.members[1:]:
        inner = os.path.relpath(member.folder, folder)
        names[member.name if inner == os.curdir else inner.split(os.sep)[0]] = None
    names.pop(candidate.name, None)
    return folder, [*names, candidate.name]


def put_away(candidate: Candidate, root: Path) -> None:
    """Move an original below ``root``, into the sub-folders that it came from.

    Raises
    ------
    EnvironmentProblem
        If it cannot be moved.
    """
    folder, names = entries_of(candidate)
    moving.move(names, folder, _free(str(root), candidate.home, names), str(root))


def remove(candidate: Candidate, root: Path) -> None:
    """Remove an original that was copied and not changed since.

    Parameters
    ----------
    root
        Folder that is asked after a kill what was to be removed.

    Raises
    ------
    EnvironmentProblem
        If it cannot be removed.
    """
    moving.remove([member.path for member in reversed(candidate.members)], str(root))
    folder = candidate.members[0].folder
    for inner in {member.folder for member in candidate.members} - {folder}:
        with suppress(OSError):  # something else is in it
            os.rmdir(inner)


def quarantine(candidate: Candidate, root: Path, reason: str) -> None:
    """Move a slide to the quarantine, with the reason beside it.

    Raises
    ------
    EnvironmentProblem
        If it cannot be moved.
    """
    folder, names = entries_of(candidate)
    target = _free(str(root), candidate.home, names)
    with guard("write the reason into the quarantine"):
        os.makedirs(target, exist_ok=True)
        when = time.strftime("%Y-%m-%d %H:%M:%S")
        text = f"{reason}\n\nPut here by blankslide watch on {when}. Nothing of the slide was changed.\n"
        text += "To have it tried again, move it back into the watched folder, with all of its files.\n"
        path = os.path.join(target, reason_name(candidate.name))
        draft = os.path.join(target, f".blankslide-reason-{os.getpid()}")
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    moving.move(names, folder, target, str(root))


def reason_name(name: str) -> str:
    """Return what the reason is called that lies beside a slide; very long names leave no room for more letters."""
    whole = name + REASON
    if len(os.fsencode(whole)) <= _LONGEST:
        return whole
    return blake2b(os.fsencode(name), digest_size=12).hexdigest() + REASON


def _free(root: str, home: tuple[str, ...], names: list[str]) -> str:
    """Return the folder to move to: another one for each time that a name is taken."""
    first = os.path.join(root, *home)
    for number in range(_MANY):
        target = os.path.join(first, f"again-{number + 1}") if number else first
        if not any(os.path.lexists(os.path.join(target, name)) for name in names):
            return target
    return first


class Lying(NamedTuple):
    """A slide in the quarantine: where, why, and since when (time of day)."""

    path: str
    reason: str
    since: float


def lying_in(root: Path) -> Iterator[Lying]:
    """Yield what lies in a quarantine, and take away the reasons of slides that do not lie there any more."""
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        slides = {reason_name(name): name for name in (*names, *inner)}
        for name in names:
            if not name.endswith(REASON):
                continue
            path = os.path.join(folder, name)
            with suppress(OSError):
                if name not in slides:
                    if time.time() - os.stat(path).st_mtime > _MOMENT:
                        os.unlink(path)
                    continue
                with open(path, encoding="utf-8", errors="replace") as file:
                    reason = file.readline(1000).strip()
                yield Lying(os.path.join(folder, slides[name]), reason, os.stat(path).st_mtime)


_MOMENT = 2.0
"""Seconds between a reason and its slide."""
