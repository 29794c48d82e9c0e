"""Which page owns which byte of a TIFF, and which bytes nobody owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.formatkit.findings import UNKNOWN, FindingCollector
from blankslide.formatkit.tiff_entries import pointed_at, readings
from blankslide.formatkit.tiff_tags import STRUCTURAL, TAGS
from blankslide.formatkit.tile_comments import tile_texts
from blankslide.model import Chain, Edit, Fill, Link, Place
from blankslide.source import any_data
from blankslide.spans import ByteClass, ByteMap, subtract

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd, Tiff
    from blankslide.source import ByteSource


def claim_file(
    tiff: Tiff,
    roles: Mapping[str, str],
    private: frozenset[int] = frozenset(),
    texts: Sequence[tuple[int, int]] = (),
) -> ByteMap:
    """Claim every byte that the directories refer to.

    Parameters
    ----------
    roles
        Page name -> role; ``level`` pages hold tissue, all others hold pictures.
    private
        Private tags of the format that hold structure.
    texts
        Ranges inside strips or tiles that hold text, not coded data.

    Raises
    ------
    ContradictorySlide, DamagedSlide
        If pages disagree about bytes, or point outside the file.
    """
    bytemap = ByteMap(tiff.size)
    bytemap.claim(0, tiff.header_size, ByteClass.STRUCTURE, "header")
    tiff.tile_texts = tile_texts(tiff, roles)
    tissue_tables = {
        (e.start, e.end)
        for page in tiff.pages
        if roles[page.name] == "level"
        for ifd in page.family()
        if (e := ifd.tags.get(T.JPEG_TABLES)) is not None and e.inline is None
    }
    for page in tiff.pages:
        tissue = roles[page.name] == "level"
        for ifd in page.family():
            inside = (*texts, *tiff.tile_texts.get(ifd.name, ()))
            _claim_ifd(bytemap, ifd, page.name, tissue, tissue_tables, private, inside)
    bytemap.settle()
    if bytemap.shared():
        bytemap.readings = readings(tiff, bytemap.shared())
    return bytemap


def _claim_ifd(
    bytemap: ByteMap,
    ifd: Ifd,
    owner: str,
    tissue: bool,
    tables: set[tuple[int, int]],
    private: frozenset[int],
    texts: Sequence[tuple[int, int]],
) -> None:
    data = ByteClass.TISSUE if tissue else ByteClass.ASSOCIATED
    claim = bytemap.claim
    claim(ifd.offset, ifd.end, ByteClass.STRUCTURE, owner)
    for entry in ifd.entries:
        if entry.inline is not None:
            continue
        tag, start, end = entry.tag, entry.start, entry.end
        if tag == T.JPEG_TABLES:
            claim(start, end, ByteClass.TISSUE if tissue or (start, end) in tables else data, owner)
        elif tag in STRUCTURAL or tag in private:
            claim(start, end, ByteClass.STRUCTURE, owner)
        else:
            claim(start, end, ByteClass.METADATA, owner)
    if T.STRIP_OFFSETS in ifd.tags or T.TILE_OFFSETS in ifd.tags:
        starts, lengths = ifd.segments()
        if texts:
            starts, lengths = _claim_texts(bytemap, starts, lengths, texts, owner)
        bytemap.claim_many(starts, lengths, data, owner)
    offset = ifd.number(T.JPEG_INTERCHANGE)
    if offset:
        length = ifd.number(T.JPEG_INTERCHANGE_LENGTH)
        starts = ifd.ints(T.STRIP_OFFSETS)
        if not any(offset <= s < offset + length for s in starts[:64]):
            bytemap.claim(offset, offset + length, data, owner)


def _claim_texts(
    bytemap: ByteMap, starts: Sequence[int], lengths: Sequence[int], texts: Sequence[tuple[int, int]], owner: str
) -> tuple[Sequence[int], Sequence[int]]:
    """Claim the texts inside coded data as metadata, and return the ranges of the data that remain."""
    left: list[tuple[int, int]] = []
    for start, length in zip(starts, lengths, strict=True):
        inside = [(s, e) for s, e in texts if start <= s and e <= start + length]
        for s, e in inside:
            bytemap.claim(s, e, ByteClass.METADATA, owner)
        left += subtract([(start, start + length)], inside) if inside else [(start, start + length)]
    return tuple(s for s, _ in left), tuple(e - s for s, e in left)


def page_chain(tiff: Tiff) -> Chain:
    """Describe the chain of pages, so that the planner can unlink any of them."""
    links = tuple(Link(p.pointer, p.name, p.offset) for p in tiff.pages)
    return Chain(0, tiff.width, tiff.byteorder, links, tiff.pages[-1].next)


def unowned(
    found: FindingCollector,
    source: ByteSource,
    bytemap: ByteMap,
    tiff: Tiff,
    roles: Mapping[str, str],
    known: frozenset[int] = frozenset(),
) -> bool:
    """Report bytes that nobody owns; return whether all of them may be zeroed.

    If an unknown integer tag could point at such bytes, something that we do not understand may
    need them. The map is not complete then, and the bytes are reported but left.
    """
    dirty = [(s, e) for s, e in bytemap.gaps() if any_data(source, s, e)]
    if not dirty:
        return True
    complete = not pointed_at(tiff, dirty, STRUCTURAL | TAGS.keys() | known)
    for start, end in dirty:
        edits: tuple[Edit, ...] = (Fill(0, start, end),) if complete else ()
        found.add(
            "slide.unowned", "Bytes nobody owns", UNKNOWN, Place(0, "between structures", start, end), edits, None
        )
    return complete
