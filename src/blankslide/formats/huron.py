"""Huron TissueScope TIFF: what each page is, and what its lines say.

Layout: TIFF or BigTIFF; every page's Make begins with ``Huron``; page 0 and the other levels
are tiled (JPEG or JPEG 2000), the second page is the thumbnail, label and macro are pages in
strips, often uncompressed, with NewSubfileType 1 and 9. The first description holds lines
``key = value``.

What goes: lines that are not known science with a legal value. The bar code is base64; its plain
text is searched for too. Readers know the slide by the beginning of Make, so the beginning stays,
and what follows it goes.

Traps: readers refuse a slide without a description, so the tag stays even if none of its lines
does. Other makers give the label's NewSubfileType to any reduced page, so it counts only on pages
in strips.

Source: OpenSlide's and opentile's notes on Huron; the project's format map, section 14. No
real slide was at hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import tiff_free_pages, tiff_numbered_pages
from blankslide.formatkit.findings import DEVICE, DIRECT, QUASI
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.text_pairs import Pairs, prefixed
from blankslide.formatkit.text_style import Style, numbers
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Probe
    from blankslide.formatkit.vocabulary import Legal
    from blankslide.model import Inspection, PhiClass


_MAKE = 271
_MAKER = pattern(r"Huron(?:(?: Digital Pathology| Technologies)(?: Inc\.?)?)?(?: TissueScope| LE ?\d?)*(?![^\0\s,;])")
_ANY_MAKER = pattern("Huron")
_LENGTH = pattern(r"[-+]?\d{1,6}(?:\.\d{1,12}|,\d{1,7})?(?: ?(?:um|µm|microns?|nm|mm)(?:/(?:px|pixel))?)?", re.I)

#: Keys whose legal values stay.
SCIENCE: dict[str, Legal] = {
    **numbers(
        "objective; magnification; objective magnification; mpp; width; height; levels; bit depth; bits per sample; "
        "channels; tile width; tile height; quality; compression quality; numerical aperture; exposure; gain; gamma"
    ),
    **dict.fromkeys(("resolution", "pixel size", "mpp-x", "mpp-y", "z spacing"), _LENGTH),
    **dict.fromkeys(("image dimensions", "tile size", "tile dimensions"), pattern(r"\d{1,7}(?:[x×]| [x×] )\d{1,7}")),
    "compression": pattern("JPEG|JPEG ?2000|JP2K?|LZW|None", re.I),
}
#: Keys that identify.
FIELDS: dict[str, PhiClass] = {
    **dict.fromkeys(
        (
            "barcode", "slide id", "slideid", "slide name", "slide", "case", "case id", "patient", "patient id", "name",
            "title", "comment", "comments", "description", "operator", "user", "label", "sample", "file name",
            "filename",
        ),
        DIRECT,
    ),
    **dict.fromkeys(
        (
            "scan started", "scan finished", "scan ended", "scan completed", "scan time", "scan date", "date", "time",
            "time zone", "carrier", "rack", "slot", "tray",
        ),
        QUASI,
    ),
    **dict.fromkeys(
        (
            "deviceid", "device id", "device", "serial number", "serial", "scanner", "scanner id", "host",
            "software version",
        ),
        DEVICE,
    ),
}  # fmt: skip
_STYLE = Style("huron", r"\r?\n|\r", SCIENCE, FIELDS)


class Huron(Format):
    """The format object; see the module's docstring."""

    name = "huron"
    title = "Huron TIFF"
    suffixes = (".tif", ".tiff")
    marks = (b"Huron",)
    one_file = True
    removes = (
        "label and macro pictures; bar code, device id, scan times, names and every unknown line of the descriptions; "
        "what hangs on the maker's name; tag 306 and the other text tags; orphaned bytes"
    )
    keeps = "resolution, dimensions, objective, optics, thumbnail, colour profile, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled, made by Huron and described."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not (first.text(_MAKE) or "").startswith("Huron"):
            return "the first page's Make does not begin with Huron"
        if T.IMAGE_DESCRIPTION not in first.tags:
            return "the first page has no description"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        pages = probe.tiff.pages
        given = tiff_free_pages.roles(pages, lambda page: None)
        reader = Pairs(_STYLE)

        def read(page: Ifd) -> None:
            reader.read(page)
            legal = _MAKER if _MAKER.match(page.text(_MAKE) or "") else _ANY_MAKER
            prefixed(reader.found, reader.kept, page, _MAKE, legal, "huron.make", "Text behind the maker's name")

        out = tiff_free_pages.inspection(self, probe, given, reader, read, tags=(T.IMAGE_DESCRIPTION, _MAKE))
        out.mpp = _pixel_size(reader) or tiff_numbered_pages.pixel_size(pages[0])
        out.objective = reader.number("objective") or reader.number("magnification")
        return out


FORMAT: Format = Huron()


def _pixel_size(reader: Pairs) -> tuple[float, float] | None:
    """Micrometres per pixel from the description; None if it uses another unit."""
    value = reader.number("resolution")
    if value is None or re.search(r"nm|mm", reader.values["resolution"]):
        return None
    return value, value
