"""The census of a file whose layout no library tells: by content alone.

The plan's account says which spans are tissue; the census takes that as a claim, and proves each claimed
piece by its codec. What is claimed and is no whole stream is read like everything else. Tiles of a grid are of one
size: a whole picture of another size among them is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import nlargest
from typing import TYPE_CHECKING

from blankslide.verification.census.account import Claimed
from blankslide.verification.census.data import Span, joined, without
from blankslide.verification.census.loose import speak_loose
from blankslide.verification.census.texts import decoded, speak

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.account import Account

EVERY = 4 << 20
FEW, LARGEST, MANY = 48, 8, 128
GRID, ODD, MOST_ODD = 8, 2, 64
"""So many pieces of one size are tiles of a grid; so few of another are none; so many of these are looked at."""
_TEXT = 1 << 20
_LARGEST = 64 << 20
_SEGMENT = 65533
_XR = b"II\xbc"


def take_stock(
    account: Account, file: int, source: ByteSource, claims: Sequence[Span], where: str, thorough: bool = False
) -> None:
    """Add all texts and pictures of a file to the account.

    Parameters
    ----------
    claims
        Spans that the plan calls tissue, each one coded piece, in any order.
    where
        What the file is called for people and in places: its suffix.
    """
    if source.size <= _TEXT and not claims:
        data = source.read(0, source.size)
        if decoded(data)[1]:
            speak(account, file, where, data, 0, where)
            return
    claims = _mended(source, claims)
    total = sum(end - start for start, end in claims)
    few = total <= EVERY and (len(claims) <= MANY or not _is_slow(source, claims))
    chosen = claims if thorough or few else _spread(claims)
    if _walk(account, file, source, chosen, where, thorough) and len(chosen) < len(claims):
        account.claimed = [c for c in account.claimed if c.file != file]
        _walk(account, file, source, claims, where, thorough)
    rest = without([(0, source.size)], joined(claims))
    speak_loose(account, file, source, rest, where, where)


def _mended(source: ByteSource, claims: Sequence[Span]) -> list[Span]:
    """Return claims with those as one that text inside a stream cuts in two: only together they are a whole stream."""
    out: list[Span] = []
    for start, end in sorted(claims):
        if out and (_is_comment(source, out[-1], start) or _is_cut(source, out[-1], start)):
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def _is_cut(source: ByteSource, before: Span, high: int) -> bool:
    """Whether a stream of JPEG XR goes on behind a value that is no picture; whoever walks it reads that value."""
    start, low = before
    if not 0 < high - low <= _SEGMENT or low - start < len(_XR):
        return False
    return source.read(start, len(_XR)) == _XR and source.read(high, len(_XR)) != _XR


def _is_comment(source: ByteSource, before: Span, high: int) -> bool:
    """Whether bytes are the text of a comment or an application segment, whose marker and length stand before them."""
    start, low = before
    if not 0 < high - low <= _SEGMENT or low - start < 4:
        return False
    head = source.read(low - 4, 4)
    segment = head[0] == 0xFF and (head[1] == 0xFE or head[1] & 0xF0 == 0xE0)
    return segment and int.from_bytes(head[2:], "big") == high - low + 2


def _spread(claims: Sequence[Span]) -> list[Span]:
    """Choose first, last, a spread between, and the largest: a whole picture is mostly larger than a tile."""
    last = len(claims) - 1
    largest = nlargest(LARGEST, range(len(claims)), key=lambda i: claims[i][1] - claims[i][0])
    return [claims[i] for i in sorted({*(round(k * last / (FEW - 1)) for k in range(FEW)), *largest})]


def _is_slow(source: ByteSource, claims: Sequence[Span]) -> bool:
    """Whether claims are blocks of wavelets, each of which takes a millisecond."""
    from blankslide.verification.census.wavelet_walk import is_row

    start, end = claims[-1]
    return is_row(source.read(start, min(8, end - start)))


def _walk(
    account: Account, file: int, source: ByteSource, claims: Sequence[Span], where: str, thorough: bool = False
) -> bool:
    """Prove claimed pieces, and return whether one of them says anything beside pixels."""
    from blankslide.verification.census.walked import measured, surplus

    before = len(account.texts)
    for start, end in claims:
        if end - start > _LARGEST:
            continue
        data = source.read(start, end - start)
        coded = measured(data)
        if coded is not None and coded.width:
            account.claimed.append(Claimed(file, where, coded.width, coded.height, start, end))
        for low, high in surplus(data, thorough):
            speak(account, file, f"{where}/coded", data[low:high], start + low, where)
    return len(account.texts) > before


def settle_claims(account: Account, files: Sequence[ByteSource]) -> None:
    """Add as pictures what was claimed as tissue, is a whole picture, and has a size that no tile has.

    Parameters
    ----------
    files
        By their numbers.
    """
    from blankslide.verification.census.pictures import picture_in

    shapes = Counter((c.width, c.height) for c in account.claimed)
    if max(shapes.values(), default=0) < GRID:
        return
    for c in [c for c in account.claimed if shapes[c.width, c.height] <= ODD][:MOST_ODD]:
        found = picture_in(files[c.file].read(c.start, c.end - c.start), c.file, c.start, f"{c.where}, among tiles")
        if found is not None:
            account.pictures.append(found.picture)
