"""3DHISTECH TIFF: what CaseViewer and its relatives export from a MIRAX slide.

Layout: one tiled pyramid. The first description is like Aperio's, but does not name a maker: a
line of sizes and codec, then ``|key = value`` pairs, some of which begin with ``3dh_``. The
day comes first in dates. Label and macro are not exported; any other pages in strips are judged
by their type and description, as in other formats.

What goes: date, time, the profile (whose name somebody chose), and every field that is not known.
A filter stays if it is the default one.

Trap: only its keys tell the maker, so a slide is accepted only if the description begins with a
size, and such a key stands at the beginning of a pair, not inside a text.

Source: opentile's notes on 3DHistech; the project's format map, section 14. No real slide was
at hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import tiff_free_pages, tiff_numbered_pages
from blankslide.formatkit.findings import DEVICE, DIRECT, PATH, QUASI
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.text_pairs import Pairs
from blankslide.formatkit.text_style import Style, numbers
from blankslide.formatkit.vocabulary import SHORT_NUMBER
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.formatkit.vocabulary import Legal
    from blankslide.model import Inspection, PhiClass


_MARK = pattern(rf"\s*\d{{1,7}}x\d{{1,7}}\b[^|]*\|(?:[^|]*\|)*\s*3dh_PixelSizeX\s*=\s*{SHORT_NUMBER}\s*(?:\||\Z)")
#: Keys whose legal values stay.
SCIENCE: dict[str, Legal] = {
    **numbers(
        "mpp; appmag; 3dh_pixelsizex; 3dh_pixelsizey; 3dh_magnification; 3dh_zlevel; 3dh_exposure; stripewidth; left; "
        "top; originalwidth; originalheight; quality"
    ),
    "3dh_filter": pattern("Default|DAPI|FITC|TRITC|TxRed|Cy[357]|Brightfield", re.I),
}
#: Keys that identify.
FIELDS: dict[str, PhiClass] = {
    **dict.fromkeys(("barcode", "title", "user", "3dh_slidename", "3dh_slideid", "3dh_barcode", "3dh_user"), DIRECT),
    **dict.fromkeys(("date", "time", "3dh_profile", "3dh_scandate"), QUASI),
    **dict.fromkeys(("3dh_scanner", "3dh_serial", "3dh_hardware", "scanner"), DEVICE),
    **dict.fromkeys(("filename", "3dh_filename", "3dh_path"), PATH),
}
_STYLE = Style(
    "3dhistech",
    r"\|",
    SCIENCE,
    FIELDS,
    maker=r"\s*\d{1,7}x\d{1,7}",
    words="3DHISTECH",
    again=r"\d{1,7}x\d{1,7} \(\d{1,7}x\d{1,7}\)",
)


class ThreeDHistechTiff(Format):
    """The format object; see the module's docstring."""

    name = "threedhistech_tiff"
    vendor = "3dhistech"
    title = "3DHISTECH TIFF"
    suffixes = (".tif", ".tiff")
    marks = (b"3dh_PixelSizeX",)
    one_file = True
    removes = (
        "label and macro pictures, if there are any; date, time, profile, names and every unknown field of the "
        "descriptions; tag 306 and the other text tags; orphaned bytes"
    )
    keeps = "pixel sizes, MPP, filter, colour profile, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled and described with 3DHISTECH's keys."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not _MARK.match(first.text(T.IMAGE_DESCRIPTION) or ""):
            return "the first page's description does not give 3DHISTECH's pixel size"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        pages = probe.tiff.pages
        reader = Pairs(_STYLE)
        out = tiff_free_pages.inspection(self, probe, tiff_free_pages.roles(pages), reader)
        x, y = (reader.number(f"3dh_pixelsize{axis}") or reader.number("mpp") for axis in "xy")
        out.mpp = (x, y) if x and y and max(x, y) < 100 else tiff_numbered_pages.pixel_size(pages[0])
        out.objective = reader.number("appmag")
        return out


FORMAT: Format = ThreeDHistechTiff()
