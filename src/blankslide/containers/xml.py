"""XML with the byte span of every attribute value and every piece of text.

Slides carry XML inside TIFF tags, headers and segments, and an in-place editor must know
where each value stands, not only what it says. Expat parses and reports byte positions;
attribute values are then located inside their start tag. Nothing is decoded twice and
nothing is normalised: spans are offsets into the bytes given.

Promise: a document type declaration is refused (no entity tricks), depth and size are
bounded, and malformed text is a `DamagedSlide`. Linear in the text.

Source: XML 1.0, fifth edition; expat's byte index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import NamedTuple

from blankslide.errors import DamagedSlide
from blankslide.model.patterns import pattern

MAX_BYTES = 64 << 20
MAX_DEPTH = 64
_ATTRIBUTE = pattern(rb"""(?:(?<!\s)\s++|(?<![^=/>"'<]))([^\s=/>"'<]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_TAG = pattern(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_DECLARED = pattern(rb"""^(\s*<\?xml[^>]*?encoding\s*=\s*["'])([A-Za-z0-9._-]+)(["'])""")


class Attribute(NamedTuple):
    """One attribute: ``[start, end)`` is the whole of it with the space before, ``value_*`` its value."""

    name: str
    value: str
    start: int
    end: int
    value_start: int
    value_end: int


class Text(NamedTuple):
    """Character data directly inside an element."""

    value: str
    start: int
    end: int


@dataclass(slots=True)
class Element:
    """One element; names are local, without prefix.

    Attributes
    ----------
    start, open_end, end
        Begin of the start tag, behind the start tag, behind the end tag.
    """

    name: str
    start: int
    open_end: int
    end: int = 0
    attributes: list[Attribute] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    parent: Element | None = field(default=None, repr=False)

    def get(self, name: str) -> Attribute | None:
        """First attribute of a name, prefix ignored."""
        return next((a for a in self.attributes if a.name == name), None)

    def value(self, name: str, default: str = "") -> str:
        """Value of an attribute."""
        found = self.get(name)
        return found.value if found else default

    @property
    def text(self) -> str:
        """All character data directly inside, stripped."""
        return "".join(t.value for t in self.texts).strip()

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below, in document order."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack.extend(reversed(element.children))

    def find(self, name: str) -> Element | None:
        """First element of a name below this one."""
        return next((e for e in self.walk() if e.name == name and e is not self), None)

    @property
    def path(self) -> str:
        """Names from the root, joined by slashes."""
        names = []
        element: Element | None = self
        while element is not None:
            names.append(element.name)
            element = element.parent
        return "/".join(reversed(names))


def local(name: str) -> str:
    """Name without its namespace prefix."""
    return name.rpartition(":")[2]


def parse(data: bytes) -> Element:
    """Parse a document and return its root element.

    Parameters
    ----------
    data
        The document; trailing NULs and spaces are allowed. A declared UTF-16 is ignored
        where the bytes are plainly one-byte text (QPTIFF writes that).

    Raises
    ------
    DamagedSlide
        If the text is too long, too deep, not well formed or has a document type.
    """
    if len(data) > MAX_BYTES:
        raise DamagedSlide("the XML text is longer than any slide's")
    return _Builder(data).run()


class _Builder:
    """Collects elements while expat runs."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.root: Element | None = None
        self.stack: list[Element] = []
        self.is_literal = False

    def run(self) -> Element:
        from xml.parsers import expat

        body = self.data.rstrip(b"\0 \t\r\n")
        self.parser = expat.ParserCreate(_forced_encoding(body))
        self.parser.buffer_text = False
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartCdataSectionHandler = lambda: self._literal(True)
        self.parser.EndCdataSectionHandler = lambda: self._literal(False)
        try:
            self.parser.Parse(body, True)
        except expat.ExpatError as error:
            raise DamagedSlide(f"the XML text is not well formed ({expat.errors.messages[error.code]})") from None
        except LookupError:
            raise DamagedSlide("the XML text has an encoding that nobody knows") from None
        if self.root is None:
            raise DamagedSlide("the XML text has no element")
        return self.root

    def _start(self, name: str, _: dict[str, str]) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise DamagedSlide(f"the XML text is nested deeper than {MAX_DEPTH}")
        start = self.parser.CurrentByteIndex
        end = _tag_end(self.data, start)
        element = Element(local(name), start, end, end)
        element.attributes = list(_attributes(self.data, start, end))
        if self.stack:
            element.parent = self.stack[-1]
            self.stack[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self.stack.append(element)

    def _end(self, _: str) -> None:
        element = self.stack.pop()
        element.texts = _joined(element.texts)
        at = self.parser.CurrentByteIndex
        has_end_tag = self.data[at : at + 2] == b"</" and at >= element.open_end
        element.end = _tag_end(self.data, at) if has_end_tag and not self._is_empty(element) else element.open_end

    def _is_empty(self, element: Element) -> bool:
        return self.data[element.open_end - 2 : element.open_end] == b"/>"

    def _text(self, value: str) -> None:
        if not self.stack:
            return
        start = self.parser.CurrentByteIndex
        end = start + _raw_length(self.data, start, value, self.is_literal)
        self.stack[-1].texts.append(Text(value, start, end))

    def _literal(self, begins: bool) -> None:
        """Note that what follows stands in a CDATA section, where an ampersand begins no entity."""
        self.is_literal = begins

    def _doctype(self, *_: object) -> None:
        raise DamagedSlide("the XML text declares a document type, which no slide needs")


def _joined(pieces: list[Text]) -> list[Text]:
    """Join pieces that follow each other: expat cuts texts at line ends and entities."""
    if len(pieces) < 2:
        return pieces
    runs: list[list[Text]] = []
    for piece in pieces:
        if runs and runs[-1][-1].end == piece.start:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [Text("".join(t.value for t in run), run[0].start, run[-1].end) for run in runs]


def _forced_encoding(body: bytes) -> str | None:
    declared = _DECLARED.match(body)
    if declared and declared[2].lower() in (b"utf-16", b"utf-16le", b"utf-16be") and b"\0" not in body[:64]:
        return "utf-8"
    return None


def _tag_end(data: bytes, start: int) -> int:
    """Behind the ``>`` that ends the tag at ``start``; quoted ones do not count."""
    match = _TAG.match(data, start)
    if match is None:
        raise DamagedSlide("an XML tag does not end")
    return match.end()


def _attributes(data: bytes, start: int, end: int) -> Iterator[Attribute]:
    for match in _ATTRIBUTE.finditer(data, start, end):
        group = 2 if match[2] is not None else 3
        value = match[group].decode("utf-8", "replace")
        if "&" in value:
            value = unescape(value)
        yield Attribute(_attribute_name(match[1]), value, *match.span(), *match.span(group))


@lru_cache(maxsize=1024)
def _attribute_name(raw: bytes) -> str:
    return local(raw.decode("utf-8", "replace"))


def _raw_length(data: bytes, start: int, value: str, literal: bool = False) -> int:
    """Bytes that one piece of character data takes: as is, or as an entity."""
    if data[start : start + 1] == b"&" and not literal:
        end = data.find(b";", start, start + 16)
        return end + 1 - start if end > 0 else 1
    if value == "\n":
        return 2 if data[start : start + 2] == b"\r\n" else 1
    for encoding in ("utf-8", "latin-1"):
        raw = value.encode(encoding, "replace")
        if data[start : start + len(raw)] == raw:
            return len(raw)
    return len(value.encode())
