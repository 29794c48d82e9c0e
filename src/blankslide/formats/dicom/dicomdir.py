"""A DICOMDIR beside a DICOM slide: the list of its files, with the patient in it.

It is a file of the slide: its records lose what the instances lose, their UIDs are mapped in the
same way, and icons go. The file keeps its length, but its records move, so the offsets by which
they refer to each other are written anew. The remaining room is filled like a header's, or with
spaces in a text of a record. No attribute of a DICOMDIR can say what was done, so it gets no marks.

Only a DICOMDIR that lists this one slide (one patient, one study, one series) can be edited with
it. Records of other files would no longer agree with those files, which stay as they are, and two
slides would share a file. If a DICOMDIR cannot be edited, planning is refused, with the reason.

Source: DICOM PS3.3 Annex F, PS3.10 section 8, PS3.15 Annex E.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from blankslide.containers.dicom import header as dicom_header
from blankslide.containers.dicom import write as W
from blankslide.errors import DamagedSlide, NotEditable, SlideError
from blankslide.formats.dicom import ps315_table as table
from blankslide.formats.dicom.header_rewrite import START, Compromise, FollowingBytes, HeaderRewrite, Names
from blankslide.formats.dicom.rules import Reader, Reading
from blankslide.model import PhiClass, Place, Rank
from blankslide.model.patterns import pattern
from blankslide.source import MemorySource
from blankslide.spans import ByteClass, ByteMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blankslide.containers.dicom.header import Element, Header, Item
    from blankslide.source import ByteSource

NAME, CLASS = "DICOMDIR", "1.2.840.10008.1.3.10"
MOST = 16 << 20
HINT = "remove the DICOMDIR (it can be made anew), or move the slide to a folder of its own"
RECORDS = 0x00041220
_SERIES, _INSTANCE = 0x0020000E, 0x00080018
_FILE_SET, _KIND, _FILE_ID, _INSTANCE_IN_FILE = 0x00041130, 0x00041430, 0x00041500, 0x00041511
#: Classes and syntaxes: of a private record, of a file, of related classes.
_CLASSES = frozenset((0x00041432, 0x00041510, 0x00041512, 0x0004151A))
_OFFSETS = frozenset((0x00041200, 0x00041202, 0x00041400, 0x00041420, 0x00041504))
STAYING = _OFFSETS | {0x00041212, 0x00041410, _KIND, _FILE_ID}
#: A file set's name is free, so it stays only if it says nothing.
_PLAIN_FILE_SET = pattern(r"(?:(?:DICOM|WSI|SLIDES?|PATHOLOGY|FILE_?SET|CD|DVD|DIS[CK]|MEDIA)[ _-]?\d{0,2}){0,3}")
_LEVELS = ("PATIENT", "STUDY", "SERIES")
_NAME_OF_PATIENT, _ID_OF_PATIENT, _STUDY_ID, _STUDY_TEXT, _ACCESSION = (
    0x00100010, 0x00100020, 0x00200010, 0x00081030, 0x00080050,
)  # fmt: skip
#: Keys that a record must have, but may leave empty. Keys that may not be empty get a dummy value.
_EMPTY = frozenset((_NAME_OF_PATIENT, _STUDY_TEXT, _ACCESSION))
#: Texts that may end with spaces, and how long they may be.
_STRETCHY = {_ID_OF_PATIENT: 64, _STUDY_TEXT: 64, _NAME_OF_PATIENT: 64, _STUDY_ID: 16}


class DirectoryReader(Reader):
    """Reads a DICOMDIR: `Reader`'s rules, with the types of attributes in directory records."""

    def __init__(self, header: Header) -> None:
        super().__init__(header)
        for element in dicom_header.walk(header.elements):  # each record has its own
            if element.tag == 0x00080005 and header.value(element).strip(b"\0 ") == b"ISO_IR 192":
                self.encoding = "utf-8"

    def _asked(self, element: Element, item: Item | None) -> bool:
        tag = element.tag
        if tag >> 16 != 4 or tag & 0xFFFF == 0:
            return super()._asked(element, item)
        if tag == RECORDS:
            return True
        if tag == _INSTANCE_IN_FILE:
            self._uid(element, _INSTANCE)
        elif tag in _CLASSES:
            self._class_uid(element)
        elif tag in STAYING or (tag == _FILE_SET and _PLAIN_FILE_SET.fullmatch(self._text(element))):
            self.out.kept.append(element)
        elif tag == _FILE_SET:
            self._add(element, PhiClass.UNKNOWN, "Z")
        else:
            self._going(element, "")
        return False

    def _going(self, element: Element, action: str) -> None:
        if element.parent == RECORDS and element.items is None:
            if element.tag in _EMPTY:
                action = "Z"
            elif action == "Z":
                action = "D"
        super()._going(element, action)

    def _soft(self, element: Element) -> str:
        return "D" if element.parent == RECORDS else super()._soft(element)


