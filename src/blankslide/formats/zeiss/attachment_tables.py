"""Attachments of a CZI that are not pictures, and the entries of all attachments.

`LookupTables` and `FocusPositions` stay if all their values are legal. Time stamps go if they are
dates, not seconds since the scan began. The event list is emptied. Unknown attachments go whole.

Every attachment has two entries: one in the directory and one in its own segment. Readers look at
the first, so the second may say something else, and both may hold text behind the end of a name.

Source: the project's format map, section 9; the public description of the ZISRAW file format;
a real file.
"""

from __future__ import annotations

from math import isfinite
from struct import error, unpack_from
from typing import TYPE_CHECKING

from blankslide.containers.czi import ENTRY_SIZE, KIND_AT, NAME_AT
from blankslide.formatkit.findings import DIRECT, QUASI, UNKNOWN
from blankslide.model import Fill, Place, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.czi import Attachment
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.model import Edit
    from blankslide.source import ByteSource

__all__ = ["leftovers", "tables"]

_TABLE_NAME = pattern(rb"(?:LsmDetectorPalette(?:_\d{1,3}){0,3})?")
_SOON = 2 * 86400.0
_LEAST, _MOST = 1e-9, 1e7  # eight letters or digits, read as a number, are smaller or larger
_FIELDS = (KIND_AT, NAME_AT), (NAME_AT, ENTRY_SIZE)
_NUMBERS = (0, 2), (12, 24)  # schema, position and part


def tables(found: FindingCollector, source: ByteSource, attachment: Attachment) -> bool:
    """Read an attachment that is not a picture; return whether it is of a known form."""
    reader = _READERS.get((attachment.name, attachment.kind))
    start, end = attachment.data
    if reader is None or end - start > 64 << 20:
        return False
    try:
        return reader(found, source.read(start, end - start), start)
    except error:  # shorter than it announces
        return False


def _numbers(data: bytes) -> tuple[float, ...] | None:
    """Return the numbers that follow their length and count; None if length or count is wrong."""
    size, count = unpack_from("<ii", data)
    if count < 0 or len(data) < 8 + 8 * count or size not in (len(data), 8 + 8 * count) or any(data[8 + 8 * count :]):
        return None
    return unpack_from(f"<{count}d", data, 8)


def _times(found: FindingCollector, data: bytes, base: int) -> bool:
    """Report seconds: weak if they count from the beginning of the scan, else they are dates."""
    times = _numbers(data)
    if times is None:
        return False
    if any(times):
        place = Place(0, "TimeStamps", base + 8, base + 8 + 8 * len(times))
        weak = all(t == 0 or _LEAST <= t < _SOON for t in times)
        found.add("zeiss.time-stamps", "Time stamps", QUASI, place, (Fill(0, place.start, place.end),), None, weak)
    return True


def _events(found: FindingCollector, data: bytes, base: int) -> bool:
    empty = b"\x08" + bytes(7)
    if data[:8] in (empty, bytes(8)) and not any(data[8:]):
        return True
    if len(data) >= 8:
        edits: list[Edit] = [Write(0, base, empty)]
        if len(data) > 8:
            edits.append(Fill(0, base + 8, base + len(data)))
        found.add("zeiss.event-list", "Event list", DIRECT, Place(0, "EventList", base, base + len(data)), edits, None)
    return len(data) >= 8


def _focus(found: FindingCollector, data: bytes, base: int) -> bool:
    places = _numbers(data)
    return places is not None and all(p == 0 or (isfinite(p) and _LEAST <= abs(p) <= _MOST) for p in places)


def _lookup(found: FindingCollector, data: bytes, base: int) -> bool:
    """Check tables of colours, each with a name of 80 bytes."""
    size, count = unpack_from("<ii", data)
    if not 0 <= count <= 4096 or size != len(data):
        return False
    pos = 8
    for _ in range(count):
        (length,) = unpack_from("<i", data, pos)
        if length < 84 or pos + 4 + length > len(data) or not _is_table(data[pos + 84 : pos + 4 + length]):
            return False
        name = data[pos + 4 : pos + 84].rstrip(b"\0")
        if not _TABLE_NAME.fullmatch(name):
            place = Place(0, "LookupTables", base + pos + 4, base + pos + 84)
            text = name.partition(b"\0")[0].decode("utf-8", "replace")
            edit = (Fill(0, place.start, place.end),)
            found.add("zeiss.lookup-table.name", "Name of a colour table", UNKNOWN, place, edit, text)
        pos += 4 + length
    return not any(data[pos:])


def _is_table(data: bytes) -> bool:
    """Whether there are only rows of short numbers, one row for each colour."""
    (count,) = unpack_from("<i", data)
    pos = 4
    for _ in range(count):
        size, colour, steps = unpack_from("<iii", data, pos)
        if not -1 <= colour <= 16 or steps < 0 or size != 8 + 2 * steps:
            return False
        pos += 4 + size
    return count >= 0 and pos == len(data)


_READERS = {
    ("TimeStamps", "CZTIMS"): _times,
    ("EventList", "CZEVL"): _events,
    ("FocusPositions", "CZFOC"): _focus,
    ("LookupTables", "CZLUT"): _lookup,
}


def leftovers(found: FindingCollector, source: ByteSource, attachment: Attachment) -> None:
    """Report text behind a type or name, and differences between an attachment's two entries."""
    listed, own = (source.read(at, ENTRY_SIZE) for at in attachment.entries)
    for at, raw in zip(attachment.entries, (listed, own), strict=True):
        for low, high in _FIELDS:
            _leftover(found, at + low, raw[low:high], listed[low:high].partition(b"\0")[0])
    at = attachment.entries[1]
    for low, high in _NUMBERS:
        if own[low:high] != listed[low:high] and any(own[low:high]):
            _other(found, at + low, listed[low:high])


def _leftover(found: FindingCollector, at: int, raw: bytes, name: bytes) -> None:
    said, nul, rest = raw.partition(b"\0")
    if said != name:
        _other(found, at, name.ljust(len(raw), b"\0"))
    elif any(rest):
        start, end = at + len(said) + len(nul), at + len(raw)
        place, edit = Place(0, "attachments", start, end), (Fill(0, start, end),)
        value = rest.strip(b"\0").decode("utf-8", "replace")
        found.add("zeiss.attachment.remainder", "Text behind a name", UNKNOWN, place, edit, value)


def _other(found: FindingCollector, at: int, wanted: bytes) -> None:
    place, edit = Place(0, "attachments", at, at + len(wanted)), (Write(0, at, wanted),)
    found.add("zeiss.attachment.copy", "Second entry of an attachment", UNKNOWN, place, edit, None)
