"""What may be tissue although nothing refers to it: it is never zeroed as bytes that nobody owns.

A damaged directory, table or index leaves tiles without an owner, and of a tile that is said to be too short the rest.
Readers do not see them any more, but nobody should take from a damaged slide what can still be repaired. A tile that is
cut off, or begins elsewhere than it is said to, refuses the slide. A gap in which a picture stands that is coded as the
tiles are is left, and told of. So is one that has the shape of a level, where levels are single pictures.

Cost: nothing, unless there are bytes that nobody owns.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from blankslide.containers.streams.frames import BEGINNINGS, MAGIC, frame_of, is_begun, is_cut
from blankslide.errors import DamagedSlide
from blankslide.spans import ByteClass

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.spans import ByteMap

__all__ = ["frames_of", "holds_picture", "like_tissue"]

Frames = set[tuple[str, bytes]]
"""Codecs, and what their pictures say of their size and samples."""

_HEAD, _LOOK, _LARGEST, _SOME = 1 << 12, 1 << 20, 4 << 20, 32


def frames_of(source: ByteSource, bytemap: ByteMap) -> Frames:
    """Return how some of a file's tiles are coded, of few all; ``bytemap`` is settled."""
    parts = bytemap.tissue_parts()
    heads = (source.read(parts[i][0], min(_HEAD, source.size - parts[i][0])) for i in _some(len(parts)))
    found = (frame_of(head) for head in heads)  # text in a tile is none of its parts, and may stand before its frame
    return {frame for frame in found if frame is not None}


def holds_picture(source: ByteSource, start: int, end: int) -> bool:
    """Whether any picture begins in ``[start, end)``, as far as it is looked into: where no tile has a known frame."""
    return any(True for _ in _frames_in(source, start, end))


def like_tissue(
    source: ByteSource, bytemap: ByteMap, dirty: Sequence[tuple[int, int]], others: Frames | None = None
) -> list[tuple[int, int]]:
    """Return those of the gaps that are not blank in which something is coded as the slide's tissue is.

    Parameters
    ----------
    bytemap
        Settled.
    dirty
        Gaps that are not blank, sorted.
    others
        How tiles in the slide's other files are coded: of one file all may be lost.

    Raises
    ------
    DamagedSlide
        If a tile goes on behind the end that is announced for it, or begins before its announced place; or if one that
        nobody refers to begins or goes on in a tag's value.
    """
    if not dirty:
        return []
    parts = bytemap.tissue_parts()
    starts = [start for start, _ in parts]
    frames, elsewhere = frames_of(source, bytemap), others or set()
    out = []
    for start, end in dirty:
        at = bisect_left(starts, start)
        if at and parts[at - 1][1] == start:
            _require_end(source, *parts[at - 1], frames)
        if at < len(parts) and parts[at][0] == end and frames:
            _require_start(source, start, *parts[at])
        _require_no_head(source, bytemap, start, frames)
        seen = list(_frames_in(source, start, end))
        begun = [where for where, frame in seen if _is_alike(frame, frames) or frame in elsewhere]
        if begun:
            out.append((start, end))
            if not (at < len(parts) and parts[at][0] == end):
                _require_room(source, max(begun), end)
    return out


def _is_alike(frame: tuple[str, bytes], known: Frames) -> bool:
    """Whether a picture is coded as one that is known, or, where levels are single pictures, has the shape of one."""
    if frame in known:
        return True
    codec, said = frame
    high, wide = int.from_bytes(said[1:3], "big"), int.from_bytes(said[3:5], "big")
    for other, its in known if codec == "jpeg" else ():
        up, across = int.from_bytes(its[1:3], "big"), int.from_bytes(its[3:5], "big")
        same = other == codec and its[:1] + its[5:] == said[:1] + said[5:]
        if same and abs(high * across - wide * up) * 100 <= max(high * across, wide * up):
            return True
    return False


def _some(count: int) -> Iterator[int]:
    """Choose some of many, all of few."""
    return iter(dict.fromkeys(count * i // _SOME for i in range(_SOME))) if count > _SOME else iter(range(count))


def _require_end(source: ByteSource, start: int, end: int, frames: Frames) -> None:
    """Refuse a tile that is cut off; of a large one only both ends are read."""
    head = source.read(start, min(_HEAD, end - start))
    rest = source.read(max(end - _LARGEST, start + len(head)), min(_LARGEST, end - start - len(head)))
    is_stump = any(magic.startswith(head) for magic in MAGIC)
    last = max((head + rest).rfind(magic) for magic in MAGIC)  # another one may begin in it, and it is cut then
    marks = {at for magic in MAGIC for at in _all(head, magic)}
    begun = marks if frames else {at for at in marks if is_begun(head[at:]) and _is_begun(source, start + at, end)}
    if is_stump or (0 in begun and is_cut((head + rest)[last:])):
        raise DamagedSlide("a tile of tissue goes on behind the end that is announced for it")
    if head.startswith(BEGINNINGS) and (0 in begun or 0 not in marks):
        return
    if begun or any(_is_alike(frame, frames) for _, frame in _frames_in(source, start, end)):
        raise DamagedSlide("a tile of tissue begins behind the place that is announced for it")


def _is_begun(source: ByteSource, start: int, end: int) -> bool:
    """Whether a mark begins a picture: where no tile has a frame, it may be a pixel of raw ones."""
    return is_begun(source.read(start, min(_LOOK, end - start)))


def _all(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _require_room(source: ByteSource, start: int, end: int) -> None:
    """Refuse a tile that nobody refers to and of which a part is somebody's: no tag's value stands in a tile."""
    if end < source.size and is_cut(source.read(start, min(_LARGEST, end - start))):
        raise DamagedSlide("what may be a tile goes on into something else that the slide refers to")


def _require_no_head(source: ByteSource, bytemap: ByteMap, gap: int, frames: Frames) -> None:
    """Refuse a value just before a gap in which what may be a tile begins: its rest has no mark in the gap."""
    before = bytemap.holder(gap - 1, gap) if gap and frames else None
    if before is None or before[2] != ByteClass.METADATA:
        return
    start = max(before[0], gap - _LOOK)
    if any(_is_alike(frame, frames) for _, frame in _frames_in(source, start, gap)):
        raise DamagedSlide("what may be a tile begins in a value of a tag")


def _require_start(source: ByteSource, gap: int, start: int, end: int) -> None:
    """Refuse a tile that has no beginning, if there is one just before it."""
    if source.read(start, min(_HEAD, end - start)).startswith(MAGIC):
        return
    before = source.read(max(gap, start - 16), min(16, start - gap))
    joined = before + source.read(start, min(_HEAD, end - start))
    if any(joined.startswith(MAGIC, i) for i in range(len(before))):
        raise DamagedSlide("a tile of tissue begins before the place that is announced for it")


def _frames_in(source: ByteSource, start: int, end: int) -> Iterator[tuple[int, tuple[str, bytes]]]:
    """Yield where pictures begin in a gap, as far as it is looked into, and their frames."""
    look = min(end - start, _LOOK)
    data = source.read(start, min(look + _HEAD, source.size - start))  # what begins here may go on in somebody's value
    for magic in BEGINNINGS:
        at = data.find(magic, 0, look)
        while at >= 0:
            frame = frame_of(data[at : at + _HEAD])
            if frame is not None:
                yield start + at, frame
            at = data.find(magic, at + 1, look)
