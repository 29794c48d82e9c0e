"""Hamamatsu VMS and VMU: sets of files that a key file names.

Layout: a text file (``.vms``, ``.vmu``) with one group of ``key=value`` lines names the
coded tissue (a grid of JPEGs, or one uncompressed NGR file for each focal plane), a map of
the whole slide, which readers use as the smallest level, the macro with the legible label,
and an optional table of restart markers (``.opt``). All stand in one folder; names are
single components.

What goes: values of known keys that identify are overwritten with spaces in place, so all else
keeps its position; unknown keys go with their whole line. A blank picture of the same size is
drawn over the macro's file: the key file names it, and OpenSlide refuses the slide if it is
broken. Text before coded data goes; what stands beside the pixels of an NGR file or the
places of a table is told of, and stays.

What stays: file names. They often hold the slide's name, but files are not renamed while they are
edited in place; a note says so.

Traps: `Reference` is often part of every file name; an empty or missing macro is legal;
``.opt`` may be absent. If two keys name one file, the slide is refused. Of uncompressed pixels OpenSlide
knows RGB of 36 bits and no others: asked of those it would end the process, so nobody can judge them.

Source: OpenSlide's Hamamatsu page; the project's format map, section 3; a real key file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers import ini
from blankslide.containers.streams import jpeg
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import jpeg_blanks
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, QUASI, UNKNOWN, FindingCollector
from blankslide.formatkit.label_rooms import stream_rooms
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.vocabulary import POINT_NUMBER, VERSION, whole_slug
from blankslide.model import (
    AssociatedImage,
    Blank,
    Coding,
    Cut,
    Fill,
    Inspection,
    Level,
    PhiClass,
    Place,
    SlideFile,
    Slot,
    TextBlock,
)
from blankslide.model.patterns import pattern
from blankslide.source import any_data
from blankslide.spans import ByteClass, ByteMap, subtract

if TYPE_CHECKING:
    from blankslide.containers.ini import Ini, Pair
    from blankslide.formatkit.protocol import Probe
    from blankslide.source import ByteSource


GROUPS = {"virtual microscope specimen": "vms", "uncompressed virtual microscope specimen": "vmu"}

_MOST = 64 << 10
_NUMBER = pattern(POINT_NUMBER)
_POWER, _COUNT = pattern(r"\d{1,3}(?:\.\d{1,6})?"), pattern(r"\d{1,3}")
_FACTOR = pattern(r"-?\d{1,5}(?:\.\d{1,6})?")
SCIENCE: dict[str, re.Pattern[str]] = {
    **dict.fromkeys("nolayers nojpegcolumns nojpegrows bitsperpixel".split(), _COUNT),
    "sourcelens": _POWER,
    # in nanometres, of which a slide has tens of millions
    **dict.fromkeys(
        "physicalwidth physicalheight layeroffset focaldepth physicalmacrowidth physicalmacroheight "
        "xoffsetfromslidecentre yoffsetfromslidecentre focusoffset".split(),
        pattern(r"-?\d{1,9}(?:\.\d{1,6})?"),
    ),
    "layerspacing": pattern(r"-?\d{1,10}"),
    **dict.fromkeys("rmultiplier gmultiplier bmultiplier".split(), _FACTOR),
    "pixelorder": pattern(r"RGB|BGR|MONO", re.I),
}
#: Keys of devices whose legal values are weak findings.
WEAK: dict[str, re.Pattern[str]] = {
    "hardwaremodel": pattern(r"C\d{4,5}(?:-\d{2}[A-Z]{0,4})?"),
    "creator": pattern(rf"NDP\.(?:scan|view2?)(?: v?(?:{VERSION}|\d{{1,2}}))?", re.I),
}
FIELDS: dict[str, tuple[str, PhiClass]] = {
    "reference": ("Reference", DIRECT),
    "authcode": ("AuthCode", LINK),
    "hardwareserial": ("Hardware serial", DEVICE),
    "date": ("Date", QUASI),
}
_IMAGE = pattern(r"imagefile(?:\(\d{1,3},\d{1,3}(?:,\d{1,3})?\)|\(\d{1,3}\))?")
_NAMES = frozenset(("mapfile", "macroimage", "optimisationfile"))
_KEY = pattern(r"(?!.*\d{4})[A-Za-z][A-Za-z0-9_.()-]{0,47}")
#: Bytes of an NGR file's header that say where its pixels begin, and of one pixel: three samples of 16 bits.
_NGR_HEAD, _NGR_PIXEL = 28, 6
#: Bytes of a place in the table of restart markers.
_RESTART = 40
_NOTE = "the names of the slide's other files stand in its key file and were not changed"


class HamamatsuVms(Format):
    """The format object; see the module's docstring."""

    name = "hamamatsu_vms"
    title = "Hamamatsu VMS"
    suffixes = (".vms", ".vmu")
    marks = (b"Microscope", b"microscope", b"MICROSCOPE")
    removes = (
        "macro picture, which shows the label; reference, serial number, unknown keys and comments of the key file; "
        "authentication code replaced; text inside JPEG headers"
    )
    keeps = "file names, layout of the image files, lens, physical sizes and offsets, coded tissue and map"
    readers = ("OpenSlide",)

    def detect(self, probe: Probe) -> str | None:
        """Accept a small text file with the group of one of the two kinds."""
        if probe.main.size > _MOST or not probe.head.removeprefix(ini.BOM).lstrip().startswith((b"[", b"#", b";")):
            return "not a key file"
        groups = {s.name.lower() for s in ini.parse(probe.main.read(0, probe.main.size)).sections}
        if not groups & GROUPS.keys():
            return "the key file has no group of a virtual microscope specimen"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte of every file."""
        return _Set(probe).inspection(self.name, self.title)


FORMAT: Format = HamamatsuVms()


class _Set:
    """The files of one slide and what is found in them."""

    def __init__(self, probe: Probe) -> None:
        self.files = probe.files
        data = probe.main.read(0, probe.main.size)
        self.text = TextBlock(0, 0, len(data), b" ", False)
        self.keys: Ini = ini.parse(data)
        groups = [s.name for s in self.keys.sections if s.name.lower() in GROUPS]
        if len(groups) != 1:
            raise ContradictorySlide("the key file has more than one group of a virtual microscope specimen")
        self.group, self.kind = groups[0], GROUPS[groups[0].lower()]
        self.found = FindingCollector()
        self.kept: list[Place] = []
        self.members = self._members()
        self.numbers = {name: i for i, name in enumerate(sorted(self.members), 1)}
        self.sources = {name: self._open(name) for name in sorted(self.members)}

    # -- files ---------------------------------------------------------------------------

    def _members(self) -> dict[str, str]:
        """Name of each file that belongs to the slide -> its key, in lower case."""
        out: dict[str, str] = {}
        present = None
        for pair in self.keys.pairs:
            low = pair.key.lower()
            named = pair.section == self.group and (_IMAGE.fullmatch(low) or low in _NAMES)
            if not named or not pair.value:
                continue
            if pair.value in out or low in out.values():
                raise ContradictorySlide("two keys name one file, or one key names two")
            if low in ("macroimage", "optimisationfile"):
                present = set(self.files.names()) if present is None else present
                if pair.value not in present and not _leads_away(pair.value):
                    continue
            out[pair.value] = low
        if "mapfile" not in out.values() or "imagefile" not in {v.partition("(")[0] for v in out.values()}:
            raise DamagedSlide("the key file names no map or no image file")
        return out

    def _open(self, name: str) -> ByteSource:
        source = self.files.open(name)
        if source is self.files.main or source in getattr(self, "sources", {}).values():
            raise ContradictorySlide("two names lead to one file")
        return source

    # -- the whole -----------------------------------------------------------------------

    def inspection(self, format: str, title: str) -> Inspection:
        """Put everything together."""
        main = ByteMap(self.files.main.size)
        main.claim(0, main.size, ByteClass.METADATA, "key file")
        main.settle()
        maps = [main, *(self._map(name) for name in self.numbers)]
        self._read_keys()
        levels = self._levels()
        files = [SlideFile(self.files.name, main.size), *(SlideFile(n, s.size) for n, s in self.sources.items())]
        macro = next((n for n, key in self.members.items() if key == "macroimage"), None)
        return Inspection(
            format=format,
            title=title,
            files=tuple(files),
            levels=levels,
            associated=() if macro is None else (self._macro(macro),),
            findings=self.found.finish(),
            maps=tuple(maps),
            mpp=self._mpp(levels[0]),
            objective=self._number("SourceLens"),
            kept=tuple(self.kept),
            complete=True,
            notes=(_NOTE,),
        )

    def _map(self, name: str) -> ByteMap:
        """Claim one member: a picture, a table, or tissue with the text around it."""
        source, key = self.sources[name], self.members[name]
        if key not in ("macroimage", "optimisationfile"):
            self._refuse_a_part(name)
        bytemap = ByteMap(source.size)
        if key == "macroimage":
            bytemap.claim(0, source.size, ByteClass.ASSOCIATED, "macro")
        elif key == "optimisationfile":
            bytemap.claim(0, source.size, ByteClass.STRUCTURE, "restart table")
            self._restarts(name)
        else:
            texts = self._beside_pixels(name) if self.kind == "vmu" else self._spoken(name)
            for start, end in texts:
                bytemap.claim(start, end, ByteClass.METADATA, "image")
            for start, end in subtract([(0, source.size)], texts):
                bytemap.claim(start, end, ByteClass.TISSUE, "image")
        bytemap.settle()
        return bytemap

    def _refuse_a_part(self, name: str) -> None:
        """Refuse a picture whose end is missing, as after a copy that was interrupted.

        Raises
        ------
        DamagedSlide
            If an NGR file is shorter than its pixels, or a JPEG file has no end marker.
        """
        source = self.sources[name]
        if self.kind == "vmu":
            width, height = self._size(name)
            head = source.read(0, min(_NGR_HEAD, source.size))
            whole = source.size >= int.from_bytes(head[24:28], "little") + width * height * _NGR_PIXEL
        else:
            whole = jpeg.has_end(source)
        if not whole:
            raise DamagedSlide("an image file of the slide ends too early")

    def _restarts(self, name: str) -> None:
        """Tell of a table of restart markers that holds more than places, which have 320 bits and need 64."""
        source, file = self.sources[name], self.numbers[name]
        data = source.read(0, source.size)
        rest = data[len(data) - len(data) % _RESTART :]
        if rest.strip(b"\0") or any(data[at::_RESTART].strip(b"\0") for at in range(8, _RESTART)):
            place = Place(file, f"file {file}", 0, source.size)
            self.found.add("hamamatsu.opt.beside", "Data beside a table's numbers", UNKNOWN, place, (), None)

    def _beside_pixels(self, name: str) -> list[tuple[int, int]]:
        """Report what stands before and behind the pixels of an NGR file, but zeros; return its ranges.

        It is told and stays: nobody has written down what may stand there.
        """
        source, file = self.sources[name], self.numbers[name]
        width, height = self._size(name)
        start = int.from_bytes(source.read(_NGR_HEAD - 4, 4), "little")
        sides = ((_NGR_HEAD, start), (start + width * height * _NGR_PIXEL, source.size))
        beside = [(a, b) for a, b in sides if a < b and any_data(source, a, b)]
        for a, b in beside:
            place = Place(file, f"file {file}", a, b)
            self.found.add("hamamatsu.ngr.beside", "Data beside an image's pixels", UNKNOWN, place, (), None)
        return beside

    def _spoken(self, name: str) -> list[tuple[int, int]]:
        """Report text around a member's coded data; return its ranges."""
        source, file = self.sources[name], self.numbers[name]
        asides = jpeg.asides(source, 0, source.size)
        for start, end, text, behind in asides:
            place = Place(file, f"file {file}", start, end)
            if behind:
                self.found.add(
                    "jpeg.trailer", "Data behind a picture", UNKNOWN, place, (Fill(file, start, end, 0xFF),), None
                )
            elif text:
                edit, value = (Fill(file, start, end),), text.decode("latin-1")
                self.found.add("jpeg.picture-text", "Text in JPEG picture", UNKNOWN, place, edit, value)
        return [(a.start, a.end) for a in asides]

    # -- pictures ------------------------------------------------------------------------

    def _frame(self, name: str) -> jpeg_blanks.Frame:
        source = self.sources[name]
        frame = jpeg_blanks.parse(source.read(0, min(source.size, 1 << 16)))
        if frame is None or not (frame.width and frame.height):
            raise DamagedSlide("an image file of the slide is not a JPEG")
        return frame

    def _macro(self, name: str) -> AssociatedImage:
        """Report the macro, which goes by drawing a blank picture over the whole file."""
        frame, file, size = self._frame(name), self.numbers[name], self.sources[name].size
        first = frame.components[0]
        coding = Coding(
            7, 6 if len(frame.components) == 3 else 1, 8, len(frame.components), 1, (first.across, first.down)
        )
        blank = Blank(file, "macro", coding, (Slot(0, size, frame.width, frame.height),))
        place = Place(file, f"file {file}", 0, size)
        rooms = stream_rooms(blank, "macro")
        self.found.add("picture.macro", "Macro picture", PhiClass.IMAGE, place, (blank,), None, rooms=rooms)
        return AssociatedImage("macro", frame.width, frame.height, file, "JPEG")

    def _levels(self) -> tuple[Level, ...]:
        """The grid of image files in focus, and the map as the smallest level."""
        by_key = {key: name for name, key in self.members.items()}
        sizes = [self._size(by_key["mapfile"])]
        if self.kind == "vmu":
            sizes.append(self._size(next(n for k, n in by_key.items() if k.startswith("imagefile"))))
        else:
            sizes.append(self._grid(by_key))
        return tuple(Level(w, h, w, h, 0) for w, h in sorted(sizes, reverse=True))

    def _grid(self, by_key: dict[str, str]) -> tuple[int, int]:
        cells = {_cell(key): name for key, name in by_key.items() if _cell(key) is not None}
        columns, rows = int(self._number("NoJpegColumns") or 0), int(self._number("NoJpegRows") or 0)
        wanted: list[tuple[int, int]] = []
        if columns > 0 < rows and len(cells) == columns * rows:  # else nothing is made of so many as are announced
            wanted = [(x, 0) for x in range(columns)] + [(0, y) for y in range(1, rows)]
        if not wanted or not cells.keys() >= set(wanted):
            raise DamagedSlide("the key file does not name as many image files as it announces")
        width = sum(self._frame(cells[x, 0]).width for x in range(columns))
        return width, sum(self._frame(cells[0, y]).height for y in range(rows))

    def _size(self, name: str) -> tuple[int, int]:
        """Width and height of a member, from the header of its JPEG or NGR file."""
        if self.kind == "vms":
            frame = self._frame(name)
            return frame.width, frame.height
        source = self.sources[name]
        head = source.read(0, min(12, source.size))
        if head[:2] != b"GN" or len(head) < 12:
            raise DamagedSlide("an image file of the slide is not an NGR file")
        return int.from_bytes(head[4:8], "little"), int.from_bytes(head[8:12], "little")

    def _number(self, key: str) -> float | None:
        pair = self.keys.find(self.group, key)
        return float(pair.value) if pair and _NUMBER.fullmatch(pair.value) else None

    def _mpp(self, level: Level) -> tuple[float, float] | None:
        """Micrometres per pixel, from the slide's size in nanometres in the key file."""
        width, height = self._number("PhysicalWidth"), self._number("PhysicalHeight")
        if not width or not height or min(width, height) <= 0 or not (level.width and level.height):
            return None
        return width / 1000 / level.width, height / 1000 / level.height

    # -- keys ----------------------------------------------------------------------------

    def _read_keys(self) -> None:
        for pair in self.keys.pairs:
            self._pair(pair)
        for stray in self.keys.strays:
            cut = (Cut(self.text, stray.start, stray.end),)
            place = Place(0, "key file", stray.start, stray.end)
            self.found.add("hamamatsu.key.text", "Free text", UNKNOWN, place, cut, stray.text)
        for section in self.keys.sections:
            if section.name != self.group:
                cut, place = (
                    (Cut(self.text, section.start, section.end),),
                    Place(0, "key file", section.start, section.end),
                )
                self.found.add("hamamatsu.key.group", "Unknown group", UNKNOWN, place, cut, section.name)

    def _pair(self, pair: Pair) -> None:
        low = pair.key.lower()
        place = Place(0, "key file", pair.value_start, pair.value_end)
        own = pair.section == self.group
        weak = WEAK.get(low)
        if own and not pair.value and (low in SCIENCE | FIELDS | WEAK or low in _NAMES or _KEY.fullmatch(pair.key)):
            return
        if own and (low in _NAMES or _IMAGE.fullmatch(low) or _is_legal(low, pair.value)):
            self.kept.append(place)
            return
        blank = (Cut(self.text, pair.value_start, pair.value_end),)
        if own and weak is not None and weak.fullmatch(pair.value):
            self.found.add(f"hamamatsu.key.{low}", pair.key, DEVICE, place, blank, pair.value, weak=True)
        elif own and low in FIELDS:
            title, cls = FIELDS[low]
            if cls is not LINK or pair.value.strip("0 -"):  # zeros in place of an id come from an earlier run of ours
                self.found.add(f"hamamatsu.key.{low}", title, cls, place, blank, pair.value)
        elif _KEY.fullmatch(pair.key) and pair.value:
            cut = (Cut(self.text, pair.start, pair.end),)
            id_ = f"hamamatsu.key.{whole_slug(low)}"
            self.found.add(id_, pair.key, UNKNOWN, place, cut, pair.value)
        else:
            cut, place = (Cut(self.text, pair.start, pair.end),), Place(0, "key file", pair.start, pair.end)
            self.found.add("hamamatsu.key.unnamed", "Free text", UNKNOWN, place, cut, f"{pair.key}={pair.value}")


def _is_legal(low: str, value: str) -> bool:
    legal = SCIENCE.get(low)
    return legal is not None and legal.fullmatch(value) is not None


def _leads_away(name: str) -> bool:
    """Whether a name is a path; opening such a file raises the error that says so."""
    return any(c in name for c in "/\\:") or name in (".", "..")


def _cell(key: str) -> tuple[int, int] | None:
    """Column and row of an image file; None for other focal planes and other files."""
    if not key.startswith("imagefile"):
        return None
    numbers = [int(n) for n in re.findall(r"\d+", key)] or [0, 0]
    if len(numbers) == 3:
        return (numbers[1], numbers[2]) if numbers[0] == 0 else None
    return (numbers[0], numbers[1]) if len(numbers) == 2 else None
