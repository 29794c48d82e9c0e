"""The census of a file whose layout no library tells: by content alone.

The plan's account says which spans are tissue; the census takes that as a claim, and proves each claimed
piece by its codec. What is claimed and is no whole stream is read like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.verification.census.data import Span, joined, without
from blankslide.verification.census.loose import speak_loose
from blankslide.verification.census.texts import decoded, speak

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.account import Account

EVERY = 4 << 20
FEW = 48
_TEXT = 1 << 20
_LARGEST = 64 << 20


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
    loose: list[Span] = []
    total = sum(end - start for start, end in claims)
    chosen = claims if thorough or total <= EVERY else _spread(claims)
    if _walk(account, file, source, chosen, loose, where) and len(chosen) < len(claims):
        loose.clear()
        _walk(account, file, source, claims, loose, where)
    rest = without([(0, source.size)], joined(claims))
    speak_loose(account, file, source, joined((*rest, *loose)), where, where)


def _spread(claims: Sequence[Span]) -> list[Span]:
    last = len(claims) - 1
    return [claims[i] for i in sorted({round(k * last / (FEW - 1)) for k in range(FEW)})]


def _walk(
    account: Account, file: int, source: ByteSource, claims: Sequence[Span], loose: list[Span], where: str
) -> bool:
    """Prove claimed pieces, and return whether one of them holds more than pixels."""
    from blankslide.verification.census.walked import surplus

    speaks = False
    for start, end in claims:
        if end - start > _LARGEST:
            continue
        data = source.read(start, end - start)
        for low, high in surplus(data):
            if any(data[low:high]):
                speaks = True
                speak(account, file, f"{where}/coded", data[low:high], start + low, where)
    return speaks
