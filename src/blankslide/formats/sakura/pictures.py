"""Pictures of an svslide that a policy may keep, and the text inside them.

Most policies keep a thumbnail, because it shows tissue, but the text in its JPEG header goes. The
edits for picture and text cover the same bytes. So they are made when the policy has decided which
are wanted: if the picture is blanked, no text is left to remove.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.containers import icc
from blankslide.containers.streams import jpeg
from blankslide.model import Fill, Part, PhiClass, Write
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.formats.sakura.columns import Field
    from blankslide.model import Action

__all__ = ["Blob", "Pictures"]

_TEXT = "jpeg.picture-text"
_PROFILE = b"ICC_PROFILE\0"
_BEFORE_PROFILE = 14


class Blob:
    """A picture in a row, whose bytes may stand in several pages; a `blankslide.model.Held`."""

    def __init__(self, field: Field) -> None:
        self._field = field

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self._field.raw

    def writes(self, data: bytes) -> Sequence[Write]:
        """Write as many other bytes in its pieces."""
        return _over(self._field, 0, data)


class Pictures:
    """Pictures that may stay; a `Rewrite`."""

    def __init__(self) -> None:
        self._all: list[tuple[str, Field, bytes]] = []

    def add(self, found: FindingCollector, id: str, where: str, field: Field, blank: bytes) -> Part:
        """Add a picture, report its text, and return the edit that blanks it."""
        self._all.append((id, field, blank))
        for start, end in _texts(field):
            value = field.raw[start:end].strip(b"\0").decode("latin-1")
            edit = [Part(self, _TEXT)]
            found.add_spans(
                _TEXT, "Text in JPEG picture", PhiClass.UNKNOWN, where, field.pieces(start, end), edit, value
            )
        return Part(self, id)

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        """Blank the pictures that go; in the others, blank the text if that goes."""
        going = {what for what, _ in parts}
        out: list[Write] = []
        for id_, field, blank in self._all:
            if id_ in going:
                out += _over(field, 0, blank)
            elif _TEXT in going:
                for start, end in _texts(field):
                    out += _over(field, start, bytes(end - start))
        return out


def _texts(field: Field) -> list[tuple[int, int]]:
    """Return the ranges of text in a picture, also in its colour profile."""
    spans = [(s.start, s.end) for s in jpeg.comment_segments(field.raw)]
    for segment in jpeg.segments(field.raw):
        if field.raw[segment.start : segment.end].startswith(_PROFILE):
            spans += _profile_texts(field.raw, segment.start, segment.end)
    spans.sort()
    behind = jpeg.trailer(field.raw)
    return [*spans, behind] if behind else spans


def _profile_texts(raw: bytes, start: int, end: int) -> list[tuple[int, int]]:
    """Return date, id and texts of a colour profile; all of it if it is not whole or not a profile."""
    whole = raw[start + 12 : start + _BEFORE_PROFILE] == b"\1\1"
    found = icc.spans(MemorySource(raw), start + _BEFORE_PROFILE, end) if whole else None
    spans = [(start, end)] if found is None else [found.date, found.id, *found.texts, *found.foreign]
    return [(low, high) for low, high in spans if any(raw[low:high])]


def _over(field: Field, start: int, new: bytes) -> list[Write]:
    edits = field.overwritten(start, new)
    return [
        Write(0, e.start, bytes([e.byte]) * (e.end - e.start)) if isinstance(e, Fill) else e
        for e in edits
        if isinstance(e, Fill | Write)
    ]