class Directory:
    """One DICOMDIR as a file of the slide."""

    def __init__(self, number: int, name: str, source: ByteSource) -> None:
        self.number, self.name, self.source, self.file = number, name, source, source
        self.where = f"file {number + 1}"
        self.header: Header = dicom_header.read_header(source, table.vr_of)
        self.reading: Reading = DirectoryReader(self.header).read()

    def place(self, start: int, end: int) -> Place:
        """Return a place in this file."""
        return Place(self.number, self.where, start, end)

    def rewrite(self, refusal: NotEditable | None) -> DirectoryRewrite:
        """Return the `Rewrite` of the file; with a ``refusal``, it raises that."""
        out = DirectoryRewrite(self.number, self.header, self.reading, FollowingBytes(), "", False, Rank.PAYLOAD)
        out.refusal = refusal
        return out

    def claimed(self) -> ByteMap:
        """Give every byte its owner."""
        out = ByteMap(self.source.size)
        out.claim(0, dicom_header.PREAMBLE, ByteClass.METADATA, "preamble")
        out.claim(dicom_header.PREAMBLE, self.source.size, ByteClass.METADATA, "directory")
        out.settle()
        return out


class DirectoryRewrite(HeaderRewrite):
    """The `Rewrite` of a DICOMDIR."""

    def compose(self, gone: set[str], key: bytes | None, room: int | None) -> bytes:
        """Write the file without the elements that go; see `HeaderRewrite.compose`."""
        changes = self._changes(gone, Names.under(key), Compromise())
        data = self._whole(changes, 0)
        slack = 0 if room is None else room - len(data)
        if 0 < slack < W.SMALLEST_FILLER:
            self._stretch(changes, slack)
            slack = 0
        data = self._whole(changes, slack)
        if room is not None and len(data) != room:
            raise NotEditable(
                "the DICOMDIR beside the slide has no room for its new UIDs", "make a clean copy with --out DIR"
            )
        return self._pointed(data)

    def _whole(self, changes: Mapping[int, bytes | None], filler: int) -> bytes:
        body = W.rebuild(self.header.data, self.header.elements, changes, {}, self.header.implicit)
        return self._meta(changes, W.meta_filler(filler) if filler > 0 else {}) + body

    def _stretch(self, changes: dict[int, bytes | None], slack: int) -> None:
        """Add spaces to texts of the records, ``slack`` bytes in all, as far as these may be longer."""
        held = (e for i in _records(self.header) for e in i.elements)
        found = [e for e in held if e.tag in _STRETCHY and e.vr in ("LO", "PN", "SH")]
        for element in sorted(found, key=lambda e: list(_STRETCHY).index(e.tag)):
            old = changes.get(element.at, self.header.value(element))
            if old is None or b"\\" in old:
                continue
            old = W.padded(element.vr, old)
            more = min(slack, max(0, _STRETCHY[element.tag] - len(old)))
            if more:
                changes[element.at] = old.ljust(len(old) + more)
                slack -= more

    def _pointed(self, data: bytes) -> bytes:
        """Write the offsets of the records anew, since they have moved."""
        head = self.header.data[:START]
        fresh = dicom_header.parse(head + data, len(head + data), table.vr_of)
        places = {0: 0}
        for old, new in zip(_records(self.header), _records(fresh), strict=True):
            places[old.at] = new.at
        out = bytearray(head + data)
        for element in _offsets(fresh):
            out[element.body : element.end] = places[_number(fresh, element)].to_bytes(4, "little")
        return bytes(out[START:])


# -- may it be a member? -----------------------------------------------------------------


def problem(name: str, data: bytes, series: str) -> str:
    """Say why a DICOMDIR that lists the slide cannot be edited with it; empty if it can.

    Parameters
    ----------
    name
        Its file name.
    data
        Its bytes, at most `MOST`.
    series
        Series Instance UID of the slide.
    """
    if name.upper() != NAME or len(data) >= MOST:
        return "a directory of DICOM files beside the slide lists it, but is none that can be cleaned with it"
    try:
        header = dicom_header.read_header(MemorySource(data), table.vr_of)
        if header.end != len(data):
            raise DamagedSlide("something stands behind the records")
        records = _records(header)
        _check_offsets(header, records)
        kinds = Counter(_text(header, record, _KIND) for record in records)
        if not all(kinds[level] for level in _LEVELS):
            raise DamagedSlide("a level of records is missing")
    except SlideError:
        return "a DICOMDIR beside the slide lists it, patient included, but is damaged or of an unknown kind"
    alone = all(kinds[level] == 1 for level in _LEVELS) and kinds.keys() <= {*_LEVELS, "IMAGE"}
    if not alone or all(_text(header, record, _SERIES) != series for record in records):
        return "a DICOMDIR beside the slide lists other files too, with which it would no longer agree"
    return ""


def _check_offsets(header: Header, records: list[Item]) -> None:
    known = {0, *(record.at for record in records)}
    if not records or any(_number(header, element) not in known for element in _offsets(header)):
        raise DamagedSlide("an offset leads to no record")


def _records(header: Header) -> list[Item]:
    return next((e.items for e in header.elements if e.tag == RECORDS and e.items is not None), [])


def _offsets(header: Header) -> list[Element]:
    held = [*header.elements, *(e for record in _records(header) for e in record.elements)]
    return [e for e in held if e.tag in _OFFSETS]


def _number(header: Header, element: Element) -> int:
    raw = b"" if element.items is not None else header.value(element)
    if len(raw) != 4:
        raise DamagedSlide("an offset is no number")
    return int.from_bytes(raw, "little")


def _text(header: Header, record: Item, tag: int) -> str:
    found = (e for e in record.elements if e.tag == tag and e.items is None)
    return next((header.value(e).rstrip(b"\0 ").decode("latin-1") for e in found), "")
