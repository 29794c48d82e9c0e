"""Plain tiled TIFF: a file that no vendor's format accepts; asked last.

Nothing tells the role of a page, so no picture is removed. The first page is tissue. Tiled pages as
large as the first are its channels or focal planes; smaller pages and SubIFDs of its shape that are typed
as reduced versions are levels, by whatever factor. Any other page may be a label: it is left, and the
slide needs review (exit 1), on every run. So are descriptions of an unknown kind, and private tags that
hold text or blobs: nobody knows what they are needed for, so they are neither kept silently nor destroyed.

Known text tags (dates, names, paths) go, and so do unknown fields of descriptions that `dialects`
can read. Bytes that nobody owns are reported but never zeroed, because they may be structures of
an unknown vendor.

Source: TIFF 6.0; OpenSlide's generic TIFF page; the project's format map, section 15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import tiff_byte_map, tiff_numbered_pages, tiff_tags
from blankslide.formatkit.findings import FindingCollector, places_in
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_shapes import is_alike, is_marked, same_shape, same_size
from blankslide.formats.generic import dialects
from blankslide.model import Finding, Inspection, PhiClass, Place, SlideFile

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Probe


_DESCRIPTION = frozenset((T.IMAGE_DESCRIPTION,))
#: Keys of tifffile's JSON and the values that stay
SHAPED = dialects.SHAPED
#: Keys of ImageJ's lines and the values that stay
LINES = dialects.LINES
#: Properties of libvips and the values that stay
PROPERTIES = dialects.PROPERTIES


class GenericTiff(Format):
    """The format object; see the module's docstring."""

    name = "generic_tiff"
    title = "Generic tiled TIFF"
    suffixes = (".tif", ".tiff", ".btf")
    marks = ()
    one_file = True
    fallback = True
    removes = (
        "known text tags (dates, names, paths, XMP), unknown fields of descriptions by tifffile, libvips and ImageJ; "
        "other pages, descriptions, private texts and orphaned bytes are listed for review, never touched"
    )
    keeps = "resolution, colour profile, shape and pixel size in descriptions, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not first.is_tiled:
            return "the first page is not tiled"
        if not tiff_numbered_pages.has_picture(first):
            return "the first page holds no picture"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff, pages = probe.tiff, probe.tiff.pages
        roles = {p.name: "level" if _is_level(p, pages[0]) else "left" for p in pages}
        bytemap = tiff_byte_map.claim_file(tiff, roles)
        found, kept = FindingCollector(places_in(tiff.size)), list[Place]()
        for page in pages:
            for entry in (e for e in page.entries if e.tag == T.IMAGE_DESCRIPTION):
                dialects.read(found, kept, page.raw(entry), entry.start, page.name)
            if roles[page.name] == "left":
                tiff_numbered_pages.picture_left(found, page, "Picture that nothing explains")
            tiff_tags.tag_findings(found, page, _DESCRIPTION, {}, frozenset(), _DESCRIPTION)
        tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles, echoes=False)
        extra = [i for i, p in enumerate(pages) if roles[p.name] != "level"]
        levels = [tiff_numbered_pages.level(i, p) for i, p in enumerate(pages) if roles[p.name] == "level"]
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(sorted(levels, key=lambda v: -v.width)),
            associated=tuple(tiff_numbered_pages.associated(i, pages[i], "unknown") for i in extra),
            findings=tuple(map(_reviewed, found.finish())),
            maps=(bytemap,),
            mpp=tiff_numbered_pages.pixel_size(pages[0]),
            kept=tuple(kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            notes=(f"{len(extra)} pages are no level and were left: look at them",) if extra else (),
        )


FORMAT: Format = GenericTiff()


def _is_level(page: Ifd, base: Ifd) -> bool:
    """Whether a tiled page is a channel or focal plane as large as the first, or a marked, smaller version of it."""
    if page is base:
        return True
    if not page.is_tiled or not is_alike(page, base):
        return False
    if same_size(page, base):
        return True
    smaller = page.number(T.IMAGE_WIDTH) < base.number(T.IMAGE_WIDTH)
    return smaller and is_marked(page) and same_shape(page, base)


def _reviewed(finding: Finding) -> Finding:
    """Remove the edits of findings that are left: unowned bytes, private texts and blobs."""
    numeric = finding.value is not None and all(_is_number(v.reveal()) for v in (finding.value, *finding.values))
    private = finding.id.startswith("tiff.tag-") and finding.cls is PhiClass.UNKNOWN and not numeric
    if private or finding.id in ("slide.unowned", "picture.unknown"):
        finding.edits = ()
    return finding


def _is_number(value: str) -> bool:
    try:
        return all(float(word) == float(word) for word in value.split())
    except ValueError:
        return False
