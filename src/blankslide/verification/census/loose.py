"""Pictures and words in bytes that nothing explains.

What is neither structure, nor value, nor proven tissue is read here: a picture that begins anywhere, and
every readable run. A stream that can be walked explains its own bytes, and no more; what it holds beside its
picture is read like the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.account import Account, Picture
from blankslide.verification.census.data import pieces, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span

_LARGEST = 64 << 20
_MOST = 4096
"""Pictures in loose bytes: more are told of, and not looked at."""


class Found(NamedTuple):
    """A picture in a buffer: where its own bytes are, and what it is."""

    core: list[Span]
    picture: Picture


def speak_loose(account: Account, file: int, source: ByteSource, spans: Sequence[Span], path: str, where: str) -> None:
    """Add what stands in loose spans of a file.

    Parameters
    ----------
    spans
        Sorted and disjoint.
    path, where
        The place of words, for the vocabulary and for people.
    """
    from blankslide.verification.census.texts import speak

    explained = _pictures(account, file, source, spans, where)
    for offset, data in pieces(source, without(spans, explained)):
        speak(account, file, path, data, offset, where)


def _pictures(account: Account, file: int, source: ByteSource, spans: Sequence[Span], where: str) -> list[Span]:
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
            seen = picture_in(source.read(begin, min(end - begin, _LARGEST)), file, begin, where)
            if seen is not None:
                found += 1
                account.pictures.append(seen.picture)
                core = [(begin + low, begin + high) for low, high in seen.core]
                explained += core
                reached = core[-1][1] if core else begin + 1
    return sorted(explained)


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
        end = core[-1][1] if core else len(data)
    look = stream_look(data[:end], kind)
    if look is None and rest is None:
        return None  # neither a whole stream nor a picture to any library
    width, height = (look.width, look.height) if look else (coded.width, coded.height) if coded else (0, 0)
    proven = "unclear" if look is None else "blank" if look.flat else "stream"
    picture = Picture(file, where, width, height, proven, start, start + end, f"a {kind} picture", look)
    return Found(core, picture)


def loose_picture(account: Account, file: int, data: bytes, start: int, end: int, where: str) -> bool:
    """Add the picture that a value is, and the words beside it; return whether it is one."""
    from blankslide.verification.census.texts import speak

    found = picture_in(data, file, start, where)
    if found is None:
        return False
    account.pictures.append(found.picture._replace(end=end))
    for low, high in without([(0, len(data))], found.core) if found.core else ():
        speak(account, file, "beside", data[low:high], start + low, where)
    return True
