"""Values inside XML that are written anew in the same length: UIDs, and base64 of pictures and profiles.

A picture becomes a white JPEG of the same size, with its own tables, so that no piece of the old
base64 stays. What is not a JPEG, or has no room for one, becomes white space, which readers take
for no picture. Of a colour profile only dates and texts become zeros.

New base64 characters stand only where old ones stood, so line breaks stay. If the old text was not
a whole number of groups of four, its last characters become spaces. The length in bytes is a
multiple of three, so no padding is needed. The blank picture depends only on the old picture's
headers, which it repeats, so a second run draws the same.

A UID is replaced by a mapped one, the same wherever it stands, with spaces behind it if that is
shorter. The few that are too short for it become zeros.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.formatkit import jpeg_blanks
from blankslide.formatkit.replacements import mapped_uid
from blankslide.model import Action, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.xml import Element
    from blankslide.formatkit.jpeg_blanks import Frame

__all__ = ["Base64Text", "Embedded", "frame_of"]

_WORD = pattern(rb"[^ \t\r\n]+")
_MOST_BLOCKS = 1 << 22


class Base64Text(NamedTuple):
    """Pieces of one base64 text: the offset of each in the file, and its bytes."""

    pieces: tuple[tuple[int, bytes], ...]

    @classmethod
    def of(cls, element: Element, body: bytes, base: int = 0) -> Base64Text:
        """Take the text of an element of the document ``body``, which begins at ``base`` in the file."""
        return cls(tuple((base + t.start, body[t.start : t.end]) for t in element.texts if t.value.strip()))

    @property
    def _written(self) -> bytes:
        return b"".join(re.sub(rb"[ \t\r\n]+", b"", raw) for _, raw in self.pieces)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Start and end of each piece in the file."""
        return [(start, start + len(raw)) for start, raw in self.pieces]

    @property
    def room(self) -> int:
        """How many bytes fit into its whole groups of four characters."""
        return sum(len(word) for _, raw in self.pieces for word in _WORD.findall(raw)) // 4 * 3

    @property
    def data(self) -> bytes:
        """What its whole groups of four characters hold."""
        return self.decoded()

    def decoded(self) -> bytes:
        """Decode it; empty if it is not base64. Characters behind the last whole group are ignored."""
        written = self._written
        try:
            return b64decode(written[: len(written) // 4 * 4], validate=True)
        except (Error, ValueError):
            return b""

    def writes(self, data: bytes) -> list[Write]:
        """Write other bytes in its place, with white space behind them."""
        new, at, out = b64encode(data), 0, []
        for start, raw in self.pieces:
            parts, pos = [], 0
            for word in _WORD.finditer(raw):
                parts += [raw[pos : word.start()], new[at : at + word.end() - word.start()].ljust(len(word[0]))]
                at, pos = at + len(word[0]), word.end()
            out.append(Write(0, start, b"".join((*parts, raw[pos:]))))
        return out


def frame_of(data: bytes) -> Frame | None:
    """Return a JPEG's headers; None if it is not a JPEG, or too large to be drawn."""
    frame = jpeg_blanks.parse(data) if data[:2] == b"\xff\xd8" else None
    if frame is None or -(-frame.width // 8) * -(-frame.height // 8) > _MOST_BLOCKS:
        return None
    return frame


class Embedded:
    """All base64 texts and UIDs of a header; a `blankslide.model.Rewrite`.

    Parts are called ``number`` for a picture, ``number:start-end`` for bytes of a profile and
    ``uid:offset`` for a UID.
    """

    def __init__(self) -> None:
        self._texts: list[Base64Text] = []
        self._uids: dict[str, tuple[int, str]] = {}

    def add(self, text: Base64Text) -> int:
        """Add a text and return its number."""
        self._texts.append(text)
        return len(self._texts) - 1

    def add_uid(self, start: int, uid: str) -> str:
        """Add a UID and return the name of its part."""
        self._uids[f"uid:{start}"] = (start, uid)
        return f"uid:{start}"

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Return the new text of every UID, and of every picture or profile that loses something."""
        out = [_replaced(*self._uids[what], action, key) for what, action in parts if what in self._uids]
        for number, spans in _by_text(what for what, _ in parts if what not in self._uids).items():
            text = self._texts[number]
            out += text.writes(_without(text.decoded(), spans) if spans else _blank(text))
        return out


def _replaced(start: int, uid: str, action: Action, key: bytes | None) -> Write:
    new = mapped_uid(uid, key) if action in (Action.DUMMY, Action.UID) else ""
    if len(new) == len(uid) + 1:  # nearly all UIDs begin with this digit; leaving it out makes a shorter one
        new = mapped_uid(uid[1:], key)
    if len(new) > len(uid):
        new = "".join("0" if c.isdecimal() else c for c in uid)
    return Write(start=start, file=0, data=new.encode().ljust(len(uid)))


def _by_text(parts: Iterable[str]) -> Mapping[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for what in parts:
        number, _, span = what.partition(":")
        spans = found.setdefault(int(number), [])
        if span:
            start, _, end = span.partition("-")
            spans.append((int(start), int(end)))
    return found


def _without(data: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    out = bytearray(data)
    for start, end in spans:
        out[start:end] = bytes(end - start)
    return bytes(out)


def _blank(text: Base64Text) -> bytes:
    """Draw a white picture of the old one's size; empty if there is no room."""
    frame = frame_of(text.decoded())
    if frame is None or frame.bits != 8:
        return b""
    stream = jpeg_blanks.fresh(frame, None)
    return jpeg_blanks.padded(stream, text.room) if len(stream) <= text.room else b""
