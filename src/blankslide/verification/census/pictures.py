"""Pictures that begin anywhere: in bytes that nothing explains, in a value, or in what was unwrapped."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.account import Account, Picture
from blankslide.verification.census.data import pieces, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span

_LARGEST = 64 << 20
_STEPS = (1 << 18, 1 << 22)
"""Bytes that are tried before all of a span is read for one picture."""
_MOST = 4096
"""Pictures in loose bytes: more are told of, and not looked at."""


class Found(NamedTuple):
    """A picture in a buffer: where its own bytes are, and what it is."""

    core: list[Span]
    picture: Picture


def pictures_in(account: Account, file: int, source: ByteSource, spans: Sequence[Span], where: str) -> list[Span]:
    """Add pictures that begin anywhere in loose bytes, and return the bytes that they explain."""
    from blankslide.verification.census.streams import picture_starts

    explained: list[Span] = []
    reached = found = 0
    for offset, data in pieces(source, spans):
        for at, _ in picture_starts(data):
            begin = offset + at
            if begin < reached:
                continue
            if found >= _MOST:
                account.troubles.append(f"{where}: more pictures than can be looked at")
                return explained
            end = next((high for low, high in spans if low <= begin < high), begin)
            seen = _seen(source, file, begin, min(end, begin + _LARGEST), where)
            if seen is not None:
                found += 1
                account.pictures.append(seen.picture)
                core = [(begin + low, begin + high) for low, high in seen.core]
                explained += core
                reached = core[-1][1] if core else begin + 1
    return sorted(explained)


def _seen(source: ByteSource, file: int, begin: int, end: int, where: str) -> Found | None:
    """Return the picture that begins at a place, if it decodes; of what follows no more is read than is needed.

    A stream that is whole in its first bytes is whole, whatever follows; most are small, and a hole behind one can be
    of any size. What was not read is not explained either, and is read like all loose bytes.
    """
    for size in _STEPS:
        if begin + size < end:
            seen = picture_in(source.read(begin, size), file, begin, where)
            if seen is not None and seen.core:
                return seen
    return picture_in(source.read(begin, end - begin), file, begin, where)


def picture_in(data: bytes, file: int, start: int, where: str) -> Found | None:
    """Return the picture that bytes begin with, if it decodes.

    Parameters
    ----------
    data
        From the picture's first byte on; more may follow.
    start
        Where that stands in the file.
    """
    from blankslide.verification.census.decode import stream_look
    from blankslide.verification.census.masks import is_mask
    from blankslide.verification.census.streams import beside, sniff
    from blankslide.verification.census.walked import measured

    kind = sniff(data)
    if kind is None:
        return None
    coded = measured(data)
    rest = None if coded is None else beside(data, coded)
    if rest is None:
        core: list[Span] = []
        end = len(data)
    else:
        core = without([(0, len(data))], rest)
        while core and not any(data[slice(*core[-1])]):
            core.pop()  # a walk tells of what follows without the zeros around it: they are no part of the picture
        end = core[-1][1] if core else len(data)
    look = stream_look(data[:end], kind)
    if look is None and rest is None:
        return None  # neither a whole stream nor a picture to any library
    width, height = (look.width, look.height) if look else (coded.width, coded.height) if coded else (0, 0)
    proven = "unclear" if look is None else "blank" if look.flat else "mask" if is_mask(data[:end], kind) else "stream"
    picture = Picture(file, where, width, height, proven, start, start + end, f"a {kind} picture", look)
    return Found(core, picture)


def value_picture(account: Account, file: int, data: bytes, start: int, end: int, where: str) -> list[Span] | None:
    """Add the picture that a value is; return what the value holds beside it, or None if it is no picture."""
    found = picture_in(data, file, start, where)
    if found is None:
        return None
    digest = b"" if end else sha256(data).digest()
    account.pictures.append(found.picture._replace(end=end, digest=digest))
    return without([(0, len(data))], found.core) if found.core else []
