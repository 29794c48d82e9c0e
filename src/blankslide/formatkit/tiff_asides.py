"""What pages point at beside their pictures: text and pictures that count as tissue to whoever does not look.

A picture is the strips or tiles that its grid needs, and of each the coded stream from its start to its end. All else
is found here: further strips or tiles, tags 513 and 514, text in JPEG tables, and whatever stands in a strip or tile
before, between or behind coded data. It is metadata then, not tissue; most of it can be overwritten without a change
to a pixel or a length, and what cannot is told of.

Of a picture that may stay all strips are looked at; of a level the first tile, the last, and some between, because
encoders write the same into all. If one of them speaks, or the person asks to be thorough, all are looked at.
"""

from __future__ import annotations

from itertools import islice
from operator import add
from typing import TYPE_CHECKING

from blankslide.containers.streams import jpeg
from blankslide.containers.streams.beside import KNOWN, beside
from blankslide.containers.streams.frames import frame_of, lacks_tables
from blankslide.containers.tiff import directories as T
from blankslide.containers.tiff import surplus
from blankslide.containers.tiff.directories import Aside
from blankslide.errors import DamagedSlide
from blankslide.formatkit.findings import TOO_MANY, UNKNOWN, FindingCollector, places_in
from blankslide.formatkit.tiff_children import child_role, is_kept
from blankslide.formatkit.tiff_numbered_pages import has_picture
from blankslide.model import Fill, Place, Write
from blankslide.source import any_data, is_blank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from blankslide.containers.tiff.directories import Ifd, Tiff
    from blankslide.model import Edit
    from blankslide.source import ByteSource

    _Read = dict[bytes, list[tuple[int, int]] | None]

__all__ = ["collect", "report", "report_slack"]

_FEW, _HEAD = 8, 1 << 12
_LARGEST, _TOGETHER = 4 << 20, 1 << 20
_RAW, _JPEG = 1, 7
_OF_A_PICTURE = frozenset((T.STRIP_BYTE_COUNTS, T.TILE_WIDTH, T.TILE_LENGTH, T.TILE_BYTE_COUNTS))
_SUBSAMPLED = 4  # so many times fewer bytes than samples, at most
#: Codecs of which a stream's end depends on how many pixels come out, and those that must be decoded to find it.
_SIZED = frozenset((_RAW, 8, 32946, 32773, 34925))
_SLOW = frozenset((5, 8, 32946, 32773, 34925))
_TITLES = {
    "surplus": ("tiff.surplus", "Data beyond a picture's grid"),
    "numbers": ("tiff.surplus-places", "Numbers beyond a picture's grid"),
    "pointer": ("tiff.pointed-picture", "Picture that tag 513 points at"),
    "tables": ("jpeg.tables-text", "Text in JPEG tables"),
    "tile": ("jpeg.tile-text", "Text in a tile"),
    "strip": ("jpeg.picture-text", "Text in a picture"),
}


def collect(tiff: Tiff, roles: Mapping[str, str], whole_strips: bool = True) -> None:
    """Find what stands beside the pictures of all pages that may stay; the result is ``tiff.asides``.

    Parameters
    ----------
    roles
        Page name -> role.
    whole_strips
        Whether levels in strips are looked at too. A format whose levels are single huge strips looks itself.

    Raises
    ------
    DamagedSlide
        If there are more than a file of that size can have, or a picture is described of which nobody says where it is.
    """
    tiff.asides, most = [], places_in(tiff.size)
    tables: set[tuple[int, int]] = set()
    read: _Read = {}
    for page in tiff.pages:
        role = roles[page.name]
        if not is_kept(role):
            continue
        for ifd in page.family():
            if ifd is not page and child_role(page, ifd, role) == "picture":
                continue  # it is drawn over
            _require_places(ifd, role == "level" and ifd is page)
            _tables(tiff, ifd, tables, read)
            if has_picture(ifd) and (whole_strips or role != "level"):
                tiff.asides += _bounded(_of_picture(ifd, role == "level"), most - len(tiff.asides))
            starts = ifd.segments()[0] if has_picture(ifd) else ()
            span = surplus.pointed(ifd, starts)
            if span and not surplus.is_old_jpeg(ifd) and span[1] <= tiff.size and any_data(tiff.source, *span):
                tiff.asides.append(Aside(ifd.name, "pointer", *span, slot=span))
    tiff.asides = list(dict.fromkeys(tiff.asides))


