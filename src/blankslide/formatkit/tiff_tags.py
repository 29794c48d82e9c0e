"""What the tags of a TIFF say: findings of the tags that every TIFF has.

A format names its private tags and reads its descriptions itself; all other tags are judged here.
Identifying and unknown tags become findings. A value that is blank already is not a finding, so a
second run finds nothing to do.

Tag table and classes: TIFF 6.0, EXIF 2.32, and section 1.4 of the project's format map.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.tiff import directories as T
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, QUASI, UNKNOWN, FindingCollector
from blankslide.formatkit.icc_findings import profile_findings
from blankslide.formatkit.tiff_entries import child_kind, is_pages_own
from blankslide.formatkit.tiff_scales import SCALES, is_scale
from blankslide.formatkit.tiff_structural import PLACES, SINGLE, STRUCTURAL, UNSIGNED, is_needed, is_usable
from blankslide.formatkit.vocabulary import VERSION
from blankslide.model import Fill, PhiClass, Place
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Entry, Ifd

__all__ = ["PLAIN_WORDS", "STRUCTURAL", "TAGS", "TagRule", "is_plain", "tag_findings"]


class TagRule(NamedTuple):
    """The name of a tag and what it can reveal; if ``plain``, values of known words are weak findings."""

    id: str
    title: str
    cls: PhiClass
    plain: bool = False


TAGS: Mapping[int, TagRule] = {
    269: TagRule("tiff.document-name", "DocumentName", DIRECT),
    271: TagRule("tiff.make", "Make", DEVICE, plain=True),
    272: TagRule("tiff.model", "Model", DEVICE, plain=True),
    285: TagRule("tiff.page-name", "PageName", DIRECT),
    305: TagRule("tiff.software", "Software", DEVICE, plain=True),
    306: TagRule("tiff.date-time", "DateTime", QUASI),
    315: TagRule("tiff.artist", "Artist", DIRECT),
    316: TagRule("tiff.host-computer", "HostComputer", DEVICE),
    333: TagRule("tiff.ink-names", "InkNames", UNKNOWN),
    337: TagRule("tiff.target-printer", "TargetPrinter", DEVICE),
    700: TagRule("tiff.xmp", "XMP packet", DIRECT),
    32781: TagRule("tiff.image-id", "ImageID", LINK),
    33432: TagRule("tiff.copyright", "Copyright", DIRECT),
    33448: TagRule("tiff.md-lab-name", "MD LabName", DIRECT),
    33449: TagRule("tiff.md-sample-info", "MD SampleInfo", DIRECT),
    33450: TagRule("tiff.md-prep-date", "MD PrepDate", QUASI),
    33451: TagRule("tiff.md-prep-time", "MD PrepTime", QUASI),
    33723: TagRule("tiff.iptc", "IPTC record", DIRECT),
    34377: TagRule("tiff.photoshop", "Photoshop resources", DIRECT),
    # EXIF's, as TIFF/EP and converters write them on a page itself
    36867: TagRule("tiff.date-time-original", "DateTimeOriginal", QUASI),
    36868: TagRule("tiff.date-time-digitized", "DateTimeDigitized", QUASI),
    37500: TagRule("tiff.maker-note", "MakerNote", DEVICE),
    37510: TagRule("tiff.user-comment", "UserComment", DIRECT),
    37724: TagRule("tiff.image-source-data", "Photoshop layers", DIRECT),
    40091: TagRule("tiff.xp-title", "XPTitle", DIRECT),
    40092: TagRule("tiff.xp-comment", "XPComment", DIRECT),
    40093: TagRule("tiff.xp-author", "XPAuthor", DIRECT),
    40094: TagRule("tiff.xp-keywords", "XPKeywords", DIRECT),
    40095: TagRule("tiff.xp-subject", "XPSubject", DIRECT),
    42016: TagRule("tiff.image-unique-id", "ImageUniqueID", LINK),
    42032: TagRule("tiff.camera-owner-name", "CameraOwnerName", DIRECT),
    42033: TagRule("tiff.body-serial-number", "BodySerialNumber", DEVICE),
    42037: TagRule("tiff.lens-serial-number", "LensSerialNumber", DEVICE),
    42112: TagRule("tiff.gdal-metadata", "GDAL metadata", QUASI),
    50708: TagRule("tiff.unique-camera-model", "UniqueCameraModel", DEVICE),
    50735: TagRule("tiff.camera-serial-number", "CameraSerialNumber", DEVICE),
    50827: TagRule("tiff.original-file-name", "OriginalRawFileName", DIRECT),
    50838: TagRule("tiff.imagej-counts", "ImageJ counts", DIRECT),
    50839: TagRule("tiff.imagej-metadata", "ImageJ metadata", DIRECT),
    50971: TagRule("tiff.preview-date-time", "PreviewDateTime", QUASI),
    59932: TagRule("tiff.padding", "Padding", UNKNOWN),
}

#: Words that may stand in Make, Model and Software, besides version numbers.
PLAIN_WORDS = frozenset(
    "aperio leica biosystems image library imagescope scanscope scanner gt450 gt 450 dx at2 at cs cs2 xt lv1 versa "
    "tifffile.py tifffile libtiff imagej openslide vips bioformats bio-formats ome adobe photoshop windows macintosh "
    "grundium ocus motic kfbio hamamatsu nanozoomer ventana roche philips huron mikroscan olympus zeiss 3dhistech "
    "tissuescope le iq pe easyscan medscan "
    "bio formats dp pro cs5 cs6 cc software version release blankslide".split()
)
_BETWEEN = pattern(r"[ ,;()/_-]+")
_VERSION = pattern(rf"v?{VERSION}|v\d{{1,2}}", re.I)
_RELEASED = pattern(r"20[12]\d\.\d{1,2}\.\d{1,2}")
_SHORT = pattern(r"\d{1,3}")
_MOST_VERSIONS = 2


def is_plain(value: str) -> bool:
    """Whether a maker, model or software text holds known words, with two versions and a short number at most.

    Versions are no dates and no addresses; only tifffile names its releases by their date. Any other character than
    those of ASCII is unknown.
    """
    parts = [part for part in _BETWEEN.split(value.strip().lower()) if part]
    known = [part for part in parts if part in PLAIN_WORDS]
    others = [part for part in parts if part not in PLAIN_WORDS]
    released = [o for o in others if _RELEASED.fullmatch(o)] if "tifffile" in value.lower() else []
    versions = [o for o in others if o not in released and _VERSION.fullmatch(o)]
    numbers = [o for o in others if _SHORT.fullmatch(o)]
    if not value.strip():
        return True
    counted = len(released) + len(versions) <= _MOST_VERSIONS and len(numbers) <= 1
    return bool(known) and counted and len(others) == len(released) + len(versions) + len(numbers)


class _Plain:
    """Looks like a pattern, and matches what `is_plain` accepts."""

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it holds only known words, else None."""
        return text if is_plain(text) else None


