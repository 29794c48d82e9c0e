"""DICOM Part 10 files: every data element in front of the pixels, with the place of its bytes.

Strategy: the header is read in one piece (64 KiB first, then eight times as much), walked without recursion,
and never decoded further than needed: an element knows its tag, value representation, span and,
where it is a sequence, its items. Sequences of undefined length, UN that holds implicit items
(PS3.5 6.2.2) and implicit files differ only in how an element's head is read. Coded pixels are
not read; fragments are found by their item heads, or by the offset table where there is one.

Promise: knows no vendor and no policy. Bounded: depth, header size and number of elements have
limits, a length is believed only if it lies inside its parent, and every failure is a
`SlideError`. Big endian and deflated files are refused; `dicom_deflated` makes plain ones of these.

Source: DICOM PS3.5 (7, A.4, 8.2) and PS3.10 (7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import DamagedSlide, NotEditable

if TYPE_CHECKING:
    from blankslide.source import ByteSource

PREAMBLE, MARK = 128, b"DICM"
IMPLICIT, DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
SYNTAX = 0x00020010
PIXEL_GROUP, PIXEL_DATA = 0x7FE00000, 0x7FE00010
EXTENDED_TABLE = 0x7FE00001
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PADDING = 0xFFFCFFFC
UNDEFINED = 0xFFFFFFFF
LONG = frozenset("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""Value representations with a length of four bytes behind two reserved ones."""

