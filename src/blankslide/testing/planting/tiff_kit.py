"""What planters of TIFF share: the texts of a slide, which page is what, and how a plant is finished."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.planting.core import Plant, format_of
from blankslide.testing.planting.invented import ENCODINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from random import Random

    from blankslide.testing.planting.invented import Value
    from blankslide.testing.planting.tiff_patch import Tiff

UNOWNED = ("generic",)
"""Formats that nobody knows whole: free bytes and private texts may be structures, so they are told of and stay."""


class Text(NamedTuple):
    """A text of a slide, and where it stands."""

    page: int
    tag: int
    text: bytes

    @property
    def markup(self) -> bool:
        """Whether it is XML."""
        return self.text.lstrip().startswith(b"<")


def texts(tiff: Tiff) -> Iterator[Text]:
    """Yield the descriptions of all pages: text, XML, property lines."""
    for page in range(len(tiff)):
        for tag in (270, 700, 65000, 65449):
            found = tiff.text(page, tag)
            if found and not (tag == 65000 and b"<" not in found[:9]):
                yield Text(page, tag, found)


def retold(tiff: Tiff, old: Text, new: bytes, every: bool = True) -> None:
    """Give a text another content; all pages that repeat it get the same one too."""
    for text in list(texts(tiff)):
        if (text.page, text.tag) == (old.page, old.tag) or (every and text.text == old.text):
            found = tiff.find(text.page, text.tag)
            assert found is not None
            tiff.put(text.page, type(found)(text.tag, found.kind, len(new) + 1, new + b"\0"))


def done(
    tiff: Tiff,
    sample: Path,
    target: Path,
    where: str,
    encoding: str,
    needles: Iterable[bytes],
    *,
    ordinary: bool,
    picture: bool = False,
) -> Plant:
    """Write the slide, and say what was planted."""
    target.write_bytes(tiff.data)
    return Plant(format_of(sample), where, encoding, ordinary, tuple(needles), picture)


def owned(sample: Path) -> bool:
    """Whether every byte of the format has an owner, so that free and unknown ones are zeroed."""
    return format_of(sample) not in UNOWNED


def any_way(random: Random, value: Value, ways: Iterable[str] = tuple(ENCODINGS)) -> tuple[str, bytes]:
    """Write a value in one of the ways; return which, and the bytes."""
    way = random.choice(list(ways))
    return way, value.written(way)


def levels(tiff: Tiff) -> list[int]:
    """Return the pages that are tiled and not small, or of NDPI all colour pages but the macro."""
    if tiff.ndpi:
        return [n for n in range(len(tiff)) if tiff.find(n, 65424) and tiff.value(n, 258) == 8]
    return [n for n in range(len(tiff)) if tiff.find(n, 322) and tiff.value(n, 256) >= 256]


def pictures(tiff: Tiff) -> list[int]:
    """Return the pages that are no level."""
    return [n for n in range(len(tiff)) if n not in levels(tiff) and not tiff.find(n, 322)]


def shift_starts(tiff: Tiff, page: int, size: int) -> None:
    """Tell an NDPI page that its restart intervals begin later than they did."""
    from blankslide.testing.planting.tiff_patch import longs

    starts = tiff.find(page, 65426)
    if starts:
        tiff.put(page, longs(65426, *(number + size for number in starts.numbers)))


def escaped(text: str) -> str:
    """Write a text so that XML can hold it, in attributes too."""
    return re.sub(r"[&<>\"]", lambda m: f"&#{ord(m[0])};", text)
