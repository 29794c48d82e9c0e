"""The uncompressed files of a VMU set: red, green and blue of twelve bits, which OpenSlide shows with eight.

A file holds one focal plane, in columns of pixels as high as the slide, behind a short header. Only the rows that are
asked for are read.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.viewing.planes import Channel, LazyStack

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.model import Inspection
    from blankslide.viewing.planes import Colour

    Pixels = np.ndarray[Any, np.dtype[Any]]

_COLOURS: tuple[tuple[str, Colour], ...] = (("red", (1, 0, 0)), ("green", (0, 1, 0)), ("blue", (0, 0, 1)))
_RANGE = (0.0, 4095.0)
_HEAD = 28


class Ngr(NamedTuple):
    """One file: where it is, its size in pixels, the width of a column, and where pixels begin."""

    path: Path
    width: int
    height: int
    column: int
    start: int


def channels_of(path: Path, found: Inspection) -> tuple[Channel, ...]:
    """Return the three colours of a VMU set, with its focal planes; none if the slide is another.

    Parameters
    ----------
    path
        The key file.
    """
    members = [ngr for ngr in (_opened(path.with_name(file.name)) for file in found.files[1:]) if ngr is not None]
    planes = [[m for m in members if (m.width, m.height) == level[:2]] for level in found.levels]
    if not planes or not planes[0]:
        return ()
    kept = [files[: len(planes[0])] for files in planes if len(files) >= len(planes[0])]
    axes = "ZYX" if len(planes[0]) > 1 else "YX"
    return tuple(
        Channel(name, colour, tuple(_level(files, number) for files in kept), axes, _RANGE)
        for number, (name, colour) in enumerate(_COLOURS)
    )


def _opened(path: Path) -> Ngr | None:
    with suppress(OSError), path.open("rb") as file:
        head = file.read(_HEAD)
        if head[:2] == b"GN" and len(head) == _HEAD:
            width, height, column = struct.unpack_from("<LLL", head, 4)
            (start,) = struct.unpack_from("<L", head, 24)
            if 0 < column <= width and path.stat().st_size >= start + 6 * width * height:
                return Ngr(path, width, height, column, start)
    return None


def _level(files: list[Ngr], sample: int) -> LazyStack:
    shape = (files[0].height, files[0].width)

    def read(place: tuple[int, ...], rows: slice, columns: slice) -> Pixels:
        return _read(files[place[0] if place else 0], rows, columns)[:, :, sample]

    return LazyStack((len(files), *shape) if len(files) > 1 else shape, "uint16", False, read)


def _read(ngr: Ngr, rows: slice, columns: slice) -> Pixels:
    """Return rows, columns and samples of an area; the file is open only meanwhile."""
    import numpy as np

    pixels = np.zeros((rows.stop - rows.start, columns.stop - columns.start, 3), "uint16")
    with ngr.path.open("rb") as file:
        for left in range(columns.start // ngr.column * ngr.column, columns.stop, ngr.column):
            wide = min(ngr.column, ngr.width - left)
            file.seek(ngr.start + 6 * (left * ngr.height + rows.start * wide))
            data = file.read(6 * wide * (rows.stop - rows.start))
            part = np.frombuffer(data, "<u2").reshape(-1, wide, 3)
            first, last = max(left, columns.start), min(left + wide, columns.stop)
            pixels[:, first - columns.start : last - columns.start] = part[:, first - left : last - left]
    return pixels
