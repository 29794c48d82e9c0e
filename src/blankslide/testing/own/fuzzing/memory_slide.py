"""The files of one slide in memory, as formats, inspection and the planner see them.

Nothing is written to a disk, so that thousands of slides a second can be looked at. Names are treated as on a disk: a
member is a single component, and one that is not there is a damaged slide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from blankslide.errors import DamagedSlide
from blankslide.source import MemorySource, Window

if TYPE_CHECKING:
    from blankslide.source import ByteSource

_UNSAFE = re.compile(r"[/\\:\0]|[. ]\Z")


class Traced(MemorySource):
    """A file that remembers which ranges of it were asked for."""

    __slots__ = ("asked",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked: set[tuple[int, int]] = set()

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``."""
        self.asked.add((offset, length))
        return super().read(offset, length)


class MemorySlide:
    """The files of one slide; a `SlideFiles`.

    Parameters
    ----------
    name
        Name of the main file.
    files
        All files of its folder by their names, the main one too.
    traced
        Remember what is read, at the cost of speed.

    Attributes
    ----------
    opened
        Names of the files that were opened, in that order: `Patch.file` counts them.
    files
        The same as sources.
    """

    def __init__(self, name: str, files: Mapping[str, bytes], traced: bool = False) -> None:
        self.name = name
        self.opened: list[str] = []
        self._data = files
        self._traced = traced
        self.files: list[ByteSource] = []
        self._views: list[ByteSource] = []
        self.main: ByteSource = self.open(name)

    def open(self, name: str) -> ByteSource:
        """Open a member by its name.

        Raises
        ------
        DamagedSlide
            If it leads outside, or there is none.
        """
        if name in self.opened:
            return self.files[self.opened.index(name)]
        if not name or _UNSAFE.search(name):
            raise DamagedSlide("a file name inside the slide leads outside its folder")
        if name not in self._data:
            raise DamagedSlide("a file that the slide refers to is missing")
        self.opened.append(name)
        self.files.append((Traced if self._traced else MemorySource)(self._data[name]))
        return self.files[-1]

    def views(self) -> Sequence[ByteSource]:
        """The opened files, as they are looked at."""
        new = self.files[len(self._views) :]
        self._views.extend(new if self._traced else map(Window, new))
        return self._views

    def window(self) -> Window:
        """The main file, as a probe wants it."""
        return cast("Window", self.views()[0])

    def names(self) -> list[str]:
        """Names of the files beside the main one."""
        return sorted(name for name in self._data if name != self.name)

    def glance(self, name: str, length: int, above: bool = False) -> bytes:
        """Return up to ``length`` first bytes of a file; there is none above."""
        return b"" if above else self._data.get(name, b"")[:length]

    def state(self, name: str) -> tuple[int, int, int, int, int] | None:
        """Nothing may be kept for later of files that change with every input."""
        return None

    def reads(self) -> Iterator[tuple[str, int, int]]:
        """Yield name, offset and length of what was read, if that was remembered."""
        for name, source in zip(self.opened, self.files, strict=True):
            if isinstance(source, Traced):
                yield from ((name, at, length) for at, length in sorted(source.asked))
