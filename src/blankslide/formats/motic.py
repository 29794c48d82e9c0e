"""Motic TIFF: slides whose description names Motic, but is not one that the Aperio format reads.

Layout: as Aperio's: page 0 and the other levels tiled, thumbnail, label and macro in strips
(LZW or JPEG); descriptions begin with ``Motic`` and hold a line of sizes and codec, or
``label WxH``, ``macro WxH``, then ``|key = value`` pairs. ``Motic V1.0.0`` and the like are
Aperio's file under another name and belong to that format.

Which page is what: the second line and NewSubfileType tell, as with Aperio.

Trap: hardly anybody has seen such slides. If the first description does not have the form above,
nobody knows what readers need of it: it is left, and the slide needs review.

Source: opentile's notes on Motic; the project's format map, section 14. No real slide was at
hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import tiff_free_pages
from blankslide.formatkit.findings import DEVICE, DIRECT, PATH, QUASI, UNKNOWN
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.text_pairs import Pairs
from blankslide.formatkit.text_style import Style, numbers
from blankslide.model import PhiClass, Place
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Probe
    from blankslide.formatkit.vocabulary import Legal
    from blankslide.model import Inspection


_MARK = pattern(r"Motic\b(?! V\d)")
_FORM = pattern(r"Motic[^\n]{0,80}\n(?:.{0,200}\s)?\[?\d{1,7} ?x ?\d{1,7}\b", re.S)
_FIRST_PAIR = pattern(r"[^|=]{1,48}=")
#: Keys whose legal values stay.
SCIENCE: dict[str, Legal] = {
    **numbers(
        "appmag; mpp; stripewidth; left; top; originalwidth; originalheight; exposure time; displaycolor; "
        "gamma; quality"
    ),
    "backgroundcolor": pattern(r"1?\d{1,7}"),
}
#: Keys that identify.
FIELDS: dict[str, PhiClass] = {
    **dict.fromkeys("barcode title user operator patient accession case label comment name slideid".split(), DIRECT),
    **dict.fromkeys(("date", "time", "time zone", "rack", "slide", "slot", "tray"), QUASI),
    **dict.fromkeys(("scanner", "scanner id", "scannertype", "serial", "serial number", "host", "device"), DEVICE),
    **dict.fromkeys(("filename", "file name", "path"), PATH),
}
_STYLE = Style(
    "motic",
    r"\|",
    SCIENCE,
    FIELDS,
    maker="Motic",
    words=r"Motic(?: (?:EasyScan|DSAssistant|Digital|Slide|Scanner|Image)){0,3}(?: \d{1,3}(?:\.\d{1,4}){1,3})?",
    again=r"Motic\b",
)


class Motic(Format):
    """The format object; see the module's docstring."""

    name = "motic"
    title = "Motic TIFF"
    suffixes = (".tif", ".tiff", ".svs")
    marks = (b"Motic",)
    one_file = True
    removes = (
        "label and macro pictures; bar code, date, time, scanner and every unknown field of every description; tag 306 "
        "and the other text tags; orphaned bytes; descriptions of another form are left for review"
    )
    keeps = "MPP, AppMag, scan geometry, background colour, thumbnail, colour profile, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled and described as Motic's."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not _MARK.match(first.text(T.IMAGE_DESCRIPTION) or ""):
            return "the first page's description does not begin with Motic, or as Aperio's Motic slides do"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        pages = probe.tiff.pages
        reader = Pairs(_STYLE)
        strange = not _is_known_form(pages[0].text(T.IMAGE_DESCRIPTION) or "")

        def read(page: Ifd) -> None:
            if strange and page is pages[0]:
                _left(reader, page)
            else:
                reader.read(page)

        out = tiff_free_pages.inspection(self, probe, tiff_free_pages.roles(pages), reader, read)
        out.mpp, out.objective = reader.size("mpp"), reader.number("appmag")
        return out


FORMAT: Format = Motic()


def _is_known_form(text: str) -> bool:
    """Whether a description has a second line with a size, and then pairs."""
    header, _, rest = text.partition("|")
    return bool(_FORM.match(header) and _FIRST_PAIR.match(rest))


def _left(reader: Pairs, page: Ifd) -> None:
    """Report a description of an unknown form, which stays."""
    entry = page.tags[T.IMAGE_DESCRIPTION]
    place = Place(0, page.name, entry.start, entry.end)
    title = "Description of a form that is not known"
    reader.found.add("motic.description", title, UNKNOWN, place, (), page.text(T.IMAGE_DESCRIPTION))