def _require_places(ifd: Ifd, is_level: bool) -> None:
    """Refuse a picture whose places are lost: the list of them would be taken for a text under an unknown tag.

    Raises
    ------
    DamagedSlide
        If there is none although it is a level, or its tiles have a size, or its strips or tiles a length.
    """
    if not has_picture(ifd) and (is_level or not ifd.tags.keys().isdisjoint(_OF_A_PICTURE)):
        raise DamagedSlide(f"{ifd.name} does not say where its image data is")


def _bounded(asides: Iterator[Aside], most: int) -> dict[Aside, None]:
    """Return each once, because tiles may share their bytes; refuse now what has too many to be reported."""
    found: dict[Aside, None] = {}
    for aside in asides:
        found[aside] = None
        if len(found) > most:
            raise DamagedSlide(TOO_MANY)
    return found


def _tables(tiff: Tiff, ifd: Ifd, seen: set[tuple[int, int]], read: _Read) -> None:
    """Look into a directory's JPEG tables, once if several share them; what says the same is taken apart once."""
    for entry in ifd.entries:
        if entry.tag != T.JPEG_TABLES or (entry.start, entry.end) in seen:
            continue
        seen.add((entry.start, entry.end))
        at, slot, raw = entry.start, (entry.start, entry.end), ifd.raw(entry)
        if raw not in read:
            read[raw] = jpeg.beside_tables(raw)
        spans = read[raw]
        if spans is None:
            tiff.asides.append(Aside(ifd.name, "tables", *slot, None))
        tiff.asides += (Aside(ifd.name, "tables", at + low, at + high, slot=slot) for low, high in spans or ())


def _of_picture(ifd: Ifd, tissue: bool) -> Iterator[Aside]:
    """Yield what stands beside one picture."""
    source, name = ifd.tiff.source, ifd.name
    count = surplus.needed(ifd)
    extra = surplus.spare_segments(ifd, count)
    # as much again as the grid needs may be another plane, which is tissue
    editable = count == 0 or len(extra) % count or not tissue
    editable = editable and not (extra and _is_like_the_first(ifd, extra))
    if tissue:
        _require_whole(ifd, count)
    for start, length in extra:
        if start + length <= source.size and any_data(source, start, start + length):
            slot = start, start + length
            yield Aside(name, "surplus", *slot, b"" if editable else None, slot)
    for start, end in surplus.spare_entries(ifd, count) if editable else ():
        yield Aside(name, "numbers", start, end)
    codec = ifd.number(T.COMPRESSION, 1)
    if codec in KNOWN:
        yield from _in_slots(ifd, codec, tissue, count)


