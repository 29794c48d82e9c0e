"""The files of one MIRAX slide: who owns which byte, and what is found in them.

File numbers: 0 the ``.mrxs``, 1 Slidedat.ini, 2 the index, then the data files as they are
listed, then data files that stand in the folder but are not listed. A record of the index is
tissue, a picture, a text, a known table, or unknown. Its layer's name and its own first bytes
decide that, and must agree. Bytes that no record covers belong to nobody, and are zeroed, unless they
may be tiles: they begin as the slide's tiles do, in whichever file these are.

Refused: names that lead out of the folder, missing files, records outside of their file or
overlapping each other, files that have another slide's id, an index that lists no tile.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from struct import iter_unpack
from typing import TYPE_CHECKING

from blankslide.containers import mirax_index
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit.findings import LINK, UNKNOWN, FindingCollector, places_in
from blankslide.formatkit.lost_tissue import frames_of, holds_picture, like_tissue
from blankslide.formats.mirax import slide_id as ids
from blankslide.formats.mirax.records import Records, called
from blankslide.formats.mirax.slidedat import KeyReader, Slidedat, plainly_named
from blankslide.model import AssociatedImage, Fill, Inspection, Level, Part, Place, SlideFile, Write
from blankslide.model.patterns import pattern
from blankslide.source import any_data
from blankslide.spans import ByteClass, ByteMap

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.formats.mirax.slidedat import Layer
    from blankslide.source import ByteSource

_PADDING = 256 + 3
_VERSION = pattern(rb"\d\d\.\d\d")
_DATA_NAME = pattern(r"Data\d{4,5}\.dat")
_FIRST_DATA = 3
_CHUNK = 1 << 20
_NAMES_NOTE = "the names of the slide's other files stand in Slidedat.ini and were not changed"


class MiraxSet:
    """The files of one slide.

    Parameters
    ----------
    slidedat
        Name of the key file.
    """

    def __init__(self, probe: Probe, slidedat: str) -> None:
        self.files = probe.files
        self.sources: list[ByteSource] = [self.files.main]
        self.names = [self.files.name]
        self.present = set(self.files.names())
        self._open(slidedat)
        self.keys = Slidedat(self.sources[1])
        self._open(self.keys.index)
        for name in self.keys.data:
            self._open(name)
        for name in sorted(self.present - set(self.names)):
            if _DATA_NAME.fullmatch(name):
                self._open(name)
        self.maps = [ByteMap(source.size) for source in self.sources]
        self.found = FindingCollector(places_in(sum(source.size for source in self.sources)))
        self.kept: list[Place] = []
        self.id = ids.SlideId(self.keys.slide_id)
        images = tuple(int(self.keys.number("GENERAL", f"IMAGENUMBER_{axis}") or 0) for axis in "XY")
        self.records = Records(
            self.sources, self.names, self.maps, self.found, self.kept, probe.thorough, (images[0], images[1])
        )

    def _open(self, name: str) -> None:
        source = self.files.open(name)
        if name not in self.present:
            raise DamagedSlide("a file that the slide refers to is not in its folder")
        if any(source is known for known in self.sources):
            raise ContradictorySlide("two names lead to one file")
        self.sources.append(source)
        self.names.append(name)

    def inspection(self, format: str, title: str) -> Inspection:
        """Put everything together.

        Raises
        ------
        SlideError
            If a file is damaged, or the files contradict each other.
        """
        self.records.main()
        self._read_keys()
        index = self._read_index()
        self._headers()
        for number, layer in self._singles():
            for entry in index.single.get(number, ()):
                self.records.single(layer, *self._span(entry.file, entry.start, entry.end))
        for slot, entries in sorted(index.layered.items()):
            self._slot(slot, entries)
        if not any(entries and self._is_tissue(slot) for slot, entries in index.layered.items()):
            raise DamagedSlide("the index lists no tile")  # all tissue would pass for bytes that nothing refers to
        for bytemap in self.maps:
            bytemap.settle()
        self._identify()
        self._unowned()
        levels = self._levels()
        first = self.keys.layers[0].values[0].section
        mpp = tuple(self.keys.number(first, f"MICROMETER_PER_PIXEL_{axis}") for axis in "XY")
        return Inspection(
            format=format,
            title=title,
            files=tuple(SlideFile(n, s.size) for n, s in zip(self.names, self.sources, strict=True)),
            levels=levels,
            associated=tuple(sorted(self.records.pictures, key=_order)),
            findings=self.found.finish(),
            maps=tuple(self.maps),
            mpp=(mpp[0], mpp[1]) if mpp[0] and mpp[1] else None,
            objective=self.keys.number("GENERAL", "OBJECTIVE_MAGNIFICATION"),
            kept=tuple(self.kept),
            complete=True,
            notes=tuple(self._notes()),
        )

    # -- the key file and the id ---------------------------------------------------------

    def _read_keys(self) -> None:
        barcodes = {
            v.section.upper() for layer in self.keys.singles for v in layer.values if "barcode" in v.name.lower()
        }
        reader = KeyReader(self.keys, 1, self.found, self.kept, barcodes - {""})
        reader.read()
        for start, text in reader.ids:
            low, high = self.keys.units.span(start, start + len(text))
            self.id.add(ids.Spot(1, low, high, self.keys.units.codec, text))
        self.maps[1].claim(0, self.sources[1].size, ByteClass.METADATA, "Slidedat.ini")

    def _identify(self) -> None:
        """Report the id with all its places."""
        self.id.check()
        if self.id.is_blank:
            return
        edit = (Part(self.id, "slide id"),)
        for text in self.id.old:
            for spot in self.id.spots:
                if text.startswith(spot.text):
                    place = Place(spot.file, "Slidedat.ini" if spot.file == 1 else "file headers", spot.start, spot.end)
                    self.found.add("mirax.slide-id", "Slide id", LINK, place, edit, text)

    def _headers(self) -> None:
        """Claim the header of each data file: version, id, number and padding."""
        size = len(self.keys.slide_id)
        for file in range(_FIRST_DATA, len(self.sources)):
            source, bytemap = self.sources[file], self.maps[file]
            end = mirax_index.VERSION + size
            head = source.read(0, min(source.size, end + _PADDING))
            own = (
                ids.read(head[mirax_index.VERSION : end]) if _VERSION.fullmatch(head[:5]) and len(head) >= end else None
            )
            if own is None:
                if any(head) and (file - _FIRST_DATA >= len(self.keys.data) or _VERSION.fullmatch(head[:5])):
                    raise ContradictorySlide("a data file does not begin as those of this slide do")
                continue
            self.id.add(ids.Spot(file, mirax_index.VERSION, end, *own))
            bytemap.claim(0, mirax_index.VERSION, ByteClass.STRUCTURE, "header")
            bytemap.claim(mirax_index.VERSION, end, ByteClass.METADATA, "slide id")
            bytemap.claim(end, len(head), ByteClass.STRUCTURE, "header")
            self._padding(file, end, head[end:])

    def _padding(self, file: int, start: int, data: bytes) -> None:
        """Report text in place of the file's number behind the id, or in the padding after it."""
        number, rest = data[:3], data[3:]
        place = Place(file, "file headers", start, start + len(data))
        title, text = "Text in a header", rest.decode("latin-1").strip("0 \0")
        if number.strip(b"0123456789 \0"):
            new = (b"%03d" % (file - _FIRST_DATA))[: len(number)]
            edit: Write | Fill = Write(file, start, new)
            self.found.add("mirax.header.number", title, UNKNOWN, place, (edit,), number.decode("latin-1"))
        if rest.strip(b"0 \0"):
            edit = Fill(file, start + 3, start + len(data), 0x30)
            self.found.add("mirax.header.padding", title, UNKNOWN, place, (edit,), text)

    # -- the index -----------------------------------------------------------------------

    def _read_index(self) -> mirax_index.Index:
        slots = math.prod(len(layer.values) for layer in self.keys.layers)
        if (
            slots > 1 << 20
            or not self.keys.layers
            or self.keys.layers[0].name.lower() != "slide zoom level"
            or not slots
        ):
            raise DamagedSlide("Slidedat.ini lists no zoom levels as its first layer")
        source, size = self.sources[2], len(self.keys.slide_id)
        ones = sum(len(layer.values) for layer in self.keys.singles)
        index = mirax_index.parse(source, size, slots, ones)
        own = ids.read(source.read(index.id[0], size))
        if source.read(0, mirax_index.VERSION)[:3] != b"01." or own is None or len(own[1]) != size:
            raise ContradictorySlide("the index is not one of this slide")
        self.id.add(ids.Spot(2, *index.id, *own))
        self.maps[2].claim(*index.id, ByteClass.METADATA, "slide id")
        for start, end in index.structure:
            self.maps[2].claim(start, end, ByteClass.STRUCTURE, "index")
        return index

    def _singles(self) -> Iterator[tuple[int, tuple[str, str]]]:
        """Yield, for the index's second table, each slot with the names of its layer and value."""
        names = [(layer.name, value.name) for layer in self.keys.singles for value in layer.values]
        yield from enumerate(names)

    def _span(self, file: int, start: int, end: int) -> tuple[int, int, int]:
        """Turn a file number of the index into one of the slide's files.

        Raises
        ------
        DamagedSlide
            If the record is not inside a listed file.
        """
        if not 0 <= file < len(self.keys.data) or end > self.sources[file + _FIRST_DATA].size:
            raise DamagedSlide("the index points outside the data files")
        return file + _FIRST_DATA, start, end

    def _slot(self, slot: int, entries: bytes) -> None:
        """Claim the records of one slot of the first table."""
        if self._is_tissue(slot):
            for file, (starts, lengths) in mirax_index.grouped(entries).items():
                self.records.tissue(self._span(file, 0, 0)[0], starts, lengths)
            return
        for _, offset, length, file in iter_unpack("<iiii", entries):
            if offset < 0 or length < 0:
                raise DamagedSlide("the index holds a negative offset or length")
            self.records.single(("", ""), *self._span(file, offset, offset + length))

    def _is_tissue(self, slot: int) -> bool:
        """Whether the slot holds tissue: in the scan info layer, only the default level does."""
        for layer in self.keys.layers:
            slot, at = divmod(slot, len(layer.values))
            if (
                layer.name.lower() == "scan info layer"
                and at
                and not layer.values[at].name.lower().endswith("defaultlevel")
            ):
                return False
        return True

    # -- the rest ------------------------------------------------------------------------

    def _unowned(self) -> None:
        """Report bytes that no record covers."""
        files = list(zip(self.sources, self.maps, strict=True))
        gaps = [[(s, e) for s, e in bytemap.gaps() if any_data(source, s, e)] for source, bytemap in files]
        known = {frame for one in files for frame in frames_of(*one)} if any(gaps) else set()
        for file, ((source, bytemap), dirty) in enumerate(zip(files, gaps, strict=True)):
            tissue = like_tissue(source, bytemap, dirty, known)
            if not known and file >= _FIRST_DATA:  # no tile begins as a picture does: then any picture may be a tile
                tissue = [gap for gap in dirty if holds_picture(source, *gap)]
            for start, end in dirty:
                place = Place(file, called(self.names)[file], start, end)
                if (start, end) in tissue:
                    self.found.add("mirax.unowned-left", "Bytes that may be tissue", UNKNOWN, place, (), None)
                    continue
                edit = (Fill(file, start, end),)
                self.found.add("mirax.unowned", "Bytes that nothing refers to", UNKNOWN, place, edit, None)

    def _levels(self) -> tuple[Level, ...]:
        """Compute sizes as readers do: images side by side, minus the overlap between camera positions."""
        layer: Layer = self.keys.layers[0]
        base = layer.values[0].section
        across = self._extent("X", "WIDTH", base)
        down = self._extent("Y", "HEIGHT", base)
        out, exponent = [], 0
        for value in layer.values:
            exponent += self._whole(value.section, "IMAGE_CONCAT_FACTOR", 30, 0)
            tile = [self._whole(value.section, f"DIGITIZER_{side}", 1 << 16, 1) for side in ("WIDTH", "HEIGHT")]
            size = (across >> min(exponent, 62), down >> min(exponent, 62))
            out.append(Level(max(1, size[0]), max(1, size[1]), tile[0], tile[1], 0))
        return tuple(out)

    def _extent(self, axis: str, side: str, section: str) -> int:
        images = self._whole("GENERAL", f"IMAGENUMBER_{axis}", 1 << 20, 1)
        divisions = self._whole("GENERAL", "CameraImageDivisionsPerSide", 1 << 10, 1, 1)
        size = self._whole(section, f"DIGITIZER_{side}", 1 << 16, 1)
        overlap = self.keys.number(section, f"OVERLAP_{axis}") or 0.0
        if not 0 <= overlap < size:
            raise DamagedSlide("Slidedat.ini gives images an overlap that they cannot have")
        return images * size - (images - 1) // divisions * math.ceil(overlap)

    def _whole(self, section: str, key: str, most: int, least: int, default: int | None = None) -> int:
        if default is not None and not self.keys.value(section, key):
            return default
        found = self.keys.count(section, key, most)
        if found < least:
            raise DamagedSlide("Slidedat.ini announces a number that no slide has")
        return found

    def _notes(self) -> Iterator[str]:
        if not plainly_named(self.keys):
            yield _NAMES_NOTE
        count = len(self.present - set(self.names))
        if count:
            files = "1 file in the slide's folder is" if count == 1 else f"{count} files in the slide's folder are"
            yield f"{files} not listed in Slidedat.ini: not looked into and left as found"


def _order(image: AssociatedImage) -> int:
    return ("label", "macro", "thumbnail").index(image.role) if image.role in ("label", "macro", "thumbnail") else 3
