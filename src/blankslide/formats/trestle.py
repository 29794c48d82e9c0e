"""Trestle (MedMicro, MedScan): a TIFF of overlapping tiles, and the macro in a side file.

Layout: Software begins with ``MedScan``; every page is tiled, all are levels; descriptions are
``key=value`` pairs between semicolons. Beside ``slide.tif`` may stand ``slide.Full``, a JPEG of
the whole glass with the label, which readers show as the macro, and ``slide.tif-1b`` and the
like, tables of how tiles overlap, which no reader asks for.

The resolution tags hold micrometres per pixel, whatever their unit says.

The macro's file is part of the slide: it is opened with the slide, and a blank picture of the same
size is drawn over all of it. The tables are listed as sidecars and left.

What goes: pairs that are not known science with a legal value, and what follows the beginning of
the software's name, which readers need.

Traps: a macro file that is a link, or in another folder, cannot be edited safely, and the slide
would be called clean while readers still show its macro; so such a slide is refused. A slide with
a page in strips is refused too, because no reader takes it for Trestle.

Source: OpenSlide's Trestle page; the project's format map, section 14; a real description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable
from blankslide.formatkit import jpeg_blanks, tiff_free_pages, tiff_numbered_pages
from blankslide.formatkit.findings import DEVICE, DIRECT, PATH, QUASI
from blankslide.formatkit.label_rooms import stream_rooms
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.text_pairs import Pairs, prefixed
from blankslide.formatkit.text_style import Style, numbers
from blankslide.model import AssociatedImage, Blank, Coding, Inspection, PhiClass, Place, SlideFile, Slot
from blankslide.model.patterns import pattern
from blankslide.spans import ByteClass, ByteMap

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Probe
    from blankslide.formatkit.vocabulary import Legal
    from blankslide.source import ByteSource, SlideFiles


_SOFTWARE = 305
_MARK = "MedScan"
_LONGEST = 255
_PROGRAM = pattern(r"MedScan(?: v\d{1,3}(?:\.\d{1,4}){0,4})?(?: - (?:Release|Debug|Beta))?(?![^\0\s,;])")
_ANY_PROGRAM = pattern(_MARK)
_COLOUR = pattern(r"[0-9A-Fa-f]{6}")

#: Keys whose legal values stay.
SCIENCE: dict[str, Legal] = {
    **numbers("objective power; jpeg quality; quality; mpp; gain; exposure; gamma; focus offset"),
    **dict.fromkeys(("background color", "white balance"), _COLOUR),
    "overlapsxy": pattern(r"\d{1,4}(?: \d{1,4}){0,63}"),
    "resolution": pattern(r"[-+]?\d{1,6}(?:\.\d{1,12}|,\d{1,7})?(?: ?(?:um|µm|nm))?"),
}
#: Keys that identify.
FIELDS: dict[str, PhiClass] = {
    **dict.fromkeys(
        ("case name", "slide name", "name", "barcode", "patient", "user", "operator", "title", "comment"), DIRECT
    ),
    **dict.fromkeys(("date", "time", "scan date", "scan time", "tray", "slot"), QUASI),
    **dict.fromkeys(("scanner", "serial number", "host", "station"), DEVICE),
    **dict.fromkeys(("file", "filename", "path"), PATH),
}
_STYLE = Style("trestle", ";", SCIENCE, FIELDS)


class Trestle(Format):
    """The format object; see the module's docstring."""

    name = "trestle"
    title = "Trestle TIFF"
    suffixes = (".tif", ".tiff")
    marks = (b"MedScan",)
    removes = (
        "macro picture in the side file .Full, blanked in place; every field of the descriptions that is not known "
        "science; what hangs on the software's name; tag 306 and the other text tags; orphaned bytes"
    )
    keeps = "objective power, overlaps, colours, quality, software version, resolution tags, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled, described and written by MedScan."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not (first.text(_SOFTWARE) or "").startswith(_MARK):
            return "the first page's Software does not begin with MedScan"
        if T.IMAGE_DESCRIPTION not in first.tags:
            return "the first page has no description"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, the side file, findings and the owner of every byte of both files."""
        pages = probe.tiff.pages
        given = tiff_free_pages.roles(pages, lambda page: None)
        if any(role != "level" for role in given):
            raise ContradictorySlide("a page is not tiled, which no Trestle slide has")
        reader = Pairs(_STYLE)

        def read(page: Ifd) -> None:
            reader.read(page)
            legal = _PROGRAM if _PROGRAM.match(page.text(_SOFTWARE) or "") else _ANY_PROGRAM
            prefixed(reader.found, reader.kept, page, _SOFTWARE, legal, "trestle.software", "Text behind the software")

        side = _side_file(probe.files)
        picture = None if side is None else _macro(reader, side[1])
        out = tiff_free_pages.inspection(self, probe, given, reader, read, tags=(T.IMAGE_DESCRIPTION, _SOFTWARE))
        out.mpp, out.objective = _pixel_size(pages[0]), reader.number("objective power")
        if side is not None and picture is not None:
            out.files = (*out.files, SlideFile(side[0], side[1].size))
            out.maps = (*out.maps, _map(side[1]))
            out.associated = (picture,)
        return out


FORMAT: Format = Trestle()


def _pixel_size(page: Ifd) -> tuple[float, float] | None:
    """Micrometres per pixel (x, y), which is what the resolution tags hold here."""
    sizes = []
    for tag in (282, 283):
        entry = page.tags.get(tag)
        values = page.tiff.numbers(page, entry) if entry is not None else None
        sizes.append(values[0] if values else 0.0)
    return (sizes[0], sizes[1]) if all(0.01 <= s <= 100 for s in sizes) else tiff_numbered_pages.pixel_size(page)


def _side_file(files: SlideFiles) -> tuple[str, ByteSource] | None:
    """Open the macro's file, if there is one.

    Raises
    ------
    NotEditable
        If a reader would show a macro whose file cannot be edited together with the slide.
    """
    stem, dot, _ = files.name.rpartition(".")
    name = f"{stem if dot else files.name}.Full"
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        return None
    if name in files.names():
        return name, files.open(name)
    try:
        files.open(name)
    except DamagedSlide as problem:
        if problem.message.endswith("missing"):  # there is something of this name, but not an ordinary file
            return None
    raise NotEditable(
        "the macro's side file is a link or cannot be reached safely: its name or a folder of its name is in the way",
        "put a copy of the slide and its .Full file alone into a folder, under a plain name",
    )


def _macro(reader: Pairs, source: ByteSource) -> AssociatedImage:
    """Report the macro, which goes by drawing a blank picture over the whole file."""
    frame = jpeg_blanks.parse(source.read(0, min(source.size, 1 << 16)))
    if frame is None or not (frame.width and frame.height):
        raise DamagedSlide("the macro's side file is not a JPEG")
    first, samples = frame.components[0], len(frame.components)
    coding = Coding(7, 6 if samples == 3 else 1, 8, samples, 1, (first.across, first.down))
    blank = Blank(1, "macro", coding, (Slot(0, source.size, frame.width, frame.height),))
    place = Place(1, "file .Full", 0, source.size)
    rooms = stream_rooms(blank, "macro")
    reader.found.add("picture.macro", "Macro picture", PhiClass.IMAGE, place, (blank,), None, rooms=rooms)
    return AssociatedImage("macro", frame.width, frame.height, T.MAX_IFDS, "JPEG")


def _map(source: ByteSource) -> ByteMap:
    bytemap = ByteMap(source.size)
    bytemap.claim(0, source.size, ByteClass.ASSOCIATED, "macro")
    bytemap.settle()
    return bytemap
