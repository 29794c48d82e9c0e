"""Pictures and words in bytes that nothing explains.

What is neither structure, nor value, nor proven tissue is read here: a picture that begins anywhere, and
every readable run. A slide that was cleaned well has only zeros there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.census.account import Account, Picture
from blankslide.verification.census.data import pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span

_LARGEST = 64 << 20


def speak_loose(account: Account, file: int, source: ByteSource, spans: Sequence[Span], path: str, where: str) -> None:
    """Add what stands in loose spans of a file."""
    from blankslide.verification.census.streams import picture_starts
    from blankslide.verification.census.texts import speak

    reached = 0
    for offset, data in pieces(source, spans):
        for at, _ in picture_starts(data):
            begin = offset + at
            if begin < reached:
                continue
            end = next((high for low, high in spans if low <= begin < high), begin)
            whole = source.read(begin, min(end - begin, _LARGEST))
            if loose_picture(account, file, whole, begin, end, where):
                reached = end
        speak(account, file, path, data, offset, where)


def loose_picture(account: Account, file: int, data: bytes, start: int, end: int, where: str) -> bool:
    """Add a picture, if bytes begin with one that decodes; return whether they do."""
    from blankslide.verification.census.decode import stream_look
    from blankslide.verification.census.streams import sniff

    kind = sniff(data)
    if kind is None:
        return False
    look = stream_look(data, kind)
    if look is None:
        return False
    proven = "blank" if look.flat else "other"
    account.pictures.append(Picture(file, where, look.width, look.height, proven, start, end, f"a {kind} picture"))
    return True
