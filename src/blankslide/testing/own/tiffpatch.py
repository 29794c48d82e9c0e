"""Put things into a finished classic TIFF, for tests: tags, pages, texts, bytes nobody owns.

A directory is never edited where it stands: it is written anew at the end of the file with
the entries that are wanted, and the old one is zeroed, so that nothing but the planted thing
is left behind. Files are small-endian and classic, as `samples.aperio` writes them by default.
Places come from the bytes themselves; Blankslide's own parser is not asked.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

BYTE, ASCII, SHORT, LONG, UNDEFINED, DOUBLE = 1, 2, 3, 4, 7, 12
_SIZE = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, 5: 8, 6: 1, UNDEFINED: 1, 8: 2, 9: 4, 10: 8, 11: 4, DOUBLE: 8, 13: 4}
Entry = tuple[int, int, int, bytes]
"""Tag, type, number of values, and the four bytes that hold the value or its offset."""


class Patcher:
    """A classic TIFF under alteration; ``bytes(patcher)`` is the result.

    Parameters
    ----------
    data
        The file.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    # -- looking ---------------------------------------------------------------------------

    def pointers(self) -> list[int]:
        """Where the pointer to each page stands; the last is the one that says there is none."""
        found = [4]
        while at := self._long(found[-1]):
            found.append(at + 2 + 12 * self._short(at))
        return found

    def page(self, index: int) -> int:
        """Offset of a page's directory."""
        return self._long(self.pointers()[index])

    def entries(self, directory: int) -> list[Entry]:
        """Entries of a directory at an offset."""
        where = (directory + 2 + 12 * i for i in range(self._short(directory)))
        return [struct.unpack_from("<HHL4s", self.data, at) for at in where]

    def value(self, directory: int, tag: int) -> bytes:
        """Raw bytes of a tag's value."""
        _, kind, count, field = next(e for e in self.entries(directory) if e[0] == tag)
        size = _SIZE[kind] * count
        at = int.from_bytes(field, "little")
        return field[:size] if size <= 4 else bytes(self.data[at : at + size])

    def _short(self, at: int) -> int:
        return int.from_bytes(self.data[at : at + 2], "little")

    def _long(self, at: int) -> int:
        return int.from_bytes(self.data[at : at + 4], "little")

    # -- changing --------------------------------------------------------------------------

    def append(self, data: bytes) -> int:
        """Put bytes at an even offset at the end; return the offset."""
        self.data += bytes(len(self.data) % 2)
        at = len(self.data)
        self.data += data
        return at

    def entry(self, tag: int, kind: int, value: bytes) -> Entry:
        """Make an entry, with its value behind the file's end if it has no room inside."""
        count = len(value) // _SIZE[kind]
        field = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<L", self.append(value))
        return tag, kind, count, field

    def directory(self, entries: list[Entry], following: int = 0) -> int:
        """Append a directory; return its offset."""
        body = b"".join(struct.pack("<HHL4s", *e) for e in sorted(entries, key=lambda e: e[0]))
        return self.append(struct.pack("<H", len(entries)) + body + struct.pack("<L", following))

    def replace_page(self, index: int, entries: list[Entry]) -> None:
        """Give a page other entries."""
        pointer = self.pointers()[index]
        old = self._long(pointer)
        end = old + 6 + 12 * self._short(old)
        new = self.directory(entries, self._long(end - 4))
        self.data[old:end] = bytes(end - old)
        self._point(pointer, new)

    def add_page(self, entries: list[Entry]) -> None:
        """Append a page to the chain."""
        last = self.pointers()[-1]
        self._point(last, self.directory(entries))

    def _point(self, at: int, target: int) -> None:
        self.data[at : at + 4] = struct.pack("<L", target)

    def put(self, index: int, tag: int, kind: int, value: bytes, *, twice: bool = False) -> None:
        """Give a page a tag, in place of one it has unless ``twice``."""
        kept = [e for e in self.entries(self.page(index)) if twice or e[0] != tag]
        self.zero_value(index, tag, keep=twice)
        self.replace_page(index, [*kept, self.entry(tag, kind, value)])

    def zero_value(self, index: int, tag: int, keep: bool = False) -> None:
        """Zero the bytes outside the directory that a tag's value takes."""
        for found, kind, count, field in self.entries(self.page(index)):
            size = _SIZE[kind] * count
            at = int.from_bytes(field, "little")
            if found == tag and size > 4 and not keep:
                self.data[at : at + size] = bytes(size)

    def describe(self, index: int, change: Callable[[bytes], bytes]) -> None:
        """Change a page's description; the final NULs are left out before and added after."""
        old = self.value(self.page(index), 270).rstrip(b"\0")
        self.put(index, 270, ASCII, change(old) + b"\0")

    def child(self, index: int, pointer: int, tags: Mapping[int, tuple[int, bytes]]) -> None:
        """Give a page a child directory (EXIF, GPS ...) behind a pointer tag."""
        entries = [self.entry(tag, kind, value) for tag, (kind, value) in tags.items()]
        self.put(index, pointer, LONG, struct.pack("<L", self.directory(entries)))

    def strip(self, index: int, change: Callable[[bytes], bytes]) -> None:
        """Change the first coded strip of a page; the old one is zeroed."""
        page = self.page(index)
        numbers = [list(struct.unpack(f"<{len(v) // 4}L", v)) for v in (self.value(page, 273), self.value(page, 279))]
        at, size = numbers[0][0], numbers[1][0]
        old = bytes(self.data[at : at + size])
        self.data[at : at + size] = bytes(size)
        new = change(old)
        numbers[0][0], numbers[1][0] = self.append(new), len(new)
        for tag, values in zip((273, 279), numbers, strict=True):
            self.put(index, tag, LONG, struct.pack(f"<{len(values)}L", *values))
