"""Mikroscan SL5 TIFF: pages are described as Aperio does, under another name.

Layout: page 0 and the other levels are tiled; thumbnail, label and macro are in strips, not
compressed. Descriptions begin with ``Mikroscan Image Structure``; the second line gives sizes
and codec, or ``label WxH``, ``macro WxH``, ``WxH -> WxH`` in those of the pictures; then come
``|key = value`` pairs.

Which page is what: the second line and NewSubfileType tell; pairs are never consulted. The key
of the scanner's serial number begins with the model (``SL5 SERIAL #``).

Trap: OpenSlide takes such a slide for a plain TIFF and lists no pictures, so it cannot tell whether
they are gone; tifffile sees every page.

Source: opentile's notes on Mikroscan; the project's format map, section 14. No real slide was
at hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import tiff_free_pages
from blankslide.formatkit.findings import DEVICE, DIRECT, PATH, QUASI
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.text_pairs import Pairs
from blankslide.formatkit.text_style import Style, numbers
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.formatkit.vocabulary import Legal
    from blankslide.model import Inspection, PhiClass


_MARK = "Mikroscan Image Structure"
#: Keys whose legal values stay.
SCIENCE: dict[str, Legal] = numbers(
    "appmag; mpp; stripewidth; left; top; originalwidth; originalheight; linecameraskew; lineareaxoffset; "
    "lineareayoffset; focus offset; exposure time; exposure scale; displaycolor; gamma; offsetz; quality"
)
#: Keys that identify.
FIELDS: dict[str, PhiClass] = {
    **dict.fromkeys("barcode title user operator patient accession case label comment name slideid".split(), DIRECT),
    **dict.fromkeys(("date", "time", "time zone", "rack", "slide", "slot", "tray"), QUASI),
    **dict.fromkeys(("scanner", "scanner id", "serial", "serial number", "scanscope id", "host", "dsr id"), DEVICE),
    **dict.fromkeys(("filename", "file name", "path"), PATH),
}
_SERIAL = pattern(r"(?:[A-Za-z0-9-]{1,12} )?SERIAL ?#", re.I)
_STYLE = Style("mikroscan", r"\|", SCIENCE, FIELDS, maker=_MARK, patterns=((_SERIAL, "serial", DEVICE),))


class Mikroscan(Format):
    """The format object; see the module's docstring."""

    name = "mikroscan"
    title = "Mikroscan TIFF"
    suffixes = (".tif", ".tiff", ".svs")
    marks = (b"Mikroscan",)
    one_file = True
    removes = (
        "label and macro pictures; bar code, serial number, date, time, names and every unknown field of every "
        "description; tag 306 and the other text tags; orphaned bytes"
    )
    keeps = "MPP, AppMag, scan geometry, exposure, thumbnail, colour profile, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled and described as Mikroscan's."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not (first.text(T.IMAGE_DESCRIPTION) or "").startswith(_MARK):
            return "the first page's description does not begin as Mikroscan's"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        reader = Pairs(_STYLE)
        out = tiff_free_pages.inspection(self, probe, tiff_free_pages.roles(probe.tiff.pages), reader)
        out.mpp, out.objective = reader.size("mpp"), reader.number("appmag")
        return out


FORMAT: Format = Mikroscan()
