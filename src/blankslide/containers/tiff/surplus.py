"""How much of what a directory points at its picture needs: strips or tiles, and bytes of each.

A picture needs as many strips or tiles as its grid has places, and an uncompressed one no more bytes than its
pixels have. Whatever else a directory points at is no part of the picture.

Promise: bounded; numbers are checked before they are believed, and nothing is read but tags.

Source: TIFF 6.0, sections 3, 15 and 22; the tags of SGI for volumes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.containers.tiff.directories import Entry, Ifd

__all__ = ["is_old_jpeg", "needed", "pointed", "row_of_slots", "slot_size", "spare_entries", "spare_segments"]

_DEPTH, _TILE_DEPTH = 32997, 32998
_OLD_JPEG = 6


def needed(ifd: Ifd) -> int:
    """How many strips or tiles the grid of a picture has; 0 if the directory does not say."""
    width, height = ifd.number(T.IMAGE_WIDTH), ifd.number(T.IMAGE_LENGTH)
    if ifd.is_tiled:
        across, down = ifd.number(T.TILE_WIDTH), ifd.number(T.TILE_LENGTH)
    else:
        across, down = width, min(ifd.number(T.ROWS_PER_STRIP, height) or height, height)
    if not (width and height and across and down):
        return 0
    planes = ifd.number(T.SAMPLES_PER_PIXEL, 1) if ifd.number(T.PLANAR_CONFIGURATION, 1) == 2 else 1
    depth = ifd.number(_DEPTH, 1) or 1
    layers = -(-depth // (ifd.number(_TILE_DEPTH, 1) or 1)) if ifd.is_tiled else depth
    return -(-width // across) * -(-height // down) * planes * layers


def slot_size(ifd: Ifd, index: int) -> int:
    """How many bytes the pixels of one strip or tile are when decoded."""
    width, height = ifd.number(T.IMAGE_WIDTH), ifd.number(T.IMAGE_LENGTH)
    planar = ifd.number(T.PLANAR_CONFIGURATION, 1) == 2
    samples = 1 if planar else ifd.number(T.SAMPLES_PER_PIXEL, 1)
    across, down = width, height
    if ifd.is_tiled:
        across, down = ifd.number(T.TILE_WIDTH), ifd.number(T.TILE_LENGTH) * (ifd.number(_TILE_DEPTH, 1) or 1)
    else:
        rows = min(ifd.number(T.ROWS_PER_STRIP, height) or height, height)
        down = min(rows, height - index % -(-height // rows) * rows) if rows else 0
    return -(-across * samples * ifd.number(T.BITS_PER_SAMPLE, 1) // 8) * down


def spare_segments(ifd: Ifd, count: int) -> list[tuple[int, int]]:
    """Return start and length of strips or tiles beyond the ``count`` `needed`, unless these use the same bytes."""
    starts, lengths = ifd.segments()
    if not count or min(len(starts), len(lengths)) <= count:
        return []
    spare = [(int(s), int(n)) for s, n in zip(starts[count:], lengths[count:], strict=False) if n]
    if not spare:
        return []
    used = set(zip(map(int, starts[:count]), map(int, lengths[:count]), strict=False))
    return list(dict.fromkeys(pair for pair in spare if pair not in used))


def row_of_slots(ifd: Ifd) -> tuple[Entry, Entry]:
    """Return the entries of offsets and byte counts that `Ifd.segments` reads."""
    tags = ifd.tags
    where = tags[T.TILE_OFFSETS if T.TILE_OFFSETS in tags else T.STRIP_OFFSETS]
    return where, tags.get(T.TILE_BYTE_COUNTS) or tags[T.STRIP_BYTE_COUNTS]


def spare_entries(ifd: Ifd, count: int) -> list[tuple[int, int]]:
    """Return where numbers for strips or tiles beyond the ``count`` `needed` stand, if they are not zero."""
    out = []
    for entry in row_of_slots(ifd) if count else ():
        start = entry.start + count * T.TYPE_SIZE[entry.type]
        if start < entry.end and any(ifd.raw(entry)[start - entry.start :]):
            out.append((start, entry.end))
    return out


def pointed(ifd: Ifd, starts: Sequence[int]) -> tuple[int, int] | None:
    """Return the JPEG that tags 513 and 514 point at, unless strips or tiles lie in it.

    The second number is where it ends. Of old JPEG pages it is the picture.
    """
    offset = ifd.number(T.JPEG_INTERCHANGE)
    length = ifd.number(T.JPEG_INTERCHANGE_LENGTH)
    if not offset or not length or any(offset <= s < offset + length for s in starts[:64]):
        return None
    return offset, offset + length


def is_old_jpeg(ifd: Ifd) -> bool:
    """Whether tags 513 and 514 are where a page's picture stands."""
    return ifd.number(T.COMPRESSION) == _OLD_JPEG
