"""What may be tissue although nobody refers to it, where levels are packed or raw: such tiles have no mark.

JPEG and JPEG 2000 tell of themselves (`lost_tissue`). A tile that is packed by LZW or deflate is only known by being
packed as far as it goes, and one that is not coded at all by nothing. So in a slide with such levels a gap that is
dense, or as long as a raw tile, is left and told of, unless a picture of another kind begins in it; and a packed tile
beside a gap has to begin and end where it is said to.

Cost: nothing, unless there are bytes that nobody owns.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from blankslide.containers.streams import lzw
from blankslide.containers.streams.frames import MAGIC, frame_of, is_coded
from blankslide.containers.tiff import directories as T
from blankslide.containers.tiff import surplus
from blankslide.errors import DamagedSlide
from blankslide.formatkit.tiff_numbered_pages import has_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from blankslide.containers.tiff.directories import Ifd, Tiff

__all__ = ["like_packed_tissue"]

_RAW, _LZW, _DEFLATE = 1, 5, frozenset((8, 32946))
_HEAD, _LOOK, _LARGEST = 1 << 12, 1 << 16, 4 << 20


def like_packed_tissue(tiff: Tiff, roles: Mapping[str, str], dirty: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return those of the gaps that are not blank and may be tiles of the slide's packed or raw levels.

    Parameters
    ----------
    roles
        Page name -> role.
    dirty
        Gaps that are not blank, sorted.

    Raises
    ------
    DamagedSlide
        If a packed tile beside a gap is not whole.
    """
    packed, least = False, 0
    for ifd in _levels(tiff, roles) if dirty else ():
        codec = ifd.number(T.COMPRESSION, 1)
        if codec == _RAW:
            size = surplus.slot_size(ifd, 0)
            least = min(least or size, size)
        elif codec == _LZW or codec in _DEFLATE:
            packed = True
            _require_whole(ifd, codec, {start for start, _ in dirty}, {end for _, end in dirty})
    return [gap for gap in dirty if _may_be_tile(tiff, *gap, packed=packed, least=least)]


def _levels(tiff: Tiff, roles: Mapping[str, str]) -> Iterator[Ifd]:
    for page in tiff.pages:
        if roles[page.name] == "level":
            yield from (ifd for ifd in page.family() if has_picture(ifd))


def _may_be_tile(tiff: Tiff, start: int, end: int, *, packed: bool, least: int) -> bool:
    if not packed and (not least or end - start < least):
        return False
    head = tiff.source.read(start, min(end - start, _LOOK))
    if _has_picture(head):
        return False  # these have marks, and who knows them has spoken
    return bool(least and end - start >= least) or is_coded(head)


def _has_picture(data: bytes) -> bool:
    """Whether a picture begins somewhere and tells its size: a mark stands in one packed tile of hundreds by chance."""
    for magic in MAGIC:
        at = data.find(magic)
        while at >= 0:
            if frame_of(data[at : at + _HEAD]) is not None:
                return True
            at = data.find(magic, at + 1)
    return False


def _require_whole(ifd: Ifd, codec: int, before: set[int], behind: set[int]) -> None:
    """Refuse a packed tile that ends where a gap begins, or begins where one ends, and is not whole."""
    for index, (at, length) in enumerate(zip(*ifd.segments(), strict=False)):
        start, end = int(at), int(at) + int(length)
        if not length or length > _LARGEST or (end not in before and start not in behind):
            continue
        data = ifd.tiff.source.read(start, end - start)
        whole = lzw.end(data) is not None if codec == _LZW else _inflates(data, surplus.slot_size(ifd, index))
        if not whole:
            raise DamagedSlide("a packed tile of tissue does not begin and end where it is said to")


def _inflates(data: bytes, size: int) -> bool:
    packer = zlib.decompressobj()
    try:
        return len(packer.decompress(data, max(size, 1))) >= size
    except zlib.error:
        return False