VRS = LONG | frozenset("AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LITTLE = Struct("<HHI")
_SHORT = Struct("<HH2sH")
_FIRST, _MOST_HEADER = 1 << 16, 256 << 20
_MOST_LEADING = 16 << 20
_MOST_DEPTH = 64
_MOST_PARTS = 4_000_000
Lookup = Callable[[int], str]
"""Value representation of a standard tag, or an empty string."""


class Item:
    """One item of a sequence: ``[at, end)`` with head and delimiter, content from ``body`` on."""

    __slots__ = ("at", "body", "elements", "end", "undefined")

    def __init__(self, at: int, body: int, undefined: bool) -> None:
        self.at, self.body, self.end, self.undefined = at, body, 0, undefined
        self.elements: list[Element] = []


class Element:
    """One data element.

    Attributes
    ----------
    tag, vr
        Group and element as one number; ``UN`` where the representation is not known.
    at, body, end
        Where it begins, where its value begins, and where it ends, delimiter included.
    items
        Items of a sequence, else None.
    undefined, implicit
        How its length and its head are written.
    parent
        Tag of the sequence that it stands in, or 0.
    """

    __slots__ = ("at", "body", "end", "implicit", "items", "parent", "tag", "undefined", "vr")

    def __init__(self, tag: int, vr: str, at: int, body: int, end: int, implicit: bool, parent: int) -> None:
        self.tag, self.vr, self.at, self.body, self.end = tag, vr, at, body, end
        self.undefined, self.implicit, self.parent = False, implicit, parent
        self.items: list[Item] | None = None

    def __repr__(self) -> str:
        return f"<Element {self.tag:08x} {self.vr} {self.end - self.at} bytes>"


class Header(NamedTuple):
    """All of a file up to its first element of group 7FE0.

    Attributes
    ----------
    data
        The bytes of the file from 0 to ``end`` (and a little more).
    meta, elements
        Elements of group 2, and of the data set.
    body, end
        Where the data set begins, and where the pixels' group does.
    syntax
        Transfer syntax UID.
    """

    data: bytes
    meta: list[Element]
    elements: list[Element]
    body: int
    end: int
    syntax: str

    @property
    def implicit(self) -> bool:
        """Whether the data set is written without value representations."""
        return self.syntax == IMPLICIT

    def value(self, element: Element) -> bytes:
        """Raw value of an element that is no sequence."""
        return self.data[element.body : element.end]

    def text(self, tag: int) -> str:
        """Text of an element of group 2 or of the root, without padding; empty if absent."""
        for element in self.meta if tag < 0x00030000 else self.elements:
            if element.tag == tag and element.items is None:
                return self.value(element).rstrip(b"\0 ").decode("latin-1")
        return ""

    def number(self, tag: int) -> int:
        """Value of an unsigned or IS element of the root; 0 if absent or no number."""
        for element in self.elements:
            if element.tag == tag and element.items is None:
                raw = self.value(element)
                if element.vr in ("US", "UL"):
                    return int.from_bytes(raw[:4], "little")
                digits = raw.strip(b"\0 ")
                return int(digits) if digits.isdigit() and len(digits) < 12 else 0
        return 0


class _NeedMoreBytes(Exception):
    """The bytes at hand end inside an element; ``need`` tells up to where."""

    def __init__(self, need: int) -> None:
        self.need = need


def is_dicom(head: bytes) -> bool:
    """Whether the first 132 bytes are a Part 10 preamble."""
    return head[PREAMBLE : PREAMBLE + 4] == MARK


# -- reading a header ------------------------------------------------------------------


def read_header(source: ByteSource, lookup: Lookup) -> Header:
    """Read everything in front of the pixels.

    Parameters
    ----------
    source
        The file.
    lookup
        Value representations of standard tags: asked for implicit elements.

    Raises
    ------
    DamagedSlide
        If the structure is broken, too deep or too large.
    NotEditable
        If the data set is deflated or big endian.
    """
    size, have = source.size, min(_FIRST, source.size)
    while True:
        data = source.read(0, have)
        try:
            return parse(data, size, lookup)
        except _NeedMoreBytes as short:
            if short.need > size or have == size:
                raise DamagedSlide("the file ends inside its header") from None
            if short.need > _MOST_HEADER:
                raise DamagedSlide("the header is larger than any slide's") from None
            have = min(size, max(8 * have, short.need))


def parse(data: bytes, size: int, lookup: Lookup) -> Header:
    """Parse the beginning of a file of ``size`` bytes, as `read_header` does.

    Raises
    ------
    DamagedSlide, NotEditable
        As `read_header` does.
    _NeedMoreBytes
        If the beginning ends inside the header.
    """
    if not is_dicom(data):
        raise DamagedSlide("the file has no DICOM mark")
    meta, body = read_meta(data, size)
    syntax = next((data[e.body : e.end].rstrip(b"\0 ").decode("latin-1") for e in meta if e.tag == SYNTAX), "")
    if syntax == DEFLATED:
        raise NotEditable("a deflated data set cannot be edited in place", "make a clean copy with --out DIR")
    if syntax == BIG_ENDIAN:
        raise NotEditable(
            "the data set is big endian, which DICOM has retired, and Blankslide reads little endian only",
            "convert it to little endian first",
        )
    walker = _Walker(data, size, lookup)
    elements, end = walker.root(body, syntax == IMPLICIT)
    return Header(data, meta, elements, body, end, syntax)


def read_meta(data: bytes, size: int) -> tuple[list[Element], int]:
    """Walk group 2, which is always explicit little endian; return its elements and where it ends.

    Raises
    ------
    DamagedSlide
        If it is broken.
    _NeedMoreBytes
        If ``data``, the beginning of a file of ``size`` bytes, ends inside it.
    """
    walker = _Walker(data, size, lambda tag: "")
    pos, out = PREAMBLE + 4, []
    while data[pos : pos + 2] == b"\2\0":
        element = walker.head(pos, size, False, 0)
        if element.undefined:
            raise DamagedSlide("the file meta information holds a sequence")
        out.append(element)
        pos = element.end
    if pos >= size:
        raise DamagedSlide("the file ends behind its meta information")
    return out, pos


class _Open:
    """A sequence or item whose end has not been reached; ``end`` is None if only a delimiter tells."""

    __slots__ = ("element", "end", "implicit", "item", "limit")

    def __init__(self, element: Element, item: Item | None, end: int | None, limit: int, implicit: bool) -> None:
        self.element, self.item, self.end, self.limit, self.implicit = element, item, end, limit, implicit


class _Walker:
    """One walk over the bytes at hand of a file of ``size`` bytes."""

    def __init__(self, data: bytes, size: int, lookup: Lookup) -> None:
        self.data, self.size, self.lookup = data, size, lookup
        self.have = len(data)
        self.left = _MOST_PARTS

    def root(self, pos: int, implicit: bool) -> tuple[list[Element], int]:
        """Walk the data set up to the pixels' group or the end of the file."""
        out: list[Element] = []
        while pos < self.size:
            element = self.head(pos, self.size, implicit, 0)
            if element.tag >= PIXEL_GROUP:
                return out, pos
            if out and element.tag <= out[-1].tag:
                raise DamagedSlide("the elements of the header are not in order")
            pos = self.tree(element) if element.items is not None else element.end
            out.append(element)
        return out, pos

    def head(self, pos: int, limit: int, implicit: bool, parent: int) -> Element:
        """Read the head of an element; one of undefined length gets an empty list of items."""
        if pos + 8 > limit:
            raise DamagedSlide("an element does not fit where it stands")
        if pos + 12 > self.have and self.have < self.size:
            raise _NeedMoreBytes(pos + 12)
        group, number, kind, length = _SHORT.unpack_from(self.data, pos)
        tag, body = group << 16 | number, pos + 8
        vr = "" if implicit else kind.decode("latin-1")
        if implicit or vr not in VRS:
            if not implicit and tag < PIXEL_GROUP:
                raise DamagedSlide("an element has no known value representation")
            vr, length = self._known(tag), int.from_bytes(self.data[pos + 4 : pos + 8], "little")
        elif vr in LONG:
            if pos + 12 > limit:
                raise DamagedSlide("an element does not fit where it stands")
            length, body = int.from_bytes(self.data[pos + 8 : pos + 12], "little"), pos + 12
        return self._element(tag, vr, pos, body, length, limit, implicit, parent)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise DamagedSlide("the header has more elements than any slide's")

    def _known(self, tag: int) -> str:
        if tag & 0xFFFF == 0:
            return "UL"
        return self.lookup(tag) or "UN" if tag < PIXEL_GROUP else "OW"

    def _element(
        self, tag: int, vr: str, at: int, body: int, length: int, limit: int, implicit: bool, parent: int
    ) -> Element:
        undefined = length == UNDEFINED
        end = body if undefined else body + length
        if end > limit:
            raise DamagedSlide("the length of an element leads outside of what holds it")
        self._count()
        element = Element(tag, vr, at, body, end, implicit, parent)
        element.undefined = undefined
        if tag >= PIXEL_GROUP:
            return element
        # an unknown representation does not hide what is known to be a sequence
        hidden = vr == "UN" and (undefined or self.lookup(tag) == "SQ")
        if vr == "SQ" or hidden:
            element.items = []
            element.implicit = implicit
        elif undefined:
            raise DamagedSlide("an element that is no sequence has no length")
        elif end > self.have:
            raise _NeedMoreBytes(end)
        return element

    def tree(self, root: Element) -> int:
        """Walk all items inside a sequence; return where it ends."""
        stack = [self._opened(root, self.size)]
        pos = root.body
        while stack:
            top = stack[-1]
            pos = self._in_sequence(stack, top, pos) if top.item is None else self._in_item(stack, top, pos)
        return pos

    def _opened(self, element: Element, limit: int) -> _Open:
        end = None if element.undefined else element.end
        # UN of undefined length holds implicit items, whatever the file is written in
        implicit = element.implicit or element.vr == "UN"
        return _Open(element, None, end, limit if end is None else end, implicit)

    def _in_sequence(self, stack: list[_Open], top: _Open, pos: int) -> int:
        if pos == top.end:
            stack.pop()
            return pos
        tag, length = self._delimiter(pos, top.limit)
        if tag == SEQUENCE_END and top.end is None and not length:
            top.element.end = pos + 8
            stack.pop()
            return pos + 8
        if tag != ITEM or top.element.items is None:
            raise DamagedSlide("a sequence holds something that is no item")
        if len(stack) > _MOST_DEPTH:
            raise DamagedSlide("sequences are nested deeper than in any slide")
        self._count()
        item = Item(pos, pos + 8, length == UNDEFINED)
        end = None if item.undefined else pos + 8 + length
        if end is not None and end > top.limit:
            raise DamagedSlide("an item leads outside of its sequence")
        top.element.items.append(item)
        stack.append(_Open(top.element, item, end, top.limit if end is None else end, top.implicit))
        return pos + 8

    def _in_item(self, stack: list[_Open], top: _Open, pos: int) -> int:
        item = top.item
        assert item is not None  # noqa: S101 - what the caller has just asked
        if pos == top.end:
            item.end = pos
            stack.pop()
            return pos
        if top.end is None and self.data[pos : pos + 4] == b"\xfe\xff\x0d\xe0":
            if self._delimiter(pos, top.limit)[1]:
                raise DamagedSlide("the end of an item has a length")
            item.end = pos + 8
            stack.pop()
            return pos + 8
        element = self.head(pos, top.limit, top.implicit, top.element.tag)
        if element.tag >= PIXEL_GROUP and (element.tag != PIXEL_DATA or element.undefined):
            raise DamagedSlide("an item holds something that belongs behind the header")
        if element.end > self.have:  # the pixels of an icon
            raise _NeedMoreBytes(element.end)
        item.elements.append(element)
        if element.items is None:
            return element.end
        stack.append(self._opened(element, top.limit))
        return element.body

    def _delimiter(self, pos: int, limit: int) -> tuple[int, int]:
        if pos + 8 > limit:
            raise DamagedSlide("a sequence is not closed")
        if pos + 8 > self.have:
            raise _NeedMoreBytes(pos + 8)
        group, number, length = _LITTLE.unpack_from(self.data, pos)
        return group << 16 | number, length


def walk(elements: list[Element]) -> Iterator[Element]:
    """Yield elements and all elements inside them, in order."""
    stack = [iter(elements)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
            continue
        yield element
        for item in reversed(element.items or ()):
            stack.append(iter(item.elements))


def leading(data: bytes, wanted: frozenset[int], lookup: Lookup) -> dict[int, str] | None:
    """Read texts near the beginning of a file of which only ``data`` is at hand.

    Parameters
    ----------
    wanted
        Tags of group 2 and of the root.

    Returns
    -------
    dict or None
        Texts by tag, absent ones left out; None if the bytes end before all could be passed.

    Raises
    ------
    SlideError
        As `read_header` does.
    """
    last, size = max(wanted), 1 << 62
    out: dict[int, str] = {}
    try:
        walker, pos, syntax = _Walker(data, size, lookup), PREAMBLE + 4, ""
        while data[pos : pos + 2] == b"\2\0" or pos + 2 > len(data):
            element = walker.head(pos, size, False, 0)
            if element.tag > last:
                return out
            value = data[element.body : element.end].rstrip(b"\0 ").decode("latin-1")
            syntax = value if element.tag == SYNTAX else syntax
            if element.tag in wanted:
                out[element.tag] = value
            pos = element.end
        if last < 0x00030000 or syntax == BIG_ENDIAN:
            return out
        if syntax == DEFLATED:
            data, pos = _inflated_part(data[pos:]), 0
            walker = _Walker(data, size, lookup)
        while True:
            element = walker.head(pos, size, syntax == IMPLICIT, 0)
            if element.tag > last:
                return out
            if element.tag in wanted:
                out[element.tag] = data[element.body : element.end].rstrip(b"\0 ").decode("latin-1")
            pos = walker.tree(element) if element.items is not None else element.end
    except _NeedMoreBytes:
        return None


def _inflated_part(data: bytes) -> bytes:
    """Inflate what a part of a deflated data set gives."""
    import zlib

    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _MOST_LEADING)
    except zlib.error:
        raise DamagedSlide("the deflated data set cannot be inflated") from None
