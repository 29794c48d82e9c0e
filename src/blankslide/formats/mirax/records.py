"""Records of a MIRAX slide's data files: tissue, pictures, texts, tables.

A layer's name says what a record should be, its bytes say what it is. A picture of the label is drawn
over by a blank picture of the same length; what `tables` knows for a map or a table stays as it is; XML is read by
`xml_like`; all else is unknown and goes. Streams of tissue keep all coded data; only text around
them goes. Of each file the first tile is looked at, and all tiles if that has text, or if the
person asks to be thorough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from blankslide.containers.streams import jpeg, png
from blankslide.formatkit import jpeg_blanks
from blankslide.formatkit.findings import UNKNOWN
from blankslide.formatkit.label_rooms import PNG, stream_rooms
from blankslide.formats.mirax import tables
from blankslide.formats.mirax.xml_like import MAX_BYTES, TextReader, is_markup
from blankslide.model import AssociatedImage, Blank, Coding, Fill, PhiClass, Place, Slot, Write
from blankslide.model.patterns import pattern
from blankslide.spans import ByteClass, subtract

_Text = tuple[int, int, bytes]
"""Start and end of a text, and the byte that replaces it."""

if TYPE_CHECKING:
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.source import ByteSource
    from blankslide.spans import ByteMap

_ROLES = {
    "slidebarcode": ("label", "Label picture"),
    "slidethumbnail": ("macro", "Macro picture"),
    "slidepreview": ("thumbnail", "Preview picture"),
    "wholeslide": ("whole", "Picture of the whole slide"),
}
_UNKNOWN_ROLE = ("unknown", "Unknown picture")
_TABLE_VALUES = frozenset(("scanmap", "stagepositionmap", "compressedstagepositionmap", "scannedfovsmap", "empty"))
_TABLE_LAYERS = frozenset(
    (
        *("vimslide_histogram_data", "vimslide_position_buffer", "stitchinglayer", "stitchingintensitylayer"),
        *("vim_preview_layer", "statusmaplayer"),
    )
)
_ENCODER = pattern(rb"(?:Intel\(R\) JPEG Library, version [\d,. ]{1,20}|LEAD Technologies Inc\. V[\d.]{1,8})\0*")
_WORD = pattern(rb"[A-Za-z]{3}|\d{5}")
_HEAD = 1 << 16


_PLAIN = pattern(r"index\.dat|data\d{1,5}\.dat|slidedat\.ini", re.I)


def called(names: Sequence[str]) -> list[str]:
    """Return words for the files: their names if the scanner chose these, else numbers."""
    words = [name if _PLAIN.fullmatch(name) else f"file {i}" for i, name in enumerate(names)]
    return ["the .mrxs file", *words[1:]]


class Records:
    """Claims records, and reports what is in them.

    Attributes
    ----------
    pictures
        The pictures beside the tissue.

    Parameters
    ----------
    images
        Number of images across and down; maps have as many pixels, or a fraction of that.
    """

    def __init__(
        self,
        sources: Sequence[ByteSource],
        names: Sequence[str],
        maps: Sequence[ByteMap],
        found: FindingCollector,
        kept: list[Place],
        thorough: bool,
        images: tuple[int, int] = (0, 0),
    ) -> None:
        self.sources, self.maps, self.found, self.thorough = sources, maps, found, thorough
        self._names, self._images = ("", *names[1:]), images
        self._called = called(names)
        self.texts = TextReader(found, kept)
        self.pictures: list[AssociatedImage] = []

    def main(self) -> None:
        """Read the file that was named, which is mostly a preview."""
        size = self.sources[0].size
        if size and not self._picture(0, 0, size, ("preview", "Picture in the .mrxs file")):
            self._unknown(0, 0, size)

    def single(self, names: tuple[str, str], file: int, start: int, end: int) -> None:
        """Read one record; ``names`` are those of its layer and of its value."""
        if start == end:
            return
        value = names[1].lower().removeprefix("scandatalayer_")
        head = self.sources[file].read(start, min(end - start, 64))
        if value in _ROLES:
            if not self._picture(file, start, end, _ROLES[value]):
                self._unknown(file, start, end)
        elif is_markup(head) and end - start <= MAX_BYTES:
            self.maps[file].claim(start, end, ByteClass.METADATA, "text record")
            self.texts.read(self.sources[file].read(start, end - start), file, start)
        elif value in _TABLE_VALUES or names[0].lower() in _TABLE_LAYERS:
            self._table(file, start, end, head)
        elif not self._picture(file, start, end, _UNKNOWN_ROLE):
            self._unknown(file, start, end)

    # -- tissue --------------------------------------------------------------------------

    def tissue(self, file: int, starts: Sequence[int], lengths: Sequence[int]) -> None:
        """Claim tiles, and report text around their coded data.

        Parameters
        ----------
        starts, lengths
            Offsets and lengths of the tiles, as tuples or numpy arrays.
        """
        source, bytemap = self.sources[file], self.maps[file]
        loud = self._loud(source, starts, lengths)
        if not loud:
            bytemap.claim_many(starts, lengths, ByteClass.TISSUE, "tissue")
            return
        quiet: list[tuple[int, int]] = []
        for start, length in _pairs(starts, lengths):
            texts = loud.get(start)
            if texts is None:
                quiet.append((start, length))
                continue
            for low, high, new in texts:
                self._speech(file, low, new)
                bytemap.claim(low, high, ByteClass.METADATA, "text in tissue")
            for low, high in subtract([(start, start + length)], [text[:2] for text in texts]):
                bytemap.claim(low, high, ByteClass.TISSUE, "tissue")
        first, count = (tuple(p[i] for p in quiet) for i in (0, 1))
        bytemap.claim_many(first, count, ByteClass.TISSUE, "tissue")

    def _loud(self, source: ByteSource, starts: Any, lengths: Any) -> dict[int, list[_Text]]:
        """Return the texts inside tiles, by the offset of the tile."""
        if not len(starts):
            return {}
        first = _spoken(source, int(starts[0]), int(lengths[0]))
        if not first and not self.thorough:
            return {}
        found = {start: _spoken(source, start, length) for start, length in _pairs(starts, lengths)}
        return {start: texts for start, texts in found.items() if texts}

    def _speech(self, file: int, start: int, new: bytes) -> None:
        end = start + len(new)
        text = self.sources[file].read(start, len(new))
        if text == new:
            return
        place = Place(file, self._called[file], start, end)
        if any(new):
            value = text[8:-4].rpartition(b"\0")[2].decode("latin-1")
            self.found.add("png.tile-text", "Text in PNG tiles", UNKNOWN, place, (Write(file, start, new),), value)
        else:
            value = text.rstrip(b"\0").decode("latin-1")
            self.found.add("jpeg.tile-text", "Text in JPEG tiles", UNKNOWN, place, (Fill(file, start, end),), value)

    # -- everything else -----------------------------------------------------------------

    def _picture(self, file: int, start: int, end: int, role: tuple[str, str]) -> bool:
        """Report a picture that is drawn over with a blank one; return False if it is not a picture."""
        head = self.sources[file].read(start, min(end - start, _HEAD))
        if head.startswith(png.MAGIC):
            return self._png(file, start, end, role)
        frame = jpeg_blanks.parse(head) if head[:2] == b"\xff\xd8" else None
        if frame is None or not (frame.width and frame.height):
            return False
        parts = frame.components
        owner = f"{role[0]} {file} {start}"
        coding = Coding(7, 6 if len(parts) == 3 else 1, 8, len(parts), 1, (parts[0].across, parts[0].down))
        blank = Blank(file, owner, coding, (Slot(start, end, frame.width, frame.height),))
        self.maps[file].claim(start, end, ByteClass.ASSOCIATED, owner)
        place = Place(file, self._called[file], start, end)
        rooms = stream_rooms(blank, role[0])
        self.found.add(f"picture.{role[0]}", role[1], PhiClass.IMAGE, place, (blank,), None, rooms=rooms)
        at = (self._names[file], start, end)
        self.pictures.append(AssociatedImage(role[0], frame.width, frame.height, file, "JPEG", at))
        return True

    def _png(self, file: int, start: int, end: int, role: tuple[str, str]) -> bool:
        size = png.size(self.sources[file].read(start, min(end - start, 64)))
        if size is None or png.blank(*size, end - start) is None:
            return False
        owner = f"{role[0]} {file} {start}"
        blank = Blank(file, owner, Coding(PNG, 1, 8, 1), (Slot(start, end, *size),))
        self.maps[file].claim(start, end, ByteClass.ASSOCIATED, owner)
        self.pictures.append(AssociatedImage(role[0], *size, file, "PNG", (self._names[file], start, end)))
        place, rooms = Place(file, self._called[file], start, end), stream_rooms(blank, role[0])
        self.found.add(f"picture.{role[0]}", role[1], PhiClass.IMAGE, place, (blank,), None, rooms=rooms)
        return True

    def _table(self, file: int, start: int, end: int, head: bytes) -> None:
        """Keep a known table or map, without the text inside it; report whatever stands in its place."""
        source = self.sources[file]
        data = source.read(start, end - start) if end - start <= MAX_BYTES else b""
        if head.startswith(png.MAGIC) and tables.is_map(data, self._images):
            self._map(file, start, end, data)
            return
        if head.startswith(png.MAGIC) or head[:2] == b"\xff\xd8":
            if not self._picture(file, start, end, _UNKNOWN_ROLE):
                self._unknown(file, start, end)
            return
        table = tables.as_table(data) if data and not _is_text(data) else None
        if table is None:
            self._unknown(file, start, end)
            return
        self.maps[file].claim(start, start + table.rest, ByteClass.STRUCTURE, "table")
        if start + table.rest < end:
            self._unknown(file, start + table.rest, end)

    def _map(self, file: int, start: int, end: int, data: bytes) -> None:
        """Keep a map, without the texts in its chunks."""
        self.maps[file].claim(start, end, ByteClass.STRUCTURE, "table")
        for low, high, new in png.emptied(data):
            place = Place(file, self._called[file], start + low, start + high)
            value = data[low + 8 : high - 4].rpartition(b"\0")[2].decode("latin-1")
            edit = (Write(file, start + low, new),)
            self.found.add("png.text", "Text in a PNG picture", UNKNOWN, place, edit, value)

    def _unknown(self, file: int, start: int, end: int) -> None:
        """Report a record of an unknown kind."""
        self.maps[file].claim(start, end, ByteClass.METADATA, "unknown record")
        data = self.sources[file].read(start, min(end - start, MAX_BYTES))
        if not any(data):
            return
        text = data.strip(b"\0 \r\n\t")
        value = text.decode("latin-1") if _is_text(data) and len(text) <= _HEAD else None
        place = Place(file, self._called[file], start, end)
        self.found.add("mirax.record.unknown", "Unknown record", UNKNOWN, place, (Fill(file, start, end),), value)


def _pairs(starts: Any, lengths: Any) -> Iterator[tuple[int, int]]:
    """Return pairs of offset and length as Python integers, each once."""
    lists = [x if isinstance(x, tuple) else x.tolist() for x in (starts, lengths)]
    yield from dict.fromkeys(zip(*lists, strict=True))


def _spoken(source: ByteSource, start: int, length: int) -> list[_Text]:
    """Return the texts of one tile: beside a JPEG's scans and behind its end, or in any chunk of a PNG."""
    if start + length > source.size:
        return []  # the byte map will refuse such a slide
    if source.read(start, min(length, 8)) == png.MAGIC and length <= MAX_BYTES:
        return [(start + low, start + high, new) for low, high, new in png.texts(source.read(start, length))]
    loud = [a for a in jpeg.asides(source, start, length) if a.text and not _ENCODER.fullmatch(a.text)]
    return [(a.start, a.end, bytes(a.end - a.start)) for a in loud]


def _is_text(data: bytes) -> bool:
    """Whether bytes are mostly printable, in one-byte or two-byte characters."""
    some = data[:4096].replace(b"\0", b"")
    printable = sum(32 <= b < 127 or b in b"\t\r\n" for b in some)
    return _WORD.search(some) is not None and printable * 10 >= len(some) * 9
