"""Hamamatsu NDPI: NanoZoomer slides, also beyond 4 and 8 GB.

Layout: classic TIFF with 64-bit offsets (`containers.tiff.ndpi`). Each level is one JPEG with
restart markers; after the levels come the macro and a map of the tissue. There is no label
picture: the macro shows the whole slide, label included, so it goes whole.

Which page is what: tag 65421 holds the lens; positive for levels, -1 for the macro, -2 for
the map. That alone is not enough: a level must have the slide's shape, a macro may neither
come first nor be as large as the slide, a map is one grey uncompressed strip. If the evidence
contradicts itself, the slide is refused; a page that says it is a map and has another form is an
unknown picture.

Text: tags 65420-65481 stand in every directory, which share one string or have copies; 65449 is
a property map of ``key=value`` lines, of which single lines are cut. Only known science with a
legal value stays. Text before a level's coded data (COM, EXIF) is metadata too; restart markers
and the tables of their places are never touched.

Traps: an ASCII value is never stored in the entry, even if it is short; a single LONG has 64 bits
where its high word is not zero; older files have no high words, so their strips may point elsewhere,
and each strip must begin like a JPEG. Annotations (``.ndpa``) are sidecars and are only listed.

Source: OpenSlide's Hamamatsu page; the project's format map, section 3; metadata of two real
scanners.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff.ndpi import MARK, Ndpi
from blankslide.formatkit.protocol import Format
from blankslide.formats.hamamatsu.ndpi_file import inspect_file

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.model import Inspection


class Hamamatsu(Format):
    """The format object; see the module's docstring."""

    name = "hamamatsu"
    title = "Hamamatsu NDPI"
    suffixes = (".ndpi",)
    marks = (b"<65420>",)
    one_file = True
    removes = (
        "macro picture, which shows the label; reference, barcodes, dates, serial numbers, scan profile and every "
        "unknown tag of each page; those lines of the property map; text inside JPEG headers; orphaned bytes"
    )
    keeps = "lens, offsets, focus, exposure, restart tables, known property lines, map of the tissue, coded tissue"
    readers = ("OpenSlide", "tifffile", "fastslide")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page, read by 64-bit rules, has Hamamatsu's mark."""
        if not probe.is_tiff:
            return "not a TIFF"
        if not isinstance(probe.tiff, Ndpi):
            return f"the first page, read with 64-bit offsets, has no tag {MARK}"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        return inspect_file(probe.tiff, self.name, self.title, probe.files.name)


FORMAT: Format = Hamamatsu()
