"""Check sums of tiles that lose their text: the sum of what is gone goes too.

Tiles and their sums stay, because sums of tissue say nothing. But a sum over a tile with a comment in it proves a
guess: whoever has the tile can try all names and numbers until one fits. So the sum becomes that of the tile without
its text, in the same form; what was no sum of the tile before becomes zeros.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from blankslide.containers.sqlite.records import record
from blankslide.formats.sakura.columns import TILE_COLUMNS, looks_like_text
from blankslide.formats.sakura.schema import read_fields
from blankslide.model import Fill, PhiClass, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from blankslide.containers.sqlite.pages import Database, Payload
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.model import Edit

__all__ = ["Changed", "is_check", "put_right"]

_CHECK = pattern(rb"[0-9A-Fa-f]{32}")


class Changed:
    """What goes in one tile.

    Attributes
    ----------
    payload, skip
        The tile's row, and where the picture begins in it.
    id, title
        The finding that its text belongs to.
    edits
        How the text goes.
    """

    def __init__(self, payload: Payload, skip: int, id: str, title: str) -> None:
        self.payload, self.skip, self.id, self.title = payload, skip, id, title
        self.edits: dict[Edit, None] = {}


def is_check(kind: str, raw: bytes) -> bool:
    """Whether a value of a storage class is an MD5 sum, as bytes or as text, or empty."""
    return (
        not raw or (kind == "blob" and len(raw) == 16 and not looks_like_text(raw)) or _CHECK.fullmatch(raw) is not None
    )


def put_right(
    db: Database, root: int, changed: Mapping[int, Changed], found: FindingCollector
) -> list[tuple[int, int]]:
    """Report the sums of changed tiles, and return where they stand.

    Parameters
    ----------
    db
        The database, opened for this only, because a reader walks each page only once.
    root
        First page of the table of tiles.
    changed
        The tiles, by the offset of their rows.
    """
    waiting = {_name(db, tile.payload) + "#": tile for tile in changed.values()}
    known: dict[str, dict[bytes, bytes]] = {}
    spans: list[tuple[int, int]] = []
    for cell in db.walk(root, bulk=True):
        name = _first(cell.head, cell.payload, db.encoding)
        tile = waiting.get(name)
        if tile is None:
            continue
        field = read_fields(db, cell, TILE_COLUMNS)[2]
        if name not in known:
            known[name] = _sums(db, tile)
        new = known[name].get(field.raw, bytes(len(field.raw)))
        if is_check(field.kind, field.raw) and new != field.raw:  # any other value goes anyway
            edits = field.overwritten(0, new)
            found.add_spans(tile.id, tile.title, PhiClass.UNKNOWN, "tiles", field.spans, edits)
            spans += field.spans
    return spans


def _name(db: Database, payload: Payload) -> str:
    return _first(db.source.read(payload.start, payload.local), payload, db.encoding)


def _first(head: bytes, payload: Payload, encoding: str) -> str:
    """Return the first value of a row as text."""
    values = record(head, payload.size)
    return head[values[0].start : values[0].end].decode(encoding, "replace") if values else ""


def _sums(db: Database, tile: Changed) -> dict[bytes, bytes]:
    """Return the sum of a tile with its text, in each form, and what becomes of it."""
    spans = db.spans(tile.payload)
    before = b"".join(db.source.read(start, end - start) for start, end in spans)
    after = _edited(before, spans, tile.edits)
    sums = [hashlib.md5(row[tile.skip :], usedforsecurity=False) for row in (before, after)]
    forms = [(s.digest(), s.hexdigest().encode(), s.hexdigest().upper().encode()) for s in sums]
    return dict(zip(*forms, strict=True))


def _edited(row: bytes, spans: Sequence[tuple[int, int]], edits: Iterable[Edit]) -> bytes:
    """Return a row after some edits that each stay inside one of its pieces."""
    out, at = bytearray(row), 0
    for start, end in spans:
        for edit in edits:
            if isinstance(edit, Fill) and start <= edit.start and edit.end <= end:
                out[at + edit.start - start : at + edit.end - start] = bytes([edit.byte]) * (edit.end - edit.start)
            elif isinstance(edit, Write) and start <= edit.start < end:
                out[at + edit.start - start : at + edit.start - start + len(edit.data)] = edit.data
        at += end - start
    return bytes(out)