def _require_whole(ifd: Ifd, count: int) -> None:
    """Refuse a level that nobody can decode: what seems to stand beside its picture may be its picture.

    Raises
    ------
    DamagedSlide
        If it has no size, or fewer strips or tiles than its size needs, or only empty ones, or one of fewer bytes than
        its pixels have, or if its JPEG streams have no tables.
    """
    starts, lengths = ifd.segments()
    if count > min(len(starts), len(lengths)):
        raise DamagedSlide(f"{ifd.name} has fewer strips or tiles than its size needs")
    if not count:
        raise DamagedSlide(f"{ifd.name} has no size, or strips or tiles of none")
    codec, source = ifd.number(T.COMPRESSION, 1), ifd.tiff.source
    first = next((i for i in range(min(count, 4096)) if lengths[i]), None)
    if first is None and 0 < count <= 4096:
        raise DamagedSlide(f"{ifd.name} has no data in any strip or tile")
    if first is None or int(starts[first]) + int(lengths[first]) > source.size:
        return
    length = int(lengths[first])
    least = surplus.slot_size(ifd, first) // (_SUBSAMPLED if ifd.number(T.PHOTOMETRIC) == 6 else 1)
    if codec == _RAW and length < least:
        raise DamagedSlide(f"{ifd.name} has fewer bytes than its pixels need")
    if codec == _JPEG:
        entry = ifd.tags.get(T.JPEG_TABLES)
        tables = b"" if entry is None else ifd.raw(entry)
        used = [(int(starts[i]), int(lengths[i])) for i in dict.fromkeys((first, count // 2, count - 1)) if lengths[i]]
        heads = [source.read(start, min(length, _HEAD)) for start, length in used]
        is_none = not tables and not any(head.startswith(b"\xff\xd8") for head in heads)
        if not is_none and lacks_tables(heads, tables):  # perhaps only because they stand behind a colour profile
            is_none = lacks_tables((source.read(start, min(length, _LARGEST)) for start, length in used), tables)
        if is_none:
            raise DamagedSlide(f"{ifd.name} has no tables to decode its tiles by")


def _is_like_the_first(ifd: Ifd, extra: Sequence[tuple[int, int]]) -> bool:
    """Whether what a level has beyond its grid is coded as its tiles are: then its size may be what is wrong."""
    source, count = ifd.tiff.source, surplus.needed(ifd)
    slots = [(int(start), int(length)) for start, length in zip(*ifd.segments(), strict=False)]

    def frames(some: Sequence[tuple[int, int]]) -> set[tuple[str, bytes]]:
        whole = ((start, length) for start, length in some if length and start + length <= source.size)
        found = (frame_of(source.read(start, min(length, _HEAD))) for start, length in islice(whole, _FEW))
        return {frame for frame in found if frame is not None}

    return not frames(slots[:count]).isdisjoint(frames(extra))


def _in_slots(ifd: Ifd, codec: int, tissue: bool, count: int) -> Iterator[Aside]:
    starts, lengths = ifd.segments()
    total = min(len(starts), len(lengths), count or len(starts))
    few = _chosen(ifd, codec, total, tissue)
    slots = _Slots(ifd, codec, "tile" if tissue else "strip", few)
    spoke = False
    for i in () if slots.is_quiet(few) else few:
        for aside in slots.look(i):
            spoke = True
            yield aside
    if codec == _RAW and ifd.number(T.PHOTOMETRIC) != 6:
        rest: Sequence[int] = _longer(ifd, lengths, total)
    else:
        rest = range(total) if spoke else ()
    done = set(few)
    for i in rest:
        if i not in done:
            yield from slots.look(i)


def _chosen(ifd: Ifd, codec: int, total: int, tissue: bool) -> Sequence[int]:
    """Choose the strips or tiles that are looked at in any case."""
    if not tissue or ifd.tiff.thorough or total <= _FEW:
        return range(total)
    _, lengths = ifd.segments()
    most = 1 if codec in _SLOW else _FEW // 2
    used = [total * i // most for i in range(most)] + [total - 1]
    first = next((i for i in range(min(total, 4096)) if lengths[i]), 0)
    # what somebody hung on a tile makes it a long one
    seen = lengths[: min(total, 1 << 16)]
    longest = seen.index(max(seen)) if isinstance(seen, tuple) else int(seen.argmax())  # type: ignore[attr-defined]
    return list(dict.fromkeys([first, longest, *(i for i in used if lengths[i])]))


def _longer(ifd: Ifd, lengths: Sequence[int], total: int) -> Sequence[int]:
    """Return which uncompressed strips or tiles have more bytes than their pixels; this costs no look at them."""
    size = surplus.slot_size(ifd, 0)
    if isinstance(lengths, tuple):
        return [i for i in range(total) if lengths[i] > size]
    import numpy as np

    return np.flatnonzero(np.asarray(lengths[:total]) > size).tolist()


class _Slots:
    """Looks into the strips or tiles of one picture; those that lie together are read at once."""

    def __init__(self, ifd: Ifd, codec: int, kind: str, few: Sequence[int]) -> None:
        self.ifd, self.codec, self.kind = ifd, codec, kind
        self.source: ByteSource = ifd.tiff.source
        self.starts, self.lengths = ifd.segments()
        self._low, self._block = 0, b""
        if codec != _RAW and isinstance(few, range) and few:
            low = int(self.starts[0])
            high = int(self.starts[few[-1]]) + int(self.lengths[few[-1]])
            if low < high <= min(low + _TOGETHER, self.source.size):
                self._low, self._block = low, self.source.read(low, high - low)

    def is_quiet(self, few: Sequence[int]) -> bool:
        """Whether JPEG strips that lie together, one behind the other, have no room for text; asked of all at once."""
        if self.codec != _JPEG or not self._block:
            return False
        starts, lengths = self.starts[: len(few)], self.lengths[: len(few)]  # `few` is a range from 0 where a block is
        if not isinstance(starts, tuple) or not isinstance(lengths, tuple):  # as of more strips than scanners write
            return False
        if starts[1:] != tuple(map(add, starts, lengths))[:-1]:
            return False
        return jpeg.are_bare(self._block, lengths)

    def look(self, index: int) -> Iterator[Aside]:
        """Yield what stands in one strip or tile beside its picture."""
        start, length = int(self.starts[index]), int(self.lengths[index])
        if not length or start + length > self.source.size:
            return  # the byte map refuses the second
        name, codec, slot = self.ifd.name, self.codec, (start, start + length)
        size = surplus.slot_size(self.ifd, index) if codec in _SIZED else 0
        if codec == _RAW:
            if length > size and any_data(self.source, start + size, start + length):
                new = b"" if size else None  # of pixels of no size nobody knows where they end
                yield Aside(name, self.kind, start + size, start + length, new, slot)
        elif length > _LARGEST:
            for part in jpeg.asides(self.source, start, length) if codec in (6, 7) else ():
                if part.text:
                    yield Aside(name, self.kind, part.start, part.end, slot=slot)
        else:
            data = self._data(start, length)
            for low, high, new in beside(codec, data, size):
                if new is not None and is_blank(new):
                    new = None if _has_tile(data, low, high) else b""
                yield Aside(name, self.kind, start + low, start + high, new, slot)

    def _data(self, start: int, length: int) -> bytes:
        at = start - self._low
        if at >= 0 and at + length <= len(self._block):
            return self._block[at : at + length]
        return self.source.read(start, length)


def _has_tile(data: bytes, low: int, high: int) -> bool:
    """Whether a part of a slot holds a picture that is coded as the slot's own: then a tile's end is what is wrong."""
    own = frame_of(data[:_HEAD])
    at = data.find(data[:3], low, high) if own else -1
    while at >= 0:
        if frame_of(data[at : at + _HEAD]) == own:
            return True
        at = data.find(data[:3], at + 1, high)
    return False


def report(found: FindingCollector, tiff: Tiff, asides: Sequence[Aside]) -> None:
    """Turn what was found beside pictures into findings."""
    source = tiff.source
    for where, kind, start, end, new, _ in asides:
        id_, title = _TITLES[kind]
        edits: tuple[Edit, ...] = ()
        if new is not None:
            edits = (Write(0, start, new) if new else Fill(0, start, end),)
        else:
            id_, title = f"{id_}-left", f"{title}, which cannot be removed"
        text = None
        if kind in ("tables", "tile", "strip") and end - start <= 1 << 16 and not new and new is not None:
            text = source.read(start, end - start).strip(b"\0").decode("latin-1")
        found.add(id_, title, UNKNOWN, Place(0, where, start, end), edits, text)


def report_slack(found: FindingCollector, tiff: Tiff) -> None:
    """Turn unused bytes of value fields into findings."""
    for where, start, end in tiff.slack:
        text = tiff.source.read(start, end - start).strip(b"\0").decode("latin-1")
        place, edit = Place(0, where, start, end), (Fill(0, start, end),)
        found.add("tiff.unused-bytes", "Unused bytes of a value field", UNKNOWN, place, edit, text)
