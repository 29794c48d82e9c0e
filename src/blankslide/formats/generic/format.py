"""Plain tiled TIFF: a file that no vendor's format accepts; asked last.

Nothing tells the role of a page, so no picture is removed. The first page is tissue; tiled pages
and SubIFDs whose size is a whole fraction of it are its levels. Any other page may be a label: it
is left, and the slide needs review (exit 1), on every run. So are descriptions of an unknown kind,
and private tags that hold text or blobs: nobody knows what they are needed for, so they are
neither kept silently nor destroyed.

Known text tags (dates, names, paths) go, and so do unknown fields of descriptions that `dialects`
can read. Bytes that nobody owns are reported but never zeroed, because they may be structures of
an unknown vendor.

Source: TIFF 6.0; OpenSlide's generic TIFF page; the project's format map, section 15.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit import jpeg_comments, tiff_byte_map, tiff_numbered_pages, tiff_tags
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.protocol import Format
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
_ALIKE = (T.BITS_PER_SAMPLE, T.SAMPLES_PER_PIXEL, T.PLANAR_CONFIGURATION)


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
        found, kept = FindingCollector(), list[Place]()
        for page in pages:
            entry = page.tags.get(T.IMAGE_DESCRIPTION)
            if entry is not None:
                dialects.read(found, kept, page.raw(entry), entry.start, page.name)
            for ifd in page.family():
                if roles[page.name] == "left" or (ifd is not page and not _is_reduced(ifd, page)):
                    tiff_numbered_pages.picture_left(found, ifd, "Picture that nothing explains")
            jpeg_comments.jpeg_findings(found, page, True)
            tiff_tags.tag_findings(found, page, _DESCRIPTION, {}, frozenset())
        tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles)
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
    return page is base or (page.is_tiled and _is_reduced(page, base))


def _is_reduced(page: Ifd, base: Ifd) -> bool:
    """Whether a page has the base's samples and, rounding aside, a whole fraction of its size."""
    if not tiff_numbered_pages.has_picture(page):
        return True  # EXIF and GPS are no pictures
    if any(tuple(page.ints(tag)) != tuple(base.ints(tag)) for tag in _ALIKE):
        return False
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    full = base.number(T.IMAGE_WIDTH), base.number(T.IMAGE_LENGTH)
    factor = round(max(full) / max(width, height, 1))
    return factor >= 2 and abs(width * factor - full[0]) <= factor and abs(height * factor - full[1]) <= factor


def _reviewed(finding: Finding) -> Finding:
    """Remove the edits of findings that are left: unowned bytes, private texts and blobs."""
    numeric = finding.value is not None and all(_is_number(v.reveal()) for v in (finding.value, *finding.values))
    private = finding.id.startswith("tiff.tag-") and finding.cls is PhiClass.UNKNOWN and not numeric
    if private or finding.id == "slide.unowned":
        finding.edits = ()
    return finding


def _is_number(value: str) -> bool:
    try:
        return all(float(word) == float(word) for word in value.split())
    except ValueError:
        return False
