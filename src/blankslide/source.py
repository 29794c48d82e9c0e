"""Where bytes come from: the little that parsers and formats know of a file.

Formats know no disk. They are handed a `SlideFiles`, which names the files of one slide
and reads exactly the bytes asked for. A read past the end is a damaged slide, never a
short answer, so no parser has to check lengths again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from blankslide.errors import DamagedSlide

_PAGE = 1 << 12


class ByteSource(Protocol):
    """Random access to one file."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``.

        Raises
        ------
        DamagedSlide
            If the range is not wholly inside the file.
        """

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of ``[start, end)`` that are not holes, in order."""


class SlideFiles(Protocol):
    """The files of one slide as a format sees them.

    Attributes
    ----------
    name
        File or folder name as the person gave it, without its directory. It may identify
        the patient: for comparison only.
    """

    name: str

    @property
    def main(self) -> ByteSource:
        """The file that was named."""

    def names(self) -> list[str]:
        """Names of all regular files that belong beside ``main``, itself excluded."""

    def open(self, name: str) -> ByteSource:
        """Open a member by its single-component name.

        Raises
        ------
        DamagedSlide
            If the name leaves the slide's folder or no such regular file exists.
        """

    def glance(self, name: str, length: int, above: bool = False) -> bytes:
        """Return up to ``length`` first bytes of a file beside the slide, without making it a member.

        With ``above`` it is looked for one folder higher. Empty where there is no such regular file, or it
        cannot be read.
        """

    def state(self, name: str) -> tuple[int, int, int, int, int] | None:
        """Return what changes with the content of a file beside the slide: device, inode, size, two times.

        None where that cannot be said; then nothing that was read of it may be kept for later.
        """


class MemorySource:
    """A `ByteSource` over bytes in memory, for tests and embedded containers."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``."""
        if offset < 0 or length < 0 or offset + length > len(self._data):
            raise DamagedSlide("the file ends before data that it announces")
        return self._data[offset : offset + length]

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the whole range: memory has no holes."""
        if start < end:
            yield start, end


class Window:
    """A `ByteSource` that answers small reads from the blocks it has read before.

    Directories and their values stand close together and are asked for again and again,
    and a system call costs more than slicing. Large reads go straight through. It must not
    outlive an edit of the file.

    Parameters
    ----------
    source
        The file.
    """

    __slots__ = ("_blocks", "_length", "_source")

    _KEEP = 64  # blocks of 8 KiB

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._length = source.size
        self._blocks: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._length

    @property
    def file(self) -> ByteSource:
        """The file itself, for what is read once."""
        return self._source

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``."""
        number, at = offset >> 13, offset & 8191
        block = self._blocks.get(number)
        if block is not None:
            data = block[at : at + length]
            if len(data) == length > 0:  # else it goes beyond the block, or is no length at all
                return data
        if at + length > 8192 or length < 0 or offset < 0 or offset + length > self._length:
            return self._source.read(offset, length)
        if len(self._blocks) >= self._KEEP:
            self._blocks.clear()
        start = number << 13
        block = self._blocks[number] = self._source.read(start, min(8192, self._length - start))
        return block[at : at + length]

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of ``[start, end)`` that are not holes, in order."""
        return self._source.data_ranges(start, end)


def is_blank(data: bytes) -> bool:
    """Whether all bytes are zero; one comparison of memory, however many they are."""
    return data == bytes(len(data))


def any_data(source: ByteSource, start: int, end: int) -> bool:
    """Whether any byte of ``[start, end)`` is not zero; holes are skipped, the rest is read a megabyte at a time."""
    if isinstance(source, Window):  # between ten thousand tiles lie as many single bytes: none is worth a block
        source = source.file
    if end - start <= _PAGE:  # to ask for holes costs more than to read so little
        data = source.read(start, end - start)
        return data != bytes(len(data))  # as `is_blank`, without its call
    for low, high in source.data_ranges(start, end):
        for pos in range(low, high, 1 << 20):
            chunk = source.read(pos, min(1 << 20, high - pos))
            if not is_blank(chunk):
                return True
    return False
