"""What was done before the service was started again: only a hint, so that an archive is not looked at each time.

One line of 16 digits for each file that is done: a keyed digest of its path, inode, size and times. No name is in it.
A file that has changed has another line, so it is looked at. Who loses the file loses nothing: slides are looked at
again, and found done. It counts only for the same way of doing things, which its first line tells.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.watch.settings import Settings
    from blankslide.watch.tree import Stamp

_DIGITS = 16


class Hints:
    """Files that are done.

    Parameters
    ----------
    settings
        Of the service; its site key is there by now.
    """

    def __init__(self, settings: Settings) -> None:
        self._path: Path = settings.health.with_suffix(".done")
        self._key = settings.options.key or bytes(32)
        way = (settings.out, settings.originals, settings.options.resolved().name, settings.options.ledger is None)
        self._head = self._digest("\0".join(map(str, way)))
        self._known = self._read()

    def __len__(self) -> int:
        return len(self._known)

    def _digest(self, text: str) -> str:
        data = text.encode("utf-8", "surrogateescape")
        return blake2b(data, key=self._key, digest_size=_DIGITS // 2).hexdigest()

    def _line(self, path: str, stamp: Stamp) -> str:
        """Return a file's line; the time of its last change of any kind tells it from one that got its inode."""
        changed = 0
        with suppress(OSError):
            changed = os.stat(path, follow_symlinks=False).st_ctime_ns
        return self._digest(f"{stamp.inode}\0{stamp.size}\0{stamp.mtime_ns}\0{changed}\0{path}")

    def _read(self) -> set[int]:
        with suppress(OSError, ValueError), self._path.open(encoding="ascii") as file:
            if file.readline().strip() == self._head:
                return {int(line, 16) for line in file if len(line) == _DIGITS + 1}
        return set()

    def has(self, path: str, stamp: Stamp) -> bool:
        """Whether a file was done as it is now."""
        return bool(self._known) and int(self._line(path, stamp), 16) in self._known

    def add(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """Take note of files that are done; a hint that cannot be written is none."""
        with suppress(OSError):
            is_new = not self._path.exists()
            with self._path.open("a", encoding="ascii") as file:
                file.write("".join(f"{line}\n" for line in self._lines(files, is_new)))

    def rewrite(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """Keep only what is still there, and forget what was read: it was asked for."""
        draft = self._path.with_suffix(".done.tmp")
        with suppress(OSError):
            with draft.open("w", encoding="ascii") as file:
                file.writelines(f"{line}\n" for line in self._lines(files, True))
            os.replace(draft, self._path)
        self._known = set()

    def _lines(self, files: Iterable[tuple[str, Stamp]], with_head: bool) -> Iterable[str]:
        if with_head:
            yield self._head
        for path, stamp in files:
            yield self._line(path, stamp)
