"""Build a BigTIFF Aperio slide that looks like 20 GB and costs some thirty megabytes.

A slide of 11776 pixels across is built with all its levels. Above them stand two that are drawn small; these get a new
size and a new tile index, with hundreds of thousands of tiles in a hole at the end of the file. Where readers and the
census take their samples real JPEG tiles are put, and they show what the level below shows there, only larger: a
level that is unlike its reductions is none.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.kit.codecs import jpeg
from blankslide.verification.census.glance import Grid, chosen
from blankslide.verification.views import places

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TILE = 256
TILE_BYTES = 50_000
LARGER = (16, 4)
"""By how much the levels above are larger than the one from which they are drawn."""
ACROSS = 46
"""Tiles of that one in a row."""
QUALITY = 70


def build(path: Path, tiles: int = 400_000) -> Path:
    """Write the slide; level 0 has about ``tiles`` tiles of 256 x 256 pixels."""
    high = max(1, round(tiles / (ACROSS * LARGER[0] ** 2)))
    size = ACROSS * TILE, high * TILE
    planted = build_aperio(path, "big", size=size, factors=(16, 16, 1, 4, 16), quality=QUALITY)
    pages = planted.layout.pages
    grown = [(pages[at], step) for at, step in zip((0, 2), LARGER, strict=True)]  # between them is the thumbnail
    real = [dict(_enlarged(path, sorted(_sampled(ACROSS * step, high * step)), step)) for step in LARGER]
    end = planted.layout.size
    with path.open("r+b") as file:
        for (page, step), coded in zip(grown, real, strict=True):
            _blank_old(file, page)
            end = _grow(file, page, (ACROSS * step, high * step), end, coded)
    return path


def _grow(file: Any, page: Any, grid: tuple[int, int], end: int, real: dict[int, bytes]) -> int:
    """Give a level a grid of tiles behind all that is in the file, most of them in a hole; return the new end."""
    index, count = (end + 15) // 16 * 16, grid[0] * grid[1]
    data = index + count * 12
    offsets = [data + i * TILE_BYTES for i in range(count)]
    file.seek(index)
    file.write(struct.pack(f"<{count}Q", *offsets) + struct.pack(f"<{count}I", *[TILE_BYTES] * count))
    for tag, side in ((256, grid[0]), (257, grid[1])):
        _patch(file, page.entries[tag].at, tag, 4, 1, struct.pack("<Q", side * TILE))
    _patch(file, page.entries[324].at, 324, 16, count, struct.pack("<Q", index))
    _patch(file, page.entries[325].at, 325, 4, count, struct.pack("<Q", index + 8 * count))
    for number, coded in real.items():
        file.seek(offsets[number])
        file.write(coded.ljust(TILE_BYTES, b"\0"))
    file.truncate(offsets[-1] + TILE_BYTES)
    return offsets[-1] + TILE_BYTES


def _enlarged(path: Path, numbers: list[int], step: int) -> Iterator[tuple[int, bytes]]:
    """Yield tiles of a level above, drawn from the pixels of the largest that was written."""
    from PIL import Image
    from tifffile import TiffFile

    side = TILE // step
    with TiffFile(path) as tiff:
        below: Any = max(tiff.pages, key=lambda page: page.imagewidth)
        for number in numbers:
            y, x = divmod(number, ACROSS * step)
            at = y // step * ACROSS + x // step
            tiff.filehandle.seek(below.dataoffsets[at])
            coded = tiff.filehandle.read(below.databytecounts[at])
            pixels = below.decode(coded, at, jpegtables=below.jpegtables)[0][0]
            left, top = x % step * side, y % step * side
            part = Image.fromarray(pixels[top : top + side, left : left + side])
            yield number, jpeg(part.resize((TILE, TILE), Image.Resampling.BICUBIC), QUALITY)


def _patch(file: Any, at: int, tag: int, kind: int, count: int, value: bytes) -> None:
    file.seek(at)
    file.write(struct.pack("<HHQ", tag, kind, count) + value)


def _blank_old(file: Any, page: Any) -> None:
    """The first index and its tiles are nobody's now; a slide of a scanner would not hold them."""
    spots = [page.entries[tag] for tag in (324, 325)]
    old = [(spot.value_at, spot.length) for spot in spots if not spot.inline]
    for start, length in (*old, *page.strips):
        file.seek(start)
        file.write(bytes(length))


def _sampled(across: int, down: int) -> set[int]:
    """Tiles that a sample of up to 512 pixels at the usual places can touch."""
    found = set()
    for side in (TILE, 512):
        for x, y, w, h in places(across * TILE, down * TILE, side, 5):
            for ty in range(y // TILE, (y + h) // TILE + 1):
                for tx in range(x // TILE, (x + w) // TILE + 1):
                    found.add(min(ty, down - 1) * across + min(tx, across - 1))
    # readers that decode single segments take them by number
    count = across * down
    found.update(int((count - 1) * f) for f in (0.0, 0.2, 0.25, 0.35, 0.5, 0.65, 0.75, 0.8, 1.0))
    found.update(int(count * f) for f in (0.5, 0.27, 0.73, 0.1, 0.9))
    # the census decodes some, and walks others
    grid = Grid(TILE, TILE, across, down, range(1, count + 1), [TILE_BYTES] * count)
    found.update(chosen(grid, count, 29))
    found.update(round(i * (count - 1) / 23) for i in range(24))
    return found
