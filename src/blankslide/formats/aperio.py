"""Aperio SVS: slides of ScanScope and GT450, and of others who write the same.

Layout: TIFF or BigTIFF; page 0 and the other levels are tiled, thumbnail, label and macro
are in strips. Descriptions start with ``Aperio``: a header of sizes and codecs, then
``|key = value`` pairs. Saving a slide again puts a new header before the old one, with ``;``
between, so headers and keys repeat. KFBIO and Grundium write the same, Motic with ``Motic V`` in front.
Z-levels and fluorescence channels are further tiled pages: tissue like the rest.

Which page is what: tiled pages with a level's marks are levels; of a crop the first page is, in tiles
or strips. For the others NewSubfileType (1 label, 9 macro)
and the description's second line (``label WxH``, ``macro WxH``) are evidence; a thumbnail
has the aspect of the slide or a description ``WxH -> WxH``. GT450 writes no description on
label and macro. If the evidence contradicts itself, the slide is refused. Titles and other free
text are never consulted. A page in strips that has the slide's shape, and that nothing explains, may
be tissue: it is left, and the slide needs review.

Fields are cut out of the description by their position, never by searching for their value. Of
the fields, only known science with a legal value stays.

Source: OpenSlide's Aperio page; the project's format map, section 2; real slides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import tiff_free_pages
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI
from blankslide.formatkit.profile_words import PROFILE_NAME
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.text_pairs import Pairs
from blankslide.formatkit.text_style import Style
from blankslide.formatkit.tiff_numbered_pages import has_picture
from blankslide.formatkit.tiff_tags import TagRule
from blankslide.formatkit.vocabulary import SHORT_NUMBER, whole_slug
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Probe
    from blankslide.formatkit.vocabulary import Legal
    from blankslide.model import Inspection, PhiClass


_NUMBER = pattern(SHORT_NUMBER)

#: Keys whose legal values stay, because the pixels are of use only with them.
SCIENCE: dict[str, Legal] = {
    **dict.fromkeys(
        (
            "appmag mpp stripewidth left top linecameraskew lineareaxoffset lineareayoffset displaycolor "
            "originalwidth originalheight gamma bestfocuslayer calibrationaveragered calibrationaveragegreen "
            "calibrationaverageblue"
        ).split(),
        _NUMBER,
    ),
    "focus offset": _NUMBER,
    "exposure time": _NUMBER,
    "exposure scale": _NUMBER,
    "icc profile": PROFILE_NAME,
}

#: Keys that identify. Every key that is in no table is unknown, and goes unless the policy allows it.
FIELDS: dict[str, PhiClass] = {
    "filename": DIRECT,
    "title": DIRECT,
    "user": DIRECT,
    "barcode": DIRECT,
    "accession": DIRECT,
    "patient": DIRECT,
    "copyright": DIRECT,
    "imageid": LINK,
    "dsr id": DEVICE,
    "scanscope id": DEVICE,
    "scanner id": DEVICE,
    "scannertype": DEVICE,
    "date": QUASI,
    "time": QUASI,
    "time zone": QUASI,
    "rack": QUASI,
    "slide": QUASI,
    "sessonmode": QUASI,
    "sessionmode": QUASI,
    "scan warning": QUASI,
    "parmset": QUASI,
    "webslide files": PATH,
    "compressedfile": PATH,
    "converter": QUASI,
    "converterepoch": QUASI,
    "converterversion": QUASI,
}

#: Aperio's private tags: copies of description fields, and scan geometry.
PRIVATE: dict[int, TagRule] = {
    55003: TagRule("aperio.tag.scanscope-id", "ScanScope ID (tag 55003)", DEVICE),
    55004: TagRule("aperio.tag.scan-date", "Scan date (tag 55004)", QUASI),
}
PRIVATE_SCIENCE = frozenset((55000, 55001, 55002))

_MAKER = pattern(r"Aperio\b|Motic V\d")
_STYLE = Style(
    "aperio",
    r"\|",
    SCIENCE,
    FIELDS,
    maker=r"Aperio|Motic V\d",
    words=(
        r"Aperio|Image,?|Library|Leica|Biosystems|Segue|Digital|GT ?450|DX|KFBIO|Motic|Grundium|Ocus\d{0,2},?"
        r"|V\d\.\d\.\d|->|-|label|macro|thumbnail"
    ),
    again=r"(?:Aperio|Motic) ",
    patterns=((pattern(r"(?i:customfield)[._][A-Za-z_.]{1,48}"), "", DIRECT),),
    key=pattern(r"(?!.*\d{4})[A-Za-z][A-Za-z0-9_./()#-]{0,30}(?: [A-Za-z0-9_./()#-]{1,20}){0,2}"),
    make_id=whole_slug,
)


class Aperio(Format):
    """The format object; see the module's docstring."""

    name = "aperio"
    title = "Aperio SVS"
    suffixes = (".svs", ".tif", ".tiff")
    marks = (b"Aperio", b"Motic")
    one_file = True
    removes = (
        "label and macro pictures; user, file name, title, barcode, dates, times, scanner ids, rack, slide and "
        "every unknown field of every description; tags 306, 315, 55003, 55004 and the other text tags; orphaned bytes"
    )
    keeps = "MPP, AppMag, scan geometry, exposure, ICC profile, thumbnail, coded tissue"
    readers = ("OpenSlide", "tifffile", "fastslide", "slideio")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is described as Aperio's and in tiles, or, in a crop, in strips."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not _MAKER.match(first.text(T.IMAGE_DESCRIPTION) or ""):
            return "the first page's description starts neither with Aperio nor with Motic"
        if not has_picture(first):
            return "the first page holds no picture"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        reader = Pairs(_STYLE)
        given = tiff_free_pages.roles(probe.tiff.pages)
        out = tiff_free_pages.inspection(self, probe, given, reader, rules=PRIVATE, private=PRIVATE_SCIENCE)
        out.mpp, out.objective = reader.size("mpp"), reader.number("appmag")
        return out


FORMAT: Format = Aperio()
