"""Toyscope: the smallest format that has everything a real one has. Nobody's scanner.

Layout: TIFF; page 0 and every other tiled page are levels; a stripped page with
NewSubfileType 1 is the label and is unlinked; one with 9 is the macro, which Toyscope's
viewer finds by its number, so it stays and is drawn blank; any other is the thumbnail.
Descriptions begin with ``Toyscope`` and hold lines ``key=value``; the author stands in
XPAuthor as UTF-16.

Source: invented, to show how a format file is written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import findings, tiff_byte_map, tiff_pictures, tiff_tags
from blankslide.formatkit.protocol import Format
from blankslide.model import AssociatedImage, Cut, Inspection, Level, PhiClass, Place, SlideFile, TextBlock

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Probe

_PAIR = re.compile(rb"\n([^=\n]*)=([^\n\0]*)")
_NUMBER = re.compile(r"\d{1,4}\.\d{1,6}")

SCIENCE = {"MPP": _NUMBER}
FIELDS = {"Operator": PhiClass.DIRECT, "Scanned": PhiClass.QUASI}


class Toyscope(Format):
    """The format object; see the module's docstring."""

    name = "toyscope"
    title = "Toyscope"
    suffixes = (".toy",)
    marks = (b"Toyscope",)
    removes = "label picture, macro picture (drawn blank), operator, date, author and every unknown field"
    keeps = "MPP, thumbnail, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled and described as Toyscope's."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not (first.text(T.IMAGE_DESCRIPTION) or "").startswith("Toyscope"):
            return "the first page's description does not start with Toyscope"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff = probe.tiff
        roles = {page.name: _role(page) for page in tiff.pages}
        bytemap = tiff_byte_map.claim_file(tiff, roles)
        found, kept = findings.FindingCollector(), list[Place]()
        for page in tiff.pages:
            role = roles[page.name]
            if role == "macro":
                place = Place(0, page.name, page.offset, page.end)
                found.add(
                    "picture.macro", "Macro picture", PhiClass.IMAGE, place, (tiff_pictures.blank_edit(page),), None
                )
            elif role != "level":
                tiff_pictures.picture_finding(found, page, role, weak=role == "thumbnail")
            _read(page, found, kept)
            tiff_tags.tag_findings(found, page, frozenset((T.IMAGE_DESCRIPTION,)), {}, frozenset())
        complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles)
        mpp = _mpp(tiff.first)
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(_level(i, p) for i, p in enumerate(tiff.pages) if roles[p.name] == "level"),
            associated=tuple(
                AssociatedImage(roles[p.name], p.number(T.IMAGE_WIDTH), p.number(T.IMAGE_LENGTH), i, "JPEG")
                for i, p in enumerate(tiff.pages)
                if roles[p.name] != "level"
            ),
            findings=found.finish(),
            maps=(bytemap,),
            mpp=(mpp, mpp) if mpp else None,
            kept=tuple(kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
        )


FORMAT: Format = Toyscope()


def _role(page: Ifd) -> str:
    kind = page.number(T.NEW_SUBFILE_TYPE)
    if page.is_tiled:
        if kind == 9:
            raise ContradictorySlide(f"{page.name} is tiled like a level but typed like a picture")
        return "level"
    return {1: "label", 9: "macro"}.get(kind, "thumbnail")


def _level(index: int, page: Ifd) -> Level:
    tile = page.number(T.TILE_WIDTH), page.number(T.TILE_LENGTH)
    if not all(tile):
        raise DamagedSlide(f"{page.name} has no tile size")
    return Level(page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH), *tile, index)


def _mpp(page: Ifd) -> float | None:
    match = re.search(r"\nMPP=(\d{1,4}\.\d{1,6})(?:\n|\Z)", page.text(T.IMAGE_DESCRIPTION) or "")
    return float(match[1]) if match else None


def _read(page: Ifd, found: findings.FindingCollector, kept: list[Place]) -> None:
    """Turn the lines of one description into findings; whatever is behind the lines goes too."""
    entry = page.tags.get(T.IMAGE_DESCRIPTION)
    if entry is None:
        return
    if sum(e.tag == T.IMAGE_DESCRIPTION for e in page.entries) > 1:
        raise ContradictorySlide(f"{page.name} has two descriptions")
    raw, block, end = page.raw(entry), TextBlock(0, entry.start, entry.end), 0
    body, _, rest = raw.partition(b"\0")
    for match in _PAIR.finditer(body):
        end = match.end()
        key, value = match[1].decode("latin-1"), match[2].decode("latin-1")
        place = Place(0, page.name, entry.start + match.start(2), entry.start + match.end(2))
        if key in SCIENCE and SCIENCE[key].fullmatch(value):
            kept.append(place)
            continue
        word = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-") if re.fullmatch(r"[A-Za-z_ ]{1,30}", key) else "x"
        cut = Cut(block, entry.start + match.start(), entry.start + match.end())
        cls = FIELDS.get(key, PhiClass.UNKNOWN)
        found.add(f"toyscope.description.{word}", key, cls, place, (cut,), value)
    head = len(b"Toyscope 1.0")
    stray = raw[head:] if not end else raw[end:]
    if (body[:head] != b"Toyscope 1.0"[: len(body)] or stray.strip(b"\0") or rest.strip(b"\0")) and raw.strip(b"\0"):
        _stray(page, entry, block, end or head, found)


def _stray(page: Ifd, entry: T.Entry, block: TextBlock, end: int, found: findings.FindingCollector) -> None:
    """Text that is no pair: cut from where the last pair ends."""
    start = min(entry.start + end, entry.end)
    if start < entry.end:
        place = Place(0, page.name, start, entry.end)
        cut = (Cut(block, start, entry.end),)
        found.add("toyscope.description.stray", "Free text", PhiClass.UNKNOWN, place, cut, None)
