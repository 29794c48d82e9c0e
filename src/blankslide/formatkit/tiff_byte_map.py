"""Which page owns which byte of a TIFF, and which bytes nobody owns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.containers.tiff import surplus
from blankslide.errors import DamagedSlide
from blankslide.formatkit import tiff_asides, tiff_children
from blankslide.formatkit.findings import UNKNOWN, FindingCollector
from blankslide.formatkit.lost_packed import like_packed_tissue
from blankslide.formatkit.lost_tissue import like_tissue
from blankslide.formatkit.tiff_entries import pointed_at, readings
from blankslide.formatkit.tiff_tags import STRUCTURAL, TAGS
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
    texts: Sequence[tuple[int, int]] | None = None,
) -> ByteMap:
    """Claim every byte that the directories refer to.

    Parameters
    ----------
    roles
        Page name -> role; ``level`` pages hold tissue, all others hold pictures.
    private
        Private tags of the format that hold structure.
    texts
        Ranges inside levels' strips that hold text, not coded data, where the format looks for them itself.

    Raises
    ------
    ContradictorySlide, DamagedSlide
        If pages disagree about bytes, or point outside the file.
    """
    bytemap = ByteMap(tiff.size)
    bytemap.claim(0, tiff.header_size, ByteClass.STRUCTURE, "header")
    tiff_asides.collect(tiff, roles, whole_strips=texts is None)
    inside: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for aside in tiff.asides:
        if aside.new is not None:
            inside.setdefault(aside.slot, []).append((aside.start, aside.end))
    tissue_tables = {
        (e.start, e.end)
        for page in tiff.pages
        if roles[page.name] == "level"
        for ifd in page.family()
        if (e := ifd.tags.get(T.JPEG_TABLES)) is not None and e.inline is None
    }
    claims = _Claims(bytemap, tissue_tables, private, inside, sorted(set(texts or ())))
    for page in tiff.pages:
        role = roles[page.name]
        for ifd in page.family():
            tissue = role == "level" and (ifd is page or tiff_children.child_role(page, ifd, role) != "picture")
            claims.of(ifd, page.name, tissue)
    bytemap.settle()
    if bytemap.shared():
        bytemap.readings = readings(tiff, bytemap.shared())
    return bytemap


class _Claims:
    """Claims the bytes of directories; what is text inside coded data becomes metadata."""

    def __init__(
        self,
        bytemap: ByteMap,
        tables: set[tuple[int, int]],
        private: frozenset[int],
        beside: Mapping[tuple[int, int], list[tuple[int, int]]],
        texts: Sequence[tuple[int, int]],
    ) -> None:
        self.bytemap, self.tables, self.private, self._beside = bytemap, tables, private, beside
        self._texts, self._starts = texts, [start for start, _ in texts]

    def of(self, ifd: Ifd, owner: str, tissue: bool) -> None:
        """Claim all that one directory refers to."""
        data = ByteClass.TISSUE if tissue else ByteClass.ASSOCIATED
        claim = self.bytemap.claim
        claim(ifd.offset, ifd.end, ByteClass.STRUCTURE, owner)
        for entry in ifd.entries:
            if entry.inline is not None:
                continue
            tag, start, end = entry.tag, entry.start, entry.end
            if tag == T.JPEG_TABLES:
                kind = ByteClass.TISSUE if tissue or (start, end) in self.tables else data
                self._parts(((start, end),), kind, owner)
            elif tag in STRUCTURAL or tag in self.private:
                claim(start, end, ByteClass.STRUCTURE, owner)
            else:
                claim(start, end, ByteClass.METADATA, owner)
        starts: Sequence[int] = ()
        if T.STRIP_OFFSETS in ifd.tags or T.TILE_OFFSETS in ifd.tags:
            starts, lengths = ifd.segments()
            if not (self._texts or self._beside):
                self.bytemap.claim_many(starts, lengths, data, owner)
            elif len(starts) != len(lengths):
                raise DamagedSlide(f"{owner} has {len(starts)} offsets but {len(lengths)} byte counts")
            else:
                self._parts(((int(s), int(s) + int(n)) for s, n in zip(starts, lengths, strict=True) if n), data, owner)
        span = surplus.pointed(ifd, starts)
        if span:
            self._parts((span,), data, owner)

    def _parts(self, spans: Iterable[tuple[int, int]], data: ByteClass, owner: str) -> None:
        """Claim coded data, but what stands beside it as metadata.

        What was found in a strip or tile is taken out of that one only. Of another one that reaches over the same bytes
        it would be tissue; both together are a contradiction, and the map refuses them.
        """
        left: list[tuple[int, int]] = []
        for start, end in spans:
            inside = self._beside.get((start, end), [])[:]
            for i in range(bisect_left(self._starts, start), len(self._texts)):
                if self._texts[i][1] > end:
                    break
                inside.append(self._texts[i])
            for low, high in inside:
                self.bytemap.claim(low, high, ByteClass.METADATA, owner)
            left += subtract([(start, end)], sorted(set(inside))) if inside else [(start, end)]
        self.bytemap.claim_many(tuple(s for s, _ in left), tuple(e - s for s, e in left), data, owner)


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
    echoes: bool = True,
) -> bool:
    """Report bytes that nobody owns; return whether all of them may be zeroed.

    Parameters
    ----------
    known
        Private tags of the format that hold no place.
    echoes
        Whether to report what only says again what an early page says (`tiff_echoes`). A format that zeroes such
        bytes does; one that leaves them would tell of nothing.

    If an unknown integer tag could point at such bytes, something that we do not understand may
    need them; and if a picture stands there that is coded as the tiles are, it may be tissue. The map is not complete
    then, and the bytes are reported but left. Reported too is what stands beside pictures, in unused bytes of value
    fields, and in directories below pages.

    Raises
    ------
    DamagedSlide
        If a tile does not end or begin where it is said to.
    """
    tiff_asides.report(found, tiff, tiff.asides)
    tiff_asides.report_slack(found, tiff)
    tiff_children.child_findings(found, tiff, roles)
    dirty = [(s, e) for s, e in bytemap.gaps() if any_data(source, s, e)]
    if dirty and not echoes:
        from blankslide.formatkit.tiff_echoes import only_echoes

        repeated = only_echoes(tiff, dirty)
        dirty = [span for span in dirty if span not in repeated]
    if not dirty:
        return True
    tissue = {*like_tissue(source, bytemap, dirty), *like_packed_tissue(tiff, roles, dirty)}
    complete = not pointed_at(tiff, dirty, STRUCTURAL | TAGS.keys() | known)
    for start, end in dirty:
        place = Place(0, "between structures", start, end)
        if (start, end) in tissue:
            found.add("slide.unowned-left", "Bytes nobody owns that may be tissue", UNKNOWN, place, (), None)
            continue
        edits: tuple[Edit, ...] = (Fill(0, start, end),) if complete else ()
        found.add("slide.unowned", "Bytes nobody owns", UNKNOWN, place, edits, None)
    return complete and not tissue
