"""Where journals stand: their names, and looking for one beside a slide.

Whoever only looks at a slide asks here whether a journal waits for it; what is in one is `journal`'s, and is read
by those who need it.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.storage.slide_files import AnyPath

__all__ = ["PREFIX", "TEMP", "find", "find_in", "find_resolved", "journal_name", "leftover_temp", "temp_name"]

PREFIX = ".blankslide-"
TEMP = ".tmp"
_HOT = pattern(re.escape(PREFIX) + r"\d+\Z")


def journal_name(inode: int) -> str:
    """Name of the journal of a slide whose main file has this inode."""
    return f"{PREFIX}{inode}"


def temp_name(inode: int) -> str:
    """Name while it does not count: being written, or being wiped."""
    return f"{PREFIX}{inode}{TEMP}"


def find(path: AnyPath) -> Path | None:
    """Return the journal that waits for this slide, if any; one look-up, no listing."""
    return _beside(path, journal_name)


def find_resolved(real: str) -> Path | None:
    """Return what `find` returns, for who has resolved the path already: resolving looks at each folder above."""
    return _at(real, journal_name)


def leftover_temp(path: AnyPath) -> Path | None:
    """Return what a run that never reached its commit point, or died while wiping, has left."""
    return _beside(path, temp_name)


def _beside(path: AnyPath, name: Any) -> Path | None:
    return _at(os.path.realpath(os.fsdecode(path)), name)


def _at(real: str, name: Any) -> Path | None:
    try:
        inode = os.stat(real).st_ino
    except OSError:
        return None
    candidate = os.path.join(os.path.dirname(real), name(inode))
    if not os.path.lexists(candidate):
        return None
    from pathlib import Path

    return Path(candidate)


def find_in(directory: AnyPath) -> list[Path]:
    """Return all journals in a folder, whether their slide is still there or not."""
    from pathlib import Path

    folder = os.fsdecode(directory)
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [Path(folder, name) for name in sorted(names) if name.startswith(PREFIX) and _HOT.match(name)]
