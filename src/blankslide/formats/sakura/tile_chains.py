"""Which bytes of an svslide are coded tissue: the chains of pages that hold tiles.

A tile of 10 to 50 KB fills a chain of pages, each of which begins with the number of the next.
Following every chain would read the whole file. So a chain is assumed to be straight, one page
after the other, if its end agrees: the page before the last leads to the last, the last leads
nowhere, and the picture's end marker stands where its length puts it. The other chains are
followed. Counting then proves the assumption: chains, tables, indexes and free pages must own
each page of the file exactly once. If they do not, or if the person asks to be thorough, all
chains are followed.

Promise: tissue is a tile's own bytes and, in straight chains, the page numbers between them.
The bytes behind a tile's end, in its last page, are slack. Text in its JPEG header is a finding.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from blankslide.containers.sqlite.records import Value
from blankslide.containers.streams import jpeg
from blankslide.containers.streams.frames import is_coded
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formats.sakura.check_sums import Changed
from blankslide.formats.sakura.columns import Field
from blankslide.model import PhiClass
from blankslide.spans import LARGE, ByteClass, ByteMap, merge, subtract

if TYPE_CHECKING:
    from blankslide.containers.sqlite.pages import Database, Payload
    from blankslide.formatkit.findings import FindingCollector

__all__ = ["Chains", "Runs", "Tile"]

_EOI = b"\xff\xd9"
_HEAD, _TAIL = 4096, 1 << 16
_LONGEST_HEAD = 1 << 24
_WHOLE = 64 << 20
_BASELINE = frozenset((0xC0, 0xC1))


class Tile(NamedTuple):
    """One tile: its record, the offset of the picture in the record, scale and colour.

    ``ends`` is False if the tile fits into one page and has no end marker of a picture.
    """

    payload: Payload
    skip: int
    scale: int
    colour: int
    ends: bool


class Runs:
    """Hundreds of thousands of ranges, kept as arrays of starts and lengths."""

    def __init__(self) -> None:
        self._all = {cls: (array("Q"), array("Q")) for cls in (ByteClass.TISSUE, ByteClass.STRUCTURE)}

    def tissue(self, start: int, end: int) -> None:
        """Add coded tissue."""
        self._add(ByteClass.TISSUE, start, end)

    def structure(self, start: int, end: int) -> None:
        """Add structure around the tissue."""
        self._add(ByteClass.STRUCTURE, start, end)

    def _add(self, cls: ByteClass, start: int, end: int) -> None:
        if start < end:
            starts, lengths = self._all[cls]
            starts.append(start)
            lengths.append(end - start)

    def mark(self) -> int:
        """Return a mark for `back`."""
        return len(self._all[ByteClass.TISSUE][0])

    def back(self, mark: int) -> None:
        """Forget the tissue that was added since the mark."""
        for numbers in self._all[ByteClass.TISSUE]:
            del numbers[mark:]

    def claim(self, bytemap: ByteMap, texts: Iterable[tuple[int, int]]) -> None:
        """Claim all ranges, except texts inside tissue and sums that change."""
        holes = merge(texts)
        for cls, (starts, lengths) in self._all.items():
            if holes:
                whole = sorted((s, s + n) for s, n in zip(starts, lengths, strict=True))
                for start, end in subtract(whole, holes):
                    bytemap.claim(start, end, cls, "tiles")
            elif len(starts) <= LARGE:
                bytemap.claim_many(tuple(starts), tuple(lengths), cls, "tiles")
            else:
                import numpy as np

                # as arrays, because a slide can have half a million tiles
                first, count = (cast("Sequence[int]", np.frombuffer(n, "Q")) for n in (starts, lengths))
                bytemap.claim_many(first, count, cls, "tiles")


class Chains:
    """All tiles of a slide. Use it last: by then, all else must own its pages.

    Attributes
    ----------
    texts
        Ranges of text inside tiles.
    changed
        Tiles with text, by the offset of their rows.
    """

    def __init__(self, db: Database, found: FindingCollector, runs: Runs, tiles: list[Tile], thorough: bool) -> None:
        self.db, self.found, self.runs, self.tiles = db, found, runs, tiles
        self.texts: list[tuple[int, int]] = []
        self.changed: dict[int, Changed] = {}
        if thorough or not self._straight():
            for tile in tiles:
                self._follow(tile, thorough)
        for page in self._ownerless():
            self._note(page)
        self._look(thorough)

    def _ownerless(self) -> Iterator[int]:
        page = self.db.owned.find(0, 1)
        while page > 0:
            yield page
            page = self.db.owned.find(0, page + 1)

    def _note(self, page: int) -> None:
        """Note a page that neither a table nor the list of free pages has: a damaged table may have lost a tile."""
        data, start = self.db.read(page), self.db.offset(page)
        if is_coded(data):
            span = (start, start + len(data))
            self.db.used.append(span)
            self.found.add_spans(
                "sakura.lost-page-left", "Lost page, perhaps of tissue", PhiClass.UNKNOWN, "page", [span], []
            )
        else:
            self.db.empty(page)

    # -- pages ---------------------------------------------------------------------------

    def _straight(self) -> bool:
        """Assume straight chains; if the pages do not add up, undo all and return False."""
        db = self.db
        before = bytes(db.owned), len(db.slack), len(db.used), self.runs.mark()
        try:
            bent = [tile for tile in self.tiles if not self._is_straight(tile)]
            for tile in bent:
                self._follow(tile)
        except ContradictorySlide:
            pass  # two chains claim one page, so some assumption was wrong
        else:
            if next(self._ownerless(), 0) == 0:
                return True
        db.owned[:] = before[0]
        del db.slack[before[1] :], db.used[before[2] :]
        self.runs.back(before[3])
        return False

    def _is_straight(self, tile: Tile) -> bool:
        """If a chain ends where a straight one would, own its pages and return True."""
        db, payload = self.db, tile.payload
        count, last = db.overflow_pages(payload)
        if not count:
            return tile.ends
        first, end = payload.overflow, payload.overflow + count - 1
        if first < 1 or end > db.pages or db.owned.count(0, first, end + 1) != count:
            return False
        page = db.read(end)
        if page[:4] != b"\0\0\0\0" or page[max(4, 2 + last) : 4 + last] != _EOI[-min(2, last) :]:
            return False
        base = db.offset(end)
        if count > 1 and int.from_bytes(db.source.read(base - db.page_size, 4), "big") != end:
            return False
        db.owned[first : end + 1] = b"\1" * count
        self.runs.tissue(db.offset(first), base + 4 + last)
        if page.count(0, 4 + last) != len(page) - 4 - last:
            db.slack.append((base + 4 + last, base + len(page)))
        return True

    def _follow(self, tile: Tile, thorough: bool = False) -> None:
        """Own a chain page by page; report what follows the picture's end; if thorough, search the whole tile."""
        spans = self.db.spans(tile.payload)
        for start, end in spans[1:]:
            self.runs.tissue(start, end)
        size = tile.payload.size
        if thorough and size - tile.skip <= _WHOLE:
            whole = self._piece(spans, tile.skip, size)
            end = _end(whole.raw)
            if whole.raw[end:].strip(b"\0\xff"):
                self._text(tile, "jpeg.trailer", "Data behind a picture", whole, end, len(whole.raw), b"\xff")
            return
        if size - tile.skip >= 2 and self._piece(spans, size - 2, size).raw == _EOI:
            return
        start = max(tile.skip, size - _TAIL)
        tail = self._piece(spans, start, size)
        found = jpeg.trailer(tail.raw)
        if found is not None:
            self._text(tile, "jpeg.trailer", "Data behind a picture", tail, *found, b"\xff")

    def _piece(self, spans: list[tuple[int, int]], start: int, end: int) -> Field:
        """Return bytes ``[start, end)`` of a record as a field."""
        whole = Field("", Value("blob", 0, 0, 12), b"", tuple(spans))
        pieces = whole.pieces(start, end)
        raw = b"".join(self.db.source.read(a, b - a) for a, b in pieces)
        return whole._replace(raw=raw, spans=tuple(pieces))

    # -- text in tiles -------------------------------------------------------------------

    def _look(self, thorough: bool) -> None:
        """Look for text in the first tile of each level and colour; if one has text, in all tiles."""
        firsts: dict[tuple[int, int], Tile] = {}
        for tile in self.tiles:
            firsts.setdefault((tile.scale, tile.colour), tile)
        # an empty segment was emptied by an earlier run, which may not have reached all tiles
        if thorough or any(self._has_text(tile) for tile in firsts.values()):
            for tile in self.tiles:
                self._report(tile)

    def _beginning(self, tile: Tile) -> Field:
        """Return all bytes of a tile before its scan."""
        most = _HEAD
        while True:
            field = self._first(tile, most)
            most *= 4
            if _reaches_scan(field.raw) or len(field.raw) < most // 4 or most > _LONGEST_HEAD:
                return field

    def _first(self, tile: Tile, most: int) -> Field:
        """Return the first ``most`` bytes of a tile, which may be in several pages."""
        db, payload, spans = self.db, tile.payload, [(tile.payload.start, tile.payload.start + tile.payload.local)]
        count, last = db.overflow_pages(payload)
        page, have = payload.overflow, payload.local
        while count and have < tile.skip + most and 1 <= page <= db.pages:
            base, count = db.offset(page), count - 1
            size = db.usable - 4 if count else last
            spans.append((base + 4, base + 4 + size))
            have += size
            page = int.from_bytes(db.source.read(base, 4), "big")
        return self._piece(spans, tile.skip, min(have, tile.skip + most))

    def _has_text(self, tile: Tile) -> bool:
        head = self._beginning(tile).raw
        emptied = any(s.end > s.start and not any(head[s.start : s.end]) for s in jpeg.segments(head))
        return emptied or bool(jpeg.comment_segments(head))

    def _report(self, tile: Tile) -> None:
        head = self._beginning(tile)
        found = jpeg.comment_segments(head.raw)
        if found and jpeg.loses_its_way(head.raw):  # a segment of wrong length would take frame and scan with it
            raise DamagedSlide("the segments of a tile do not lead to its picture")
        for segment in found:
            self._text(tile, "jpeg.tile-text", "Text in JPEG tiles", head, segment.start, segment.end, b"\0")

    def _text(self, tile: Tile, id: str, title: str, field: Field, start: int, end: int, fill: bytes) -> None:
        spans = field.pieces(start, end)
        self.texts += spans
        value = field.raw[start:end].strip(b"\0").decode("latin-1")
        edits = field.overwritten(start, fill * (end - start))
        if value:
            changed = self.changed.setdefault(tile.payload.start, Changed(tile.payload, tile.skip, id, title))
            changed.edits.update(dict.fromkeys(edits))
        self.found.add_spans(id, title, PhiClass.UNKNOWN, "tiles", spans, edits, value)


def _scan(data: bytes) -> int:
    """Return the end of the segments before a JPEG's scan, or of the last one that can be read."""
    end = 2
    for segment in jpeg.segments(data):
        end = segment.end
    return end


def _reaches_scan(data: bytes) -> bool:
    return data[_scan(data) :].lstrip(b"\xff")[:1] == b"\xda"


def _end(data: bytes) -> int:
    """Return the end of a tile's picture; if it may have several scans, the last end marker."""
    start = _scan(data)
    single = _reaches_scan(data) and _BASELINE.intersection(s.marker for s in jpeg.segments(data))
    end = data.find(_EOI, start) if single else data.rfind(_EOI)
    return end + 2 if end >= 0 else len(data)