PLAIN = _Plain()


def tag_findings(
    found: FindingCollector,
    page: Ifd,
    skip: frozenset[int],
    rules: Mapping[int, TagRule],
    science: frozenset[int],
    every: frozenset[int] = frozenset(),
) -> None:
    """Turn the tags of one page and its children into findings.

    Parameters
    ----------
    skip
        Tags that the format reads itself (its description).
    rules
        The format's private tags.
    science
        Private tags whose values stay.
    every
        Those of ``skip`` of which the format reads every entry, not only the first.
    """
    for ifd in page.family():
        twice, order = len(ifd.tags) < len(ifd.entries), ifd.tiff.byteorder
        number, largest = int.from_bytes, SINGLE.get
        for entry in ifd.entries:
            tag, kind, count, _, _, _, inline = entry
            if kind in UNSIGNED and not twice:  # most of all entries: decided as `is_usable` decides, without its calls
                is_one = count == 1 and number(inline or b"", order) <= largest(tag, -1)
                if tag in PLACES or (is_one and inline is not None):
                    continue
            if twice and entry is not ifd.tags[tag] and (tag in STRUCTURAL or tag in science or tag in skip - every):
                _second(found, ifd, entry)
                continue
            if tag in STRUCTURAL or tag in science:
                _structural(found, ifd, entry, tag in STRUCTURAL)
                continue
            if tag in SCALES and is_scale(ifd, entry):
                continue
            if (tag in skip and ifd is page) or is_pages_own(page, ifd, entry):
                continue
            if tag == T.ICC_PROFILE:
                if not profile_findings(found, ifd.tiff.source, entry.start, entry.end, ifd.name):
                    _tag_finding(found, ifd, entry, _NO_PROFILE)
                continue
            rule = rules.get(tag) or TAGS.get(tag)
            if ifd is not page:
                rule = TagRule(f"tiff.{child_kind(ifd)}.{tag}", f"{child_kind(ifd).upper()} tag {tag}", QUASI)
            if rule is None:
                rule = TagRule(f"tiff.tag-{tag}", f"tag {tag}", UNKNOWN)
            _tag_finding(found, ifd, entry, rule)


