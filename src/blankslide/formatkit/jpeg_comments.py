"""Text inside the JPEG and JPEG 2000 streams of a page, and data behind the end of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.containers.streams import jpeg
from blankslide.containers.tiff import directories as T
from blankslide.formatkit.findings import UNKNOWN, FindingCollector
from blankslide.formatkit.tile_comments import segments_with_comments
from blankslide.model import Fill, Place

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd

#: Codecs whose streams can carry comments: JPEG and JPEG 2000.
_WITH_TEXT = frozenset((6, 7, 33003, 33004, 33005, 34712))


def jpeg_findings(found: FindingCollector, page: Ifd, tissue: bool) -> None:
    """Report text inside a page's JPEG or JPEG 2000 streams and its shared tables.

    Of each strip only the beginning is read. Text in tables that tissue uses is reported without
    an edit, because tissue is never edited: the plan then says that something is left.
    """
    source = page.tiff.source
    for ifd in page.family():
        tables = ifd.tags.get(T.JPEG_TABLES)
        if tables is not None:
            _jpeg_text(found, page.name, tables.start, ifd.raw(tables), "tables", not tissue)
        for start, end in page.tiff.tile_texts.get(ifd.name, ()):
            text = source.read(start, end - start).rstrip(b"\0").decode("latin-1")
            place, edit = Place(0, page.name, start, end), (Fill(0, start, end),)
            found.add("jpeg.tile-text", "Text in a tile", UNKNOWN, place, edit, text)
        codec = ifd.number(T.COMPRESSION)
        if ifd.is_tiled or codec not in _WITH_TEXT:
            continue
        starts, lengths = ifd.segments()
        used = (
            segments_with_comments(source, starts, lengths)
            if codec in (6, 7)
            else list(zip(starts, lengths, strict=True))
        )
        for start, length in used:
            data = source.read(start, min(length, 1 << 16))
            _jpeg_text(found, page.name, start, data, "picture", not tissue)
            behind = jpeg.trailer(data) if codec in (6, 7) and length <= 1 << 16 else None
            if behind:
                low, high = start + behind[0], start + behind[1]
                place, edit = Place(0, page.name, low, high), (Fill(0, low, high),)
                found.add("jpeg.trailer", "Data behind a picture", UNKNOWN, place, edit, None)


def _segments_of(data: bytes) -> Sequence[tuple[int, int, int]]:
    if data[:2] == b"\xff\xd8":
        return jpeg.comment_segments(data)
    from blankslide.containers.streams import jp2k

    return jp2k.comment_segments(data) if jp2k.is_codestream(data) else []


def _jpeg_text(found: FindingCollector, where: str, base: int, data: bytes, kind: str, editable: bool) -> None:
    for _, low, high in _segments_of(data):
        start, end = base + low, base + high
        text = data[low:high].rstrip(b"\0").decode("latin-1")
        edits = (Fill(0, start, end),) if editable else ()
        found.add(f"jpeg.{kind}-text", f"Text in JPEG {kind}", UNKNOWN, Place(0, where, start, end), edits, text)
