"""ICC profiles: which bytes are numbers, and where a profile says when, by whom and on which device it was made.

Of a profile, the numbers that colours need are known by the names and types of their tags; header fields and
texts are known by their places. Every other byte is foreign: private tags, reserved bytes, gaps, what follows the
last tag. Only the header, the tag table and the text tags are read, never the curves, so a profile of megabytes
costs a few kilobytes. The profile stays valid after its date, check sum, texts and foreign bytes are zeroed: zero
means "not stated" for the first two, texts keep their counts, and nobody reads what is foreign.

Source: ICC.1:2022, sections 7.2, 7.3, 9 and 10; ICC.1:2001-04 for texts of version 2.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from blankslide.model.patterns import pattern
from blankslide.source import any_data
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.source import ByteSource

_HEADER, _ROW = 132, 12
_DATE = (24, 36)
_ID = (84, 100)
#: Fields of the header that are numbers or legal words; the rest is judged or foreign.
_FIELDS = ((0, 4), (8, 40), (46, 48), (60, 80), (84, 100))
#: Signatures of four letters: where they stand, and those that are known.
_SIGNATURES = (4, 40, 48, 52, 80)
_KNOWN = frozenset(
    b"lcms|ADBE|appl|APPL|ACMS|KCMS|MSFT|SUNW|SGI |TGNT|*nix|Lino|UCCM|HCMM|argl|EFI |FF  |EXAC|SIGN|RGMS|SICC|TCMM"
    b"|32BT|WTG |zc00|CCMS|none|HP  |IEC |sRGB|MONO|EPSO|CANO|NIKO|NKON|APRO|LEIC|HAMA|VENT|PHIL|GRND|XRIT|xrit|ICC "
    b"|KODA|EKCM|AGFA|HDM |FUJI|DELL|EIZO|NEC |BARC|scRG|aRGB|GMG |    ".split(b"|")
)
_TEXT_TAGS = (b"desc", b"cprt", b"dmnd", b"dmdd", b"vued", b"targ", b"meta", b"psid", b"dscm")
_LUT = (b"mft1", b"mft2", b"mAB ", b"mBA ", b"mpet")
_CURVE = (b"curv", b"para")
#: Tags of numbers, and the types that each may have.
_NUMBER_TAGS: dict[bytes, tuple[bytes, ...]] = {
    **dict.fromkeys((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt", b"bkpt", b"lumi"), (b"XYZ ",)),
    **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC", b"kTRC"), _CURVE),
    **dict.fromkeys(
        (letters + bytes((48 + i,)) for letters in (b"A2B", b"B2A", b"D2B", b"B2D") for i in range(4)), _LUT
    ),
    **dict.fromkeys((b"gamt", b"pre0", b"pre1", b"pre2"), _LUT),
    **dict.fromkeys((b"tech", b"ciis", b"rig0", b"rig2"), (b"sig ",)),
    b"chad": (b"sf32",),
    b"chrm": (b"chrm",),
    b"meas": (b"meas",),
    b"view": (b"view",),
    b"cicp": (b"cicp",),
    b"vcgt": (b"vcgt",),
}
_LENGTHS = {b"XYZ ": 20, b"sf32": 44, b"meas": 36, b"view": 36, b"sig ": 12, b"cicp": 12}
_PARAMETERS = (1, 3, 4, 5, 7)
_LANGUAGE = pattern(rb"(?:[a-z]{2}|\0\0)(?:[A-Z]{2}|\0\0)")
_MAX_TAGS, _MAX_TEXT, _MAC = 256, 1 << 16, 67

Span = tuple[int, int]


class Words(NamedTuple):
    """One text of a profile: its bytes ``[start, end)`` in the file, and what it says."""

    start: int
    end: int
    text: str


class IccSpans(NamedTuple):
    """Absolute byte ranges inside the file.

    Attributes
    ----------
    date, id
        Creation date and profile id.
    texts
        All texts, also those that are blank or whose type nobody knows.
    words
        Those texts that can be read, each copy.
    foreign
        What is neither a number that colours need, nor structure, nor a text, and is not blank.
    """

    date: Span
    id: Span
    texts: tuple[Span, ...]
    words: tuple[Words, ...] = ()
    foreign: tuple[Span, ...] = ()


def spans(source: ByteSource, start: int, end: int) -> IccSpans | None:
    """Locate what identifies inside the profile that stands in ``[start, end)``.

    Returns
    -------
    The ranges, or None if the bytes are no ICC profile.
    """
    if end - start < _HEADER:
        return None
    head = source.read(start, _HEADER)
    if head[36:40] != b"acsp":
        return None
    size, (count,) = int.from_bytes(head[:4], "big"), struct.unpack_from(">I", head, 128)
    limit = size if _HEADER <= size <= end - start else end - start
    reader = _Reader(source, start, limit)
    reader.header(head)
    if 0 < count <= _MAX_TAGS and _HEADER + _ROW * count <= limit:
        table = _HEADER + _ROW * count
        reader.own(128, table)
        for name, offset, length in struct.iter_unpack(">4sII", source.read(start + _HEADER, _ROW * count)):
            if offset >= table and offset + length <= limit and length >= 8:
                reader.tag(name, offset, length)
    return IccSpans(
        (start + _DATE[0], start + _DATE[1]),
        (start + _ID[0], start + _ID[1]),
        tuple(dict.fromkeys(reader.texts)),
        tuple(dict.fromkeys(reader.words)),
        reader.foreign(),
    )


class _Reader:
    """Notes the owner of each byte of a profile; places count from its beginning."""

    def __init__(self, source: ByteSource, start: int, limit: int) -> None:
        self._source, self._start, self._limit = source, start, limit
        self._owned: list[Span] = []
        self.texts: list[Span] = []
        self.words: list[Words] = []

    def own(self, low: int, high: int) -> None:
        """Note that bytes are structure, or numbers that colours need."""
        if high > low:
            self._owned.append((low, high))

    def foreign(self) -> tuple[Span, ...]:
        """Return what nobody owns and what is not blank, as places in the file."""
        gaps = subtract([(0, self._limit)], merge(self._owned))
        placed = ((self._start + low, self._start + high) for low, high in gaps)
        return tuple((low, high) for low, high in placed if any_data(self._source, low, high))

    def header(self, head: bytes) -> None:
        """Own the header, except for unknown signatures and reserved bytes."""
        for low, high in _FIELDS:
            self.own(low, high)
        for at in _SIGNATURES:
            if head[at : at + 4] in _KNOWN:
                self.own(at, at + 4)
        self.own(128, _HEADER)

    def tag(self, name: bytes, at: int, length: int) -> None:
        """Judge one tag by its name and type."""
        body = self._source.read(self._start + at, min(length, 16))
        kind = body[:4]
        if kind in _NUMBER_TAGS.get(name, ()):
            self.own(at, at + 4)
            self.own(at + 8, at + min(length, _used(kind, body, length)))
        elif name in _TEXT_TAGS and length > 12:
            self._text(kind, at, length)

    def _text(self, kind: bytes, at: int, length: int) -> None:
        data = self._source.read(self._start + at, min(length, _MAX_TEXT))
        if kind not in (b"text", b"desc", b"mluc"):
            self.texts.append((self._start + at + 8, self._start + at + length))
            return
        self.own(at, at + 4)
        if kind == b"text":
            self._words(data, at, 8, length, "latin-1")
        elif kind == b"desc":
            self._description(data, at)
        elif length >= 16:
            self._languages(data, at)

    def _words(self, data: bytes, at: int, low: int, high: int, encoding: str) -> None:
        """Note one text, ``data[low:high]`` of the tag at ``at``."""
        high = min(high, len(data))
        if high <= low:
            return
        span = (self._start + at + low, self._start + at + high)
        self.own(at + low, at + high)
        self.texts.append(span)
        text = data[low:high].decode(encoding, "replace").strip("\0 \t\r\n")
        if text:
            self.words.append(Words(*span, text))

    def _description(self, data: bytes, at: int) -> None:
        """Read a text of version 2: it stands there in ASCII, in Unicode and for the Macintosh."""
        (size,) = struct.unpack_from(">I", data, 8)
        self.own(at + 8, at + 12)
        self._words(data, at, 12, 12 + size, "latin-1")
        wide = 12 + size
        if wide + 8 > len(data):
            return
        (count,) = struct.unpack_from(">I", data, wide + 4)
        self.own(at + wide + 4, at + wide + 8)
        self._words(data, at, wide + 8, wide + 8 + 2 * count, "utf-16-be")
        mac = wide + 8 + 2 * count
        if mac + 3 <= len(data):
            self.own(at + mac, at + mac + 3)
            self._words(data, at, mac + 3, mac + 3 + min(data[mac + 2], _MAC), "latin-1")

    def _languages(self, data: bytes, at: int) -> None:
        """Read a text in several languages."""
        count, step = struct.unpack_from(">II", data, 8)
        self.own(at + 8, at + 16)
        for i in range(min(count, _MAX_TAGS)):
            row = 16 + 12 * i
            if step != 12 or row + 12 > len(data):
                return
            size, offset = struct.unpack_from(">II", data, row + 4)
            self.own(at + row + (0 if _LANGUAGE.fullmatch(data[row : row + 4]) else 4), at + row + 12)
            if offset + size <= len(data) and offset >= row + 12:
                self._words(data, at, offset, offset + size, "utf-16-be")


def _used(kind: bytes, body: bytes, length: int) -> int:
    """Return how many bytes of a tag of numbers its type uses."""
    if kind == b"curv" and len(body) >= 12:
        return 12 + 2 * int.from_bytes(body[8:12], "big")
    if kind == b"para" and len(body) >= 12:
        which = int.from_bytes(body[8:10], "big")
        return 12 + 4 * _PARAMETERS[which] if which < len(_PARAMETERS) else 12
    if kind == b"chrm" and len(body) >= 12:
        return 12 + 8 * int.from_bytes(body[8:10], "big")
    return _LENGTHS.get(kind, length)
