"""Takes the text of a description apart, without knowing its page or file.

`read_header` and `read_pairs` say of each piece whether it stays, or what it is and which characters
have to go. Positions count from the beginning of the given text. So pairs that every level repeats
letter for letter are read once, and `text_pairs` adds the place of each copy.

Promise: each character is kept, white space, a separator, or part of a piece that goes. Once those
pieces are cut out, reading the rest again finds none.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import DamagedSlide
from blankslide.model import PhiClass
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.formatkit.text_style import KeyRule, Style

__all__ = ["Piece", "Pieces", "read_header", "read_pairs"]

_MOST = 4096
_BASE64 = pattern(r"(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?|[A-Za-z0-9+/]{2,3}={1,2}")
_READABLE = pattern(r"[^\x00-\x1f\x7f]+")
_EMPTY_LINK = "0 {}-"
_SHORTEST_BASE64 = 8
_ZERO = "+-0.,"
_BEHIND_A_VALUE = " ;,\t"


class Piece(NamedTuple):
    """A piece that goes: its finding, where its value stands, and the range to cut out."""

    id: str
    title: str
    cls: PhiClass
    start: int
    end: int
    cut_start: int
    cut_end: int
    value: str


class Pieces:
    """What was read of one text.

    Attributes
    ----------
    kept
        Ranges of science that stays; neighbours are joined.
    gone
        What goes.
    values
        First legal value that is not zero of each science key, in lower case.
    """

    __slots__ = ("gone", "kept", "values")

    def __init__(self) -> None:
        self.kept: list[tuple[int, int]] = []
        self.gone: list[Piece] = []
        self.values: dict[str, str] = {}

    def keep(self, start: int, end: int) -> None:
        """Note that a range stays, except what is cut out with the piece before it."""
        kept = self.kept
        if kept and kept[-1][1] == start:
            kept[-1] = kept[-1][0], end
            return
        if self.gone and self.gone[-1].cut_end > start:
            start = self.gone[-1].cut_end
        kept.append((start, end))


def read_header(style: Style, text: str) -> Pieces:
    """Read ``text``, a whole header: every word that does not belong into headers goes."""
    out = Pieces()
    maker = style.beginning.match(text)
    _header(style, text, 0, len(text), maker.end() if maker else 0, out)
    return out


def _header(style: Style, text: str, low: int, high: int, safe: int, out: Pieces) -> None:
    """Read the words in ``text[low:high]``; what stands before ``safe`` stays, even if more follows directly."""
    for word in style.header_words.finditer(text, low, high):
        start, end = word.span()
        if word[1] is not None or end <= safe:
            out.keep(start, end)
            continue
        if start < safe:
            out.keep(start, safe)
            start = safe
        out.gone.append(
            Piece(style.id("header"), "Header text", PhiClass.UNKNOWN, start, end, start, end, text[start:end])
        )


def read_pairs(style: Style, text: str) -> Pieces:
    """Read pairs, and the headers between them.

    Raises
    ------
    DamagedSlide
        If there are more than any scanner writes.
    """
    out = Pieces()
    form = style.borders if style.maker and ";" in text else style.separators
    borders = list(islice(form.finditer(text), _MOST))
    if len(borders) == _MOST:
        raise DamagedSlide("a description has more fields than any slide's")
    pairs = _Pairs(style, text, out)
    first = borders[0].start() if borders else len(text)
    if first:  # no separator stands before it, so the one behind it goes too
        pairs.read(0, 0, first, borders[0].end() if borders else first)
    ends = [border.start() for border in borders[1:]]
    ends.append(len(text))
    read = pairs.read
    for border, end in zip(borders, ends, strict=False):
        low, start = border.span()
        if border.lastindex:
            _header(style, text, low, end, 0, out)
        else:
            read(low, start, end, end)
    return out


class _Pairs:
    """Reads one pair after the other into ``out``."""

    __slots__ = ("_kept", "_known", "_out", "_style", "_text", "_values")

    def __init__(self, style: Style, text: str, out: Pieces) -> None:
        self._style, self._text, self._out = style, text, out
        self._known, self._kept, self._values = style.known, out.kept, out.values

    def read(self, low: int, start: int, end: int, high: int) -> None:
        """Read one piece, ``text[start:end]``; if it goes, ``text[low:high]`` is cut out."""
        key, equals, raw = self._text[start:end].partition("=")
        name, value = key.strip(), raw.strip()
        low_name = name.lower()
        rule = self._known.get(low_name)
        legal = None if rule is None or not value else rule.legal
        if legal is not None and legal.fullmatch(value):
            kept = self._kept
            if kept and kept[-1][1] == low:  # as most do: a call would cost as much as the look
                kept[-1] = kept[-1][0], end
            else:
                self._out.keep(low, end)
            if low_name not in self._values and value.strip(_ZERO):
                self._values[low_name] = value
            return
        if rule is not None and equals and not value:
            return  # a known key may stay without a value
        rule = rule or self._style.unknown(name)
        if rule is None or not equals or not value:  # not a pair, or its key is no word: all of it is the value
            self._free_text(low, start, end, high)
        elif rule.cls is PhiClass.LINK and not value.strip(_EMPTY_LINK):  # zeros are our own mark
            self._out.keep(low, end)
        else:
            _field(rule, name, value, start + len(key) + 1 + raw.index(value), low, high, self._out.gone)

    def _free_text(self, low: int, start: int, end: int, high: int) -> None:
        whole = self._text[start:end].strip()
        if whole:
            id_ = self._style.id("unnamed")
            self._out.gone.append(Piece(id_, "Free text", PhiClass.UNKNOWN, start, end, low, high, whole))


def _field(rule: KeyRule, name: str, value: str, start: int, low: int, high: int, gone: list[Piece]) -> None:
    """Note a value that goes; if it begins with a legal value, only what follows goes."""
    end = start + len(value)
    beginning = getattr(rule.legal, "match", None)  # objects that know words know no beginnings
    part = beginning(value) if beginning is not None else None
    if part is not None and value[part.end()] in _BEHIND_A_VALUE:
        value = value[part.end() :]
        low = start = start + part.end()
        high = end
    gone.append(tuple.__new__(Piece, (rule.id, name, rule.cls, start, end, low, high, value)))
    if len(value) >= _SHORTEST_BASE64:
        for plain in _decoded(value):
            gone.append(gone[-1]._replace(value=plain))


def _decoded(value: str) -> list[str]:
    """Decode a value from base64, so that its plain text is searched for too."""
    if not _BASE64.fullmatch(value):
        return []
    from binascii import a2b_base64

    try:
        text = a2b_base64(value).decode("utf-8")
    except ValueError:  # not base64 after all, or no text
        return []
    return [text] if _READABLE.fullmatch(text) else []
