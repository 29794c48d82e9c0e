"""The words in which a TIFF is asked for (`Page`, `Blob`) and described (`Layout`).

A page is a dict of tags plus coded strips and, behind pointer tags, child pages. The layout
gives the offset of every directory, entry, value and strip of the written file, so that a
test can damage exactly one thing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.samples.kit.tiff_values import Value


@dataclass(frozen=True, slots=True)
class Blob:
    """One coded strip or tile.

    Parameters
    ----------
    data
        The coded bytes.
    share
        Blobs with the same non-empty name are stored once.
    at
        Absolute offset; by default the next free one.
    """

    data: bytes
    share: str = ""
    at: int | None = None


@dataclass(slots=True)
class Page:
    """One directory and what belongs to it.

    Parameters
    ----------
    tags
        Tag -> value. Offsets and byte counts are added unless given here.
    strips
        Coded strips, or tiles if ``tiled``, in index order.
    tiled
        Whether tags 324/325 rather than 273/279 point to them.
    children
        Tag (330, 34665, 34853 ...) -> directories that only this tag leads to.
    types
        Integer type of an offset, byte count or pointer tag; default the widest of the file.
    disk_order
        Order of the strips on disk, as indexes; default index order.
    at
        Offset from which this page's parts are placed; default right after the last one.
    """

    tags: Mapping[int, Value]
    strips: Sequence[bytes | Blob] = ()
    tiled: bool = False
    children: Mapping[int, Sequence[Page]] = field(default_factory=dict)
    types: Mapping[int, int] = field(default_factory=dict)
    disk_order: Sequence[int] | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class EntrySpot:
    """Where one directory entry and its value stand; ``length`` is that of the value in bytes."""

    tag: int
    type: int
    count: int
    at: int
    value_at: int
    length: int
    inline: bool


@dataclass(slots=True)
class PageSpot:
    """Where a directory, its next-pointer, entries, strips and children stand."""

    at: int = 0
    next_at: int = 0
    entries: dict[int, EntrySpot] = field(default_factory=dict)
    strips: list[tuple[int, int]] = field(default_factory=list)
    children: dict[int, list[PageSpot]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything in a written file stands.

    Attributes
    ----------
    first_at
        Offset of the header's pointer to the first directory.
    gaps
        ``(offset, length)`` of the filler put between parts.
    """

    size: int
    big: bool
    byteorder: str
    first_at: int
    pages: tuple[PageSpot, ...]
    gaps: tuple[tuple[int, int], ...]
