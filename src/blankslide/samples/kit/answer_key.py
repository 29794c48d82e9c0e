"""The answer key: what was hidden in a sample slide, where, and what must survive.

A builder knows what it plants, so nothing has to be found to write the key; it is therefore
an independent judge of inspection, planning and verifying. Places are absolute byte ranges
``(offset, length)``, one for each copy, and pictures name their strips. Findings carry the
ids under which Blankslide reports them. Values that a policy may treat either way are in
neither list.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.tiff_layout import Layout

KEY_NAME = "planted.json"
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Removed:
    """A value that must be gone afterwards.

    Attributes
    ----------
    id
        Finding id; several entries may share one.
    value
        The text; empty for a picture.
    encoding
        Python codec of the stored bytes, or ``picture``.
    places
        Every copy, as ``(offset, length)`` in bytes.
    file
        Member file of a slide set; empty for the slide's own file.
    """

    id: str
    value: str
    encoding: str
    places: tuple[Range, ...]
    file: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A science value that must survive: a property name and its text."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An associated image: role, page in the chain, size in pixels, strips, and the words printed in it."""

    role: str
    page: int
    width: int
    height: int
    strips: tuple[Range, ...]
    printed: tuple[str, ...] = ()
    file: str = ""


@dataclass(slots=True)
class Planted:
    """The key of one slide.

    Attributes
    ----------
    file
        Name of the slide, relative to the folder of the key.
    format
        Registry name of its format.
    tiles
        For each level, largest first: SHA-256 over its coded tiles in index order.
    layout
        Where a TIFF's parts stand; for tests, not written to the key.
    """

    file: str
    format: str
    removed: tuple[Removed, ...]
    kept: tuple[Kept, ...]
    pictures: tuple[Picture, ...] = ()
    tiles: tuple[str, ...] = ()
    layout: Layout | None = field(default=None, repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return the key as JSON can hold it."""
        return {name: _plain(getattr(self, name)) for name in _WRITTEN}


_WRITTEN = ("file", "format", "removed", "kept", "pictures", "tiles")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return asdict(value) if isinstance(value, Removed | Kept | Picture) else value


def write_key(directory: Path, slides: Sequence[Planted]) -> Path:
    """Write ``planted.json`` and return its path."""
    path = directory / KEY_NAME
    text = json.dumps({"slides": [s.as_json() for s in slides]}, indent=1, ensure_ascii=False)
    text = re.sub(r"\[\n\s+(\d+),\n\s+(\d+)\n\s+\]", r"[\1, \2]", text)  # a range is one line
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_key(directory: Path) -> list[Planted]:
    """Read ``planted.json`` of a folder back."""
    data = json.loads((directory / KEY_NAME).read_text(encoding="utf-8"))
    return [_slide(item) for item in data["slides"]]


def _slide(item: dict[str, Any]) -> Planted:
    removed = tuple(Removed(**{**r, "places": _ranges(r["places"])}) for r in item["removed"])
    pictures = tuple(
        Picture(**{**p, "strips": _ranges(p["strips"]), "printed": tuple(p["printed"])}) for p in item["pictures"]
    )
    kept = tuple(Kept(**k) for k in item["kept"])
    return Planted(item["file"], item["format"], removed, kept, pictures, tuple(item["tiles"]))


def _ranges(items: Iterable[Sequence[int]]) -> tuple[Range, ...]:
    return tuple((offset, length) for offset, length in items)


def slug(key: str) -> str:
    """Turn a vendor's field name into the last part of a finding id."""
    return re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")


def tiles_digest(tiles: Iterable[bytes]) -> str:
    """Hash coded tiles in index order."""
    digest = hashlib.sha256()
    for tile in tiles:
        digest.update(tile)
    return digest.hexdigest()