#: Types of bytes of which no reader makes a number.
_TEXTS = frozenset((2, 7, 129))
_BYTEWISE = frozenset((1, 2, 7, 129))
_NO_PROFILE = TagRule("tiff.icc-profile", "ICC tag without a profile", UNKNOWN)
#: What tifffile writes behind a description that somebody gave it.
_SHAPE = pattern(rb'\{"shape": \[\d{1,9}(?:, \d{1,9}){0,7}\](?:, "truncated": (?:true|false))?\}\0*')


def _second(found: FindingCollector, ifd: Ifd, entry: Entry) -> None:
    """Judge a further entry of a tag that readers may take instead of the first: it says the same, or is found."""
    first, raw = ifd.tags[entry.tag], ifd.raw(entry) if entry.end - entry.start <= 1 << 20 else None
    if (entry.type, entry.number) == (first.type, first.number) and raw == ifd.raw(first):
        return
    if entry.tag == T.IMAGE_DESCRIPTION and raw is not None and _SHAPE.fullmatch(raw):
        return
    title = f"Second tag {entry.tag}"
    if entry.tag in STRUCTURAL:
        place = Place(0, ifd.name, entry.start, entry.end)
        found.add("tiff.second-structure", title, UNKNOWN, place, (), None)
    else:
        _tag_finding(found, ifd, entry, TagRule(f"tiff.second-{entry.tag}", title, UNKNOWN))


def _structural(found: FindingCollector, ifd: Ifd, entry: Entry, known: bool) -> None:
    """Report a tag of numbers that holds something else; one that readers may act on is only told of."""
    if not known:
        if entry.type in _BYTEWISE:
            _text_in_numbers(found, ifd, entry)
        return
    if is_usable(ifd, entry):
        return
    rule = TagRule(f"tiff.tag-{entry.tag}", f"tag {entry.tag}", UNKNOWN)
    if entry.type in _TEXTS or not is_needed(ifd, entry.tag):
        _tag_finding(found, ifd, entry, rule)
    elif any(ifd.raw(entry)):
        place = Place(0, ifd.name, entry.start, entry.end)
        found.add(f"{rule.id}-left", f"{rule.title} with a value of no use", UNKNOWN, place, (), None)


def _text_in_numbers(found: FindingCollector, ifd: Ifd, entry: Entry) -> None:
    """Report text in a tag that should hold numbers."""
    if entry.type in (2, 129) or (4 <= entry.end - entry.start <= 1 << 20 and _looks_like_text(ifd.raw(entry))):
        _tag_finding(found, ifd, entry, TagRule(f"tiff.tag-{entry.tag}", f"tag {entry.tag}", UNKNOWN))


def _tag_finding(found: FindingCollector, ifd: Ifd, entry: Entry, rule: TagRule) -> None:
    raw = ifd.raw(entry) if entry.end - entry.start <= 1 << 20 else None
    if raw is not None and not raw.strip(b"\0 "):
        return
    value = _as_text(ifd, entry, raw)
    place = Place(0, ifd.name, entry.start, entry.end)
    if rule.cls is LINK and value is not None and not value.strip("0 {}-"):
        return  # zeros in place of an id come from an earlier run of ours
    weak = rule.plain and value is not None and is_plain(value)
    found.add(rule.id, rule.title, rule.cls, place, (Fill(0, entry.start, entry.end),), value, weak)


def _as_text(ifd: Ifd, entry: Entry, raw: bytes | None) -> str | None:
    if raw is None:
        return None
    if entry.type == 129:
        return raw.rstrip(b"\0 ").decode("utf-8", "replace")
    if entry.type == 2 or (entry.type in (1, 7) and _looks_like_text(raw)):
        return raw.rstrip(b"\0 ").decode("latin-1")
    if entry.type == 1 and entry.tag in range(40091, 40096):
        return raw.decode("utf-16-le", "replace").rstrip("\0 ")
    numbers = ifd.tiff.numbers(ifd, entry)
    return None if numbers is None else " ".join(map(repr, numbers))


def _looks_like_text(raw: bytes) -> bool:
    body = raw.rstrip(b"\0 ")
    return 0 < len(body) <= 65536 and all(b >= 32 or b in b"\t\r\n" for b in body)
