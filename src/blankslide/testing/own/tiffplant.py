"""Put things where a TIFF merely points, for tests of every format: classic, BigTIFF and NDPI.

Directories are written anew at the end of the file, and the old ones zeroed, as `tiffpatch` does for classic files.
Places come from the bytes themselves; Blankslide's own parser is not asked. `KINDS` names what can be planted; each
takes a plant, the number of a level's page and the bytes to hide.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

ASCII, SHORT, LONG, UNDEFINED = 2, 3, 4, 7
_SIZE = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, 5: 8, 6: 1, UNDEFINED: 1, 9: 4, 11: 4, 12: 8, 13: 4, 16: 8, 18: 8, 129: 1}
Entry = tuple[int, int, int, bytes]
"""Tag, type, number of values, and their bytes."""


class Plant:
    """A little-endian TIFF under alteration; ``bytes(plant)`` is the result."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.big = data[2] == 43
        first = int.from_bytes(data[4:12], "little")
        count = int.from_bytes(data[first : first + 2], "little") if first < len(data) else 0
        tags = [int.from_bytes(data[first + 2 + 12 * i : first + 4 + 12 * i], "little") for i in range(min(count, 99))]
        self.ndpi = not self.big and 65420 in tags
        self.wide = 8 if self.big or self.ndpi else 4
        self.step, self.room, self.head = (20, 8, 8) if self.big else (12, 4, 2)

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self.data[at : at + size], "little")

    def pointers(self) -> list[int]:
        """Where the pointer to each page stands."""
        found = [8 if self.big else 4]
        while at := self._number(found[-1], self.wide):
            found.append(at + self.head + self.step * self._number(at, self.head))
        return found[:-1]

    def entries(self, index: int) -> list[Entry]:
        """All entries of a page."""
        at = self._number(self.pointers()[index], self.wide)
        out = []
        for i in range(self._number(at, self.head)):
            pos = at + self.head + self.step * i
            tag, kind = struct.unpack_from("<HH", self.data, pos)
            count = self._number(pos + 4, self.room)
            size, value = _SIZE[kind] * count, pos + self.step - self.room
            if size > self.room or (self.ndpi and kind == ASCII):
                value = self._number(value, self.room)
            out.append((tag, kind, count, bytes(self.data[value : value + size])))
        return out

    def value(self, index: int, tag: int, default: int = 0) -> int:
        """First number of a tag."""
        found = next((e for e in self.entries(index) if e[0] == tag), None)
        return default if found is None else int.from_bytes(found[3][: _SIZE[found[1]]], "little")

    def append(self, data: bytes) -> int:
        """Put bytes at the end; return their offset."""
        self.data += bytes(len(self.data) % 2)
        self.data += data
        return len(self.data) - len(data)

    def directory(self, entries: list[Entry], following: int = 0) -> int:
        """Append a directory with its values; return its offset."""
        body = len(entries).to_bytes(self.head, "little")
        for tag, kind, count, value in sorted(entries, key=lambda e: e[0]):
            long = len(value) > self.room or (self.ndpi and kind == ASCII)
            field = self.append(value).to_bytes(self.room, "little") if long else value.ljust(self.room, b"\0")
            body += struct.pack("<HH", tag, kind) + count.to_bytes(self.room, "little") + field
        body += following.to_bytes(self.wide, "little") + (bytes(4 * len(entries)) if self.ndpi else b"")
        return self.append(body)

    def replace(self, index: int, entries: list[Entry]) -> None:
        """Give a page other entries; the old directory and its values are zeroed."""
        pointer = self.pointers()[index]
        old = self._number(pointer, self.wide)
        end = old + self.head + self.step * self._number(old, self.head)
        following = self._number(end, self.wide)
        for i in range(self._number(old, self.head)):
            pos = old + self.head + self.step * i
            kind, count = self._number(pos + 2, 2), self._number(pos + 4, self.room)
            value = self._number(pos + self.step - self.room, self.room)
            if _SIZE[kind] * count > self.room or (self.ndpi and kind == ASCII):
                self.data[value : value + _SIZE[kind] * count] = bytes(_SIZE[kind] * count)
        stop = end + self.wide + (4 * self._number(old, self.head) if self.ndpi else 0)
        new = self.directory(entries, following)
        self.data[old:stop] = bytes(stop - old)
        self.data[pointer : pointer + self.wide] = new.to_bytes(self.wide, "little")

    def put(self, index: int, tag: int, kind: int, value: bytes, *, twice: bool = False) -> None:
        """Give a page a tag, in place of the one it has unless ``twice``."""
        found = self.entries(index)
        new = (tag, kind, len(value) // _SIZE[kind], value)
        at = max((i for i, e in enumerate(found) if e[0] == tag), default=len(found)) + 1
        kept = [*found[:at], new, *found[at:]] if twice else [*(e for e in found if e[0] != tag), new]
        self.replace(index, kept)

    def grow(self, index: int, tags: tuple[int, int], change: Callable[[bytes], bytes], which: int = 0) -> None:
        """Give a strip or tile other bytes; ``tags`` are those of places and lengths."""
        found = {e[0]: e for e in self.entries(index)}
        arrays = []
        for tag in tags:
            _, kind, count, raw = found[tag]
            size = _SIZE[kind]
            arrays.append([int.from_bytes(raw[size * i : size * i + size], "little") for i in range(count)])
        start, length = arrays[0][which], arrays[1][which]
        new = change(bytes(self.data[start : start + length]))
        self.data[start : start + length] = bytes(length)
        arrays[0][which], arrays[1][which] = self.append(new), len(new)
        for tag, numbers in zip(tags, arrays, strict=True):
            self.put(index, tag, LONG, struct.pack(f"<{len(numbers)}L", *numbers))


def _tags(plant: Plant, page: int) -> tuple[int, int]:
    tiled = any(e[0] == 324 for e in plant.entries(page))
    return (324, 325) if tiled else (273, 279)


def _child(plant: Plant, page: int, secret: bytes, tag: int) -> None:
    """A picture of another shape in a child directory."""
    pixels = secret.ljust(90 * 20 * 3, b"\xff")
    at = plant.append(pixels)
    basics = {256: 90, 257: 20, 259: 1, 262: 2, 273: at, 277: 3, 278: 20, 279: len(pixels)}
    entries = [(t, LONG, 1, struct.pack("<L", v)) for t, v in basics.items()]
    entries.append((258, SHORT, 3, struct.pack("<3H", 8, 8, 8)))
    plant.put(page, tag, LONG, struct.pack("<L", plant.directory(entries)))


def _pointed(plant: Plant, page: int, secret: bytes) -> None:
    plant.put(page, 513, LONG, struct.pack("<L", plant.append(secret)))
    plant.put(page, 514, LONG, struct.pack("<L", len(secret)))


def _surplus(plant: Plant, page: int, secret: bytes) -> None:
    at = plant.append(secret)
    for tag, more in zip(_tags(plant, page), (at, len(secret)), strict=True):
        _, kind, _, raw = next(e for e in plant.entries(page) if e[0] == tag)
        plant.put(page, tag, kind, raw + more.to_bytes(_SIZE[kind], "little"))


def _behind_tables(plant: Plant, page: int, secret: bytes) -> None:
    """Text behind the tables that the tiles are decoded by, or behind none where they have their own."""
    own = next((e[3] for e in plant.entries(page) if e[0] == 347), b"\xff\xd8\xff\xd9")
    plant.put(page, 347, UNDEFINED, own + secret)


def _slack(plant: Plant, page: int, secret: bytes) -> None:
    """Bytes behind a short number in the entry of the photometric interpretation."""
    at = plant._number(plant.pointers()[page], plant.wide)
    for i in range(plant._number(at, plant.head)):
        pos = at + plant.head + plant.step * i
        if plant._number(pos, 2) == 262:
            start = pos + plant.step - plant.room + 2
            plant.data[start : pos + plant.step] = secret[: plant.room - 2]


def _comment(plant: Plant, page: int, secret: bytes) -> None:
    """A comment in front of the end marker of a JPEG."""
    segment = b"\xff\xfe" + (len(secret) + 2).to_bytes(2, "big") + secret
    plant.grow(page, _tags(plant, page), lambda old: old[:-2] + segment + old[-2:])


KINDS: Mapping[str, Callable[[Plant, int, bytes], None]] = {
    "label as SubIFD": lambda p, i, s: _child(p, i, s, 330),
    "label below EXIF": lambda p, i, s: _child(p, i, s, 34665),
    "tags 513 and 514": _pointed,
    "surplus tile": _surplus,
    "comment behind the scan": _comment,
    "behind a tile": lambda p, i, s: p.grow(i, _tags(p, i), lambda old: old + s),
    "second description": lambda p, i, s: p.put(i, 270, ASCII, s + b"\0", twice=True),
    "second software": lambda p, i, s: p.put(i, 305, ASCII, s + b"\0", twice=True),
    "second width": lambda p, i, s: p.put(i, 256, UNDEFINED, s, twice=True),
    "text as colours": lambda p, i, s: p.put(i, 320, SHORT, s),
    "text as curve": lambda p, i, s: p.put(i, 301, UNDEFINED, b"\1" + s),
    "text as black and white": lambda p, i, s: p.put(i, 532, 5, s.ljust(24)),
    "behind the tables": _behind_tables,
    "text in UTF-8": lambda p, i, s: p.put(i, 50708, 129, s),
    "unused bytes": _slack,
}
