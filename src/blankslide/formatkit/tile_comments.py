"""Text inside JPEG streams of tiles and strips: metadata, although it stands among coded data.

Comments, EXIF and IPTC segments stand before the scan; blanking them changes no coefficient. Only
the first tile of each level is looked at, because encoders write the same header into all of them;
if the person asks to be thorough, all tiles are. Streams without tables of their own have no room
for text and cost one small read.
"""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

from blankslide.containers.streams import jpeg
from blankslide.containers.tiff import directories as T

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from blankslide.containers.tiff.directories import Ifd, Tiff
    from blankslide.source import ByteSource

_HEAD = 1 << 12
_WHOLE_HEAD = 1 << 16
_EOI = b"\xff\xd9"


def tile_texts(tiff: Tiff, roles: Mapping[str, str]) -> dict[str, list[tuple[int, int]]]:
    """Locate text segments in the tiles of all levels.

    Parameters
    ----------
    tiff
        The file; if its ``thorough`` is set, every tile is looked at.
    roles
        Page name -> role.

    Returns
    -------
    dict of str to list of (start, end)
        Payload ranges by directory name.
    """
    found = {}
    for page in tiff.pages:
        if roles[page.name] != "level":
            continue
        for ifd in page.family():
            if ifd.is_tiled and ifd.number(T.COMPRESSION) == 7 and T.TILE_OFFSETS in ifd.tags:
                spans = [span for start, length in _looked_at(ifd) for span in _texts(tiff.source, start, length)]
                if spans:
                    found[ifd.name] = sorted(set(spans))
    return found


def _looked_at(ifd: Ifd) -> Iterator[tuple[int, int]]:
    starts: Sequence[int]
    starts, lengths = ifd.segments()
    for start, length in zip(starts, lengths, strict=False):
        if length:
            yield int(start), int(length)
            if not ifd.tiff.thorough:
                return


def _texts(source: ByteSource, start: int, length: int) -> list[tuple[int, int]]:
    if start + length > source.size:
        return []  # the byte map will refuse such a slide
    if jpeg.is_bare(source.read(start, min(length, 32))):
        return []
    head = source.read(start, min(length, _HEAD))
    if b"\xff\xda" not in head and length > _HEAD:
        head = source.read(start, min(length, _WHOLE_HEAD))
    return [(start + s.start, start + s.end) for s in jpeg.comment_segments(head)]


def segments_with_comments(source: ByteSource, starts: Sequence[int], lengths: Sequence[int]) -> list[tuple[int, int]]:
    """Return the strips that have room for text; strips that lie together are read at once."""
    used = [pair for pair in zip(starts, lengths, strict=True) if pair[1]]
    if not used:
        return []
    low, (last, length) = min(used)[0], max(used)
    if last + length - low <= 1 << 20:
        data = source.read(low, last + length - low)
        if _all_bare(data, [s - low for s, _ in used], [n for _, n in used]):
            return []
        looks = [data[s - low : s - low + 32] + data[s - low + n - 2 : s - low + n] for s, n in used]
    else:
        looks = [source.read(s, min(n, 32)).ljust(32) + source.read(s + max(n - 2, 0), min(n, 2)) for s, n in used]
    bare = {look for look in set(looks) if jpeg.is_bare(look[:32]) and look[32:] == _EOI}
    return [pair for pair, look in zip(used, looks, strict=True) if look not in bare]


def _all_bare(data: bytes, starts: list[int], lengths: list[int]) -> bool:
    """Whether the strips follow each other without gaps, and none of them has room for text."""
    if starts[0] or data[-2:] != _EOI or list(map(add, starts, lengths)) != [*starts[1:], len(data)]:
        return False
    seams = {data[start - 2 : start + 32] for start in starts[1:]}
    return jpeg.is_bare(data[:32]) and all(seam[:2] == _EOI and jpeg.is_bare(seam[2:]) for seam in seams)
