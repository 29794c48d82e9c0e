"""Zeiss CZI: slides of Axioscan and other ZEN microscopes, one file each.

Layout: a row of segments (see `containers.czi`). These can identify: the XML (people, dates,
serial numbers, the barcode), a short document in every tile, GUIDs in header and attachments, the
attachments `Label`, `SlidePreview` and `Thumbnail` (pictures, or whole CZIs with XML and GUIDs of
their own), and segments that were deleted but not emptied.

What goes: values of the XML are overwritten in place; parts that describe the set-up of the
microscope are emptied whole. Blank pictures of the same codec are drawn over pictures; where that
is not possible, the attachment is renamed and zeroed. GUIDs are replaced. Deleted segments,
segments that nothing points to, and bytes between structures are zeroed. CZIs inside the slide are
treated in the same way.

Traps: slides in several files (`name(1).czi`) and unfinished updates are refused, and so is a slide
in which a tile's entry differs from the directory's, or its parts end elsewhere than its segment.
An attachment's second entry may differ from the first. Pixels of tiles are never read, but what
stands beside them is.

Source: the project's format map, section 9; OpenSlide's Zeiss page; two real files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.czi import DELETED, ENTRY_SIZE, GUID_AT, GUIDS_AT, HEAD, HEADER_END, Czi, is_czi, part_of
from blankslide.errors import DamagedSlide, NotEditable
from blankslide.formatkit.findings import UNKNOWN, FindingCollector, places_in
from blankslide.formatkit.protocol import Format
from blankslide.formats.zeiss import image_information as image
from blankslide.formats.zeiss import pictures
from blankslide.formats.zeiss.attachment_tables import leftovers, tables
from blankslide.formats.zeiss.guids import Ids
from blankslide.formats.zeiss.metadata_xml import ZeissXml
from blankslide.formats.zeiss.tile_extras import beside
from blankslide.formats.zeiss.tile_xml import TileTexts
from blankslide.model import AssociatedImage, Fill, Inspection, PhiClass, Place, SlideFile, Write
from blankslide.source import any_data
from blankslide.spans import ByteClass, ByteMap, subtract

if TYPE_CHECKING:
    from blankslide.containers.czi import Attachment, Segment, Tile
    from blankslide.containers.xml import Element
    from blankslide.formatkit.protocol import Probe


_MOST_DEPTH = 3
_GLANCE = 128


_TILE = b"ZISRAWSUBBLOCK"


class Zeiss(Format):
    """The format object; see the module's docstring."""

    name = "zeiss"
    title = "Zeiss CZI"
    suffixes = (".czi",)
    marks = (b"ZISRAWFILE",)
    removes = (
        "label, slide preview and thumbnail (blanked, also where they are CZIs themselves); users, document texts, "
        "dates, barcode, serial numbers, paths and every unknown text of the XML; experiment and hardware settings; "
        "texts of tiles; GUIDs replaced; event list, unknown attachments, deleted segments"
    )
    keeps = "image information, channels, scaling, objective, display settings, scenes and positions, coded tiles"
    readers = ("OpenSlide", "pylibCZIrw", "fastslide")

    def detect(self, probe: Probe) -> str | None:
        """Accept a file whose first segment is that of a CZI."""
        return None if is_czi(probe.head) else "does not start with the segment of a CZI file"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        return _Slide(probe).inspection(self.name, self.title)


FORMAT: Format = Zeiss()


