"""Descriptions made of ``key = value`` pairs, as many scanners write them.

Three ways occur: a header and pairs behind bars (``header|key = value|...``, Aperio's way,
which others took over), one pair a line, and pairs between semicolons. A format says which,
and gives its tables: science with the values that are legal, and fields with what they can
reveal. All other pairs are findings of class UNKNOWN, pieces that are no pair are free text.

What goes is cut where it stands, separator included, and the rest moves up: values are never
searched for. Of a header only sizes, codecs, versions and the format's own words stay. A
value with text behind its legal part loses that text only.

Promise: each character of a description is a kept pair or header word, white space or a
separator, or part of a finding. What is cut leaves nothing that a second reading would report.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.xml_fields import slug
from blankslide.model import Cut, Fill, PhiClass, Place, TextBlock
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd

__all__ = ["NUMBER", "Pairs", "Style", "numbers"]

NUMBER = r"[-+]?\d{1,6}(?:[.,]\d{1,12})?(?:[eE][-+]?\d{1,3})?"
_MOST = 4096
_SIZE = r"\d{1,7} ?x ?\d{1,7}"
_COLOUR = r"(?:RGB|YCC|YUV(?:16)?|YCbCr|YC|GRAY|GREY|MONO|KDU)"
_HEADER = (
    rf"(?:label|macro|thumbnail) {_SIZE}|{_SIZE}(?: -> {_SIZE})?(?: -)?"
    rf"|[\[(](?:\d{{1,7}}, ?\d{{1,7}},? )?{_SIZE}[\])]|v\d{{1,3}}(?:\.\d{{1,4}}){{1,3}}|Q ?= ?\d{{1,3}}"
    rf"|(?:JPEG|JPG|J2K|JPEG2000|LZW|RAW|None|Deflate)(?: ?/ ?{_COLOUR})?"
)
_KEY = pattern(r"(?!.*\d{4})[A-Za-z0-9][A-Za-z0-9_./()#-]{0,30}(?: [A-Za-z0-9_./()#-]{1,20}){0,3}")
_BASE64 = pattern(r"(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?|[A-Za-z0-9+/]{2,3}={1,2}")
_READABLE = pattern(r"[^\x00-\x1f\x7f]+")


def numbers(keys: str) -> dict[str, re.Pattern[str]]:
    """Make science of keys, in lower case and separated by semicolons, whose values must be numbers."""
    return dict.fromkeys((k.strip() for k in keys.split(";")), pattern(NUMBER))


@dataclass(frozen=True)
class Style:
    """How one format writes its descriptions.

    Attributes
    ----------
    prefix
        First part of the finding ids.
    separator
        Pattern of what stands between pairs.
    header
        Pattern of the maker's own words, as text; if it is empty there is no header.
    science
        Key in lower case -> values that stay.
    fields
        Key in lower case -> what it can reveal.
    patterns
        The same for keys that come in many forms; the id is that of the finding.
    """

    prefix: str
    separator: re.Pattern[str]
    header: str
    science: Mapping[str, re.Pattern[str]]
    fields: Mapping[str, PhiClass]
    patterns: tuple[tuple[re.Pattern[str], str, PhiClass], ...] = ()
    words: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", pattern(rf"((?:{self.header}|{_HEADER})(?![^\s;]))|[^\s;]+"))

    def look_up(self, key: str) -> tuple[str, PhiClass, re.Pattern[str] | None] | None:
        """Return id, class and legal values of a key; None if it is no key but free text."""
        low = key.lower()
        for form, name, cls in self.patterns:
            if form.fullmatch(key):
                return name, cls, None
        if low in self.science:
            return slug(key), PhiClass.UNKNOWN, self.science[low]
        if low in self.fields:
            return slug(key), self.fields[low], None
        return (slug(key), PhiClass.UNKNOWN, None) if _KEY.fullmatch(key) else None

    def knows(self, key: str) -> bool:
        """Whether a key is vocabulary, so that it may stay without a value."""
        low = key.lower()
        return low in self.science or low in self.fields or any(p.fullmatch(key) for p, _, _ in self.patterns)


class Pairs:
    """Reads the descriptions of one slide.

    Attributes
    ----------
    found, kept, blocks
        What inspection needs: findings, places of legal science, texts in which cuts are made.
    values
        First legal value of each science key, in lower case.
    """

    def __init__(self, style: Style) -> None:
        self.style = style
        self.found = FindingCollector()
        self.kept: list[Place] = []
        self.blocks: list[TextBlock] = []
        self.values: dict[str, str] = {}
        self._spans: set[int] = set()
        self._where, self._base = "", 0

    def read(self, page: Ifd, tag: int = T.IMAGE_DESCRIPTION) -> None:
        """Read one page's description; strings shared between pages are read once.

        Raises
        ------
        ContradictorySlide, DamagedSlide
            If the page has two, or one of endless fields.
        """
        entry = page.tags.get(tag)
        if sum(e.tag == tag for e in page.entries) > 1:
            raise ContradictorySlide(f"{page.name} has two descriptions")
        if entry is None or entry.start in self._spans:
            return
        self._spans.add(entry.start)
        self._where, self._base = page.name, entry.start
        body, _, rest = page.raw(entry).partition(b"\0")
        self.blocks.append(TextBlock(0, entry.start, entry.end))
        if rest.strip(b"\0"):
            span = (len(body) + 1, entry.end - entry.start)
            self._goes("remainder", "Text behind the description", PhiClass.UNKNOWN, span, span, None)
        self._text(body.decode("latin-1"))

    def number(self, key: str) -> float | None:
        """Return the number that the legal value of a science key begins with, if positive."""
        match = re.match(NUMBER, self.values.get(key, ""))
        value = float(match[0].replace(",", ".")) if match else 0.0
        return value if value > 0 else None

    def _goes(
        self, id: str, title: str, cls: PhiClass, at: tuple[int, int], cut: tuple[int, int], value: str | None
    ) -> None:
        place = Place(0, self._where, self._base + at[0], self._base + at[1])
        edit = (Cut(len(self.blocks) - 1, self._base + cut[0], self._base + cut[1]),)
        self.found.add(f"{self.style.prefix}.description.{id}", title, cls, place, edit, value)

    def _stays(self, start: int, end: int) -> None:
        self.kept.append(Place(0, self._where, self._base + start, self._base + end))

    # -- pieces --------------------------------------------------------------------------

    def _text(self, text: str) -> None:
        if sum(1 for _ in islice(self.style.separator.finditer(text), _MOST)) == _MOST:
            raise DamagedSlide("a description has more fields than any slide's")
        borders = [(0, 0), *(m.span() for m in self.style.separator.finditer(text)), (len(text), len(text))]
        for number, (before, after) in enumerate(pairwise(borders)):
            start, end = before[1], after[0]
            if number == 0 and self.style.header:
                self._header(text[:end])
            elif text[start:end].strip():
                # a pair goes with the separator before it; the first one with that behind it
                self._pair(text, (start, end), (start, after[1]) if number == 0 else (before[0], end))

    def _header(self, header: str) -> None:
        for word in self.style.words.finditer(header):
            if word[1] is not None:
                self._stays(*word.span())
            else:
                self._goes("header", "Header text", PhiClass.UNKNOWN, word.span(), word.span(), word[0])

    def _pair(self, text: str, piece: tuple[int, int], cut: tuple[int, int]) -> None:
        key, equals, raw = text[slice(*piece)].partition("=")
        name, value = key.strip(), raw.strip()
        rule = self.style.look_up(name) if equals else None
        if equals and not value and self.style.knows(name):
            return
        if rule is None or not value:
            whole = text[slice(*piece)].strip()
            self._goes("unnamed", "Free text", PhiClass.UNKNOWN, piece, cut, whole)
            return
        which, cls, legal = rule
        start = piece[0] + len(key) + 1 + raw.index(value)
        at = (start, start + len(value))
        if legal is not None and legal.fullmatch(value):
            self.values.setdefault(name.lower(), value)
            self._stays(*piece)
            return
        part = legal.match(value) if legal is not None else None
        if part is not None and value[part.end()] in " ;,\t":
            at = cut = (start + part.end(), at[1])
            value = value[part.end() :]
        for one in (value, *_plain(value)):
            self._goes(which, name, cls, at, cut, one)


def _plain(value: str) -> list[str]:
    """Return what a value says in base64, so that it is searched for as plain text too."""
    if len(value) < 8 or not _BASE64.fullmatch(value):
        return []
    try:
        text = b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [text] if _READABLE.fullmatch(text) else []


def prefixed(
    found: FindingCollector, kept: list[Place], page: Ifd, tag: int, legal: re.Pattern[str], id: str, title: str
) -> None:
    """Keep the legal beginning of a text by which readers know the maker; report what hangs on it.

    Parameters
    ----------
    legal
        What may stand at the beginning, as long as possible.
    id, title
        Of the finding, which is of class DEVICE.
    """
    for entry in page.entries:
        if entry.tag != tag:
            continue
        text = page.raw(entry).decode("latin-1")
        match = legal.match(text)
        end = match.end() if match else 0
        kept.append(Place(0, page.name, entry.start, entry.start + end))
        rest = text[end:]
        if rest.strip("\0 "):
            place = Place(0, page.name, entry.start + end, entry.end)
            edit = (Fill(0, place.start, place.end),)
            found.add(id, title, PhiClass.DEVICE, place, edit, rest.strip("\0 "))