class _Slide:
    """One slide and the CZIs inside it, which share findings, ids and byte map."""

    def __init__(self, probe: Probe) -> None:
        _refuse_parts(probe)
        self.probe, self.source = probe, probe.files.main
        self.found = FindingCollector(places_in(self.source.size))
        self.kept: list[Place] = []
        self.texts = TileTexts(self.kept)
        self.associated: list[AssociatedImage] = []
        self.ids = Ids(self.source)
        self.xml = ZeissXml(self.found, self.kept, self.ids)
        self.bytemap = ByteMap(self.source.size)
        self.main = Czi(self.source)
        if not self.main.entries:
            raise DamagedSlide("the CZI has no tiles")

    def inspection(self, format: str, title: str) -> Inspection:
        """Put everything together."""
        root = self._czi(self.main, "", 0)
        self.bytemap.settle()
        self._unowned()
        return Inspection(
            format=format,
            title=title,
            files=(SlideFile(self.probe.files.name, self.source.size),),
            levels=image.levels(self.main.entries),
            associated=tuple(self.associated),
            findings=(*self.found.finish(), *self.texts.findings()),
            maps=(self.bytemap,),
            mpp=image.mpp(root),
            objective=image.objective(root),
            kept=tuple(self.kept),
            complete=True,
        )

    # -- one CZI, the slide's own or one inside ------------------------------------------

    def _czi(self, czi: Czi, inside: str, depth: int) -> Element | None:
        """Claim and read a CZI; of one inside the slide, all but its picture."""
        where = f"{inside} inside" if inside else "file"
        self._structure(czi)
        for at in GUIDS_AT:
            self.ids.guid(self.found, "file", where, czi.start + at)
        used = {czi.start, *(e.at for e in czi.entries), *(a.entries[1] - HEAD - 16 for a in czi.attachments)}
        used |= {s.start for s in (czi.directory, czi.metadata, czi.attachment_directory) if s is not None}
        for segment in czi.segments.values():
            if segment.start not in used:
                self._stale(segment, inside)
        root = self._document(czi, where)
        for attachment in czi.attachments:
            self._attachment(attachment, depth)
        if not inside:
            quiet: dict[tuple[int, int], bool] = {}
            for tile in czi.tiles():
                kind = image.ratio(tile.entry), tile.entry.compression  # encoders repeat headers on a level
                spoke = self._tissue(tile, self.probe.thorough or not quiet.get(kind))
                quiet.setdefault(kind, not spoke)  # if its first tile says something, all are looked into
        return root

    def _structure(self, czi: Czi) -> None:
        """Claim header and directories, except their reserved bytes, which belong to nobody."""
        claim, start = self.bytemap.claim, czi.start
        claim(start, start + HEAD + 8, ByteClass.STRUCTURE, "file header")
        claim(start + GUIDS_AT[0], start + HEADER_END, ByteClass.STRUCTURE, "file header")
        if czi.directory is not None:
            body = czi.directory.body
            claim(body - HEAD, body + 4, ByteClass.STRUCTURE, "directory")
            for start, end in subtract([(body + 128, czi.directory_end)], czi.loose):
                claim(start, end, ByteClass.STRUCTURE, "directory")
        if czi.attachment_directory is not None:
            body = czi.attachment_directory.body
            claim(body - HEAD, body + 4, ByteClass.STRUCTURE, "attachments")

    def _stale(self, segment: Segment, inside: str) -> None:
        """Report the remains in a deleted segment, or a segment that nothing points to, which is marked deleted.

        A tile that nothing points to stays: it is the directory that may be damaged.
        """
        self.bytemap.claim(segment.start, segment.body, ByteClass.STRUCTURE, "deleted segment")
        self.bytemap.claim(segment.body, segment.end, ByteClass.METADATA, "deleted segment")
        lost = segment.name != b"DELETED"
        if lost or any_data(self.source, segment.body, segment.end):
            place = Place(0, "deleted segment", segment.start, segment.end)
            if segment.name == _TILE and not inside:
                self.found.add("zeiss.lost-tile-left", "Tile that nothing points to", UNKNOWN, place, (), None)
                return
            edits = [Write(0, segment.start, DELETED)] if lost else []
            fills = [Fill(0, segment.body, segment.end)] if segment.end > segment.body else []
            title = "Segment that nothing points to" if lost else "Deleted segment"
            name = "zeiss.lost-segment" if lost else "zeiss.deleted-segment"
            self.found.add(name, title, UNKNOWN, place, [*edits, *fills], None)

    def _document(self, czi: Czi, where: str) -> Element | None:
        if czi.metadata is None:
            return None
        start, end, attached = czi.xml
        claim, body = self.bytemap.claim, czi.metadata.body
        claim(body - HEAD, body + 8, ByteClass.STRUCTURE, "metadata")
        claim(start, attached, ByteClass.METADATA, "metadata")
        if any_data(self.source, end, attached):
            place = Place(0, where, end, attached)
            edit = (Fill(0, end, attached),)
            self.found.add("zeiss.metadata-attachment", "Data behind the XML", UNKNOWN, place, edit, None)
        data = self.source.read(start, end - start)
        return self.xml.document(data, start, where) if data.strip(b"\0 \r\n\t") else None

    def _tissue(self, tile: Tile, look: bool) -> bool:
        """Claim one tile, whose pixels and the mask behind them are tissue; tell whether text stands in coded data."""
        self._head(tile)
        asides = beside(self.source, tile, look)
        for one in asides:
            self.bytemap.claim(one.start, one.end, ByteClass.METADATA, "tile text")
            if one.has_data:
                place, edit = Place(0, "tiles", one.start, one.end), (Fill(0, one.start, one.end),)
                text = one.text.decode("latin-1") or None
                self.found.add(one.id, one.title, UNKNOWN, place, edit, text)
        for start, end in subtract([tile.data, tile.aside], [(one.start, one.end) for one in asides]):
            self.bytemap.claim(start, end, ByteClass.TISSUE, "tile")
        return any(one.has_data and one.end <= tile.data[1] for one in asides)

    def _head(self, tile: Tile) -> None:
        """Claim and read what stands before a tile's pixels."""
        for start, end in subtract([tile.head], tile.loose):
            self.bytemap.claim(start, end, ByteClass.STRUCTURE, "tile")
        self.bytemap.claim(*tile.text, ByteClass.METADATA, "tile metadata")
        self.texts.read(tile.raw, tile.text[0])

    # -- attachments ---------------------------------------------------------------------

    def _attachment(self, attachment: Attachment, depth: int) -> None:
        listed, own = attachment.entries
        claim, (start, end) = self.bytemap.claim, attachment.data
        claim(own - HEAD - 16, own - 8, ByteClass.STRUCTURE, "attachment")
        for at in (listed, own):
            claim(at, at + 2, ByteClass.STRUCTURE, "attachment")
            claim(at + 12, at + ENTRY_SIZE, ByteClass.STRUCTURE, "attachment")
            self.ids.guid(self.found, "attachment", "attachments", at + GUID_AT)
        head = self.source.read(start, min(16, end - start))
        role = pictures.role_of(attachment, head)
        if role is not None:
            stays = self._picture(attachment, role, is_czi(head), depth)
        else:
            claim(start, end, ByteClass.METADATA, "attachment")
            stays = tables(self.found, self.source, attachment) or pictures.is_gone(self.source, attachment)
            if not stays:
                place = Place(0, "attachments", own, end)
                self.found.add("zeiss.attachment", "Attachment", UNKNOWN, place, pictures.gone(attachment), None)
        if stays:  # if it goes, its entries are written anew anyway
            leftovers(self.found, self.source, attachment)

    def _picture(self, attachment: Attachment, role: str, nested: bool, depth: int) -> bool:
        """Report a picture; return False if it cannot be drawn over, so that the whole attachment goes."""
        if depth >= _MOST_DEPTH:
            raise NotEditable("CZIs stand inside each other deeper than any slide's")
        span, owner = attachment.data, f"{role} at {attachment.data[0]}"
        whole = role == "unknown" or attachment.kind.upper() not in pictures.KINDS
        inner = Czi(self.source, *span) if nested and not whole else None
        drawn = [pictures.blank_jpeg(self.source, span, owner)] if inner is None else self._inner(inner, owner)
        if whole or not drawn or None in drawn:
            self.bytemap.claim(*span, ByteClass.ASSOCIATED, owner)
            pictures.picture(self.found, role, span, pictures.gone(attachment))
            return False
        if inner is None:
            self.bytemap.claim(*span, ByteClass.ASSOCIATED, owner)
        else:
            self._around(inner, role, owner, depth + 1)
        wanted = [w for w in drawn if w is not None]
        for one in wanted:
            pictures.picture(self.found, role, (one.at, one.blank.slots[0].end), (one.blank,))
        largest = max(wanted, key=lambda w: w.width * w.height)
        codec = "JPEG" if inner is None else pictures.codec_of(inner.entries[0].compression)
        self.associated.append(AssociatedImage(role, largest.width, largest.height, 0, codec, ("", *span)))
        return True

    def _inner(self, inner: Czi, owner: str) -> list[pictures.Wanted | None]:
        return [pictures.blank_tile(self.source, tile, owner) for tile in inner.tiles()]

    def _around(self, inner: Czi, role: str, owner: str, depth: int) -> None:
        """Claim and read a CZI inside the slide, whose picture is not tissue."""
        self._czi(inner, role, depth)
        claim = self.bytemap.claim
        for tile in inner.tiles():
            self._head(tile)
            wanted = pictures.blank_tile(self.source, tile, owner)
            at = wanted.blank.slots[0].start if wanted is not None else tile.data[0]
            claim(tile.data[0], at, ByteClass.STRUCTURE, "tile")
            claim(at, tile.data[1], ByteClass.ASSOCIATED, owner)
            claim(*tile.aside, ByteClass.ASSOCIATED, f"mask of {owner}")
            if any_data(self.source, *tile.aside):
                place, edit = Place(0, role, *tile.aside), (Fill(0, *tile.aside),)
                self.found.add("zeiss.picture-mask", "Mask of a picture", PhiClass.DEVICE, place, edit, None)

    def _unowned(self) -> None:
        """Report bytes that nobody owns; they can go, because all structures of a CZI are known."""
        for start, end in self.bytemap.gaps():
            if any_data(self.source, start, end):
                place, edit = Place(0, "between structures", start, end), (Fill(0, start, end),)
                self.found.add("slide.unowned", "Bytes nobody owns", UNKNOWN, place, edit, None)


def _refuse_parts(probe: Probe) -> None:
    """Refuse a slide that has further parts in other files; a mere copy may have such a name too."""
    stem, dot, suffix = probe.files.name.rpartition(".")
    other = f"{stem}(1).{suffix}"
    if dot and other in probe.files.names() and part_of(probe.files.glance(other, _GLANCE)) != 0:
        raise NotEditable("parts of the slide stand in further CZI files, and slides of several are not edited")
