"""Words in bytes that nothing explains.

What is neither structure, nor value, nor proven tissue, nor a picture that explains its own bytes is read here.
A slide that was cleaned well has only zeros there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.census.data import pieces, without
from blankslide.verification.census.pictures import pictures_in
from blankslide.verification.census.texts import speak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.source import ByteSource
    from blankslide.verification.census.account import Account
    from blankslide.verification.census.data import Span


def speak_loose(account: Account, file: int, source: ByteSource, spans: Sequence[Span], path: str, where: str) -> None:
    """Add what stands in loose spans of a file.

    Parameters
    ----------
    spans
        Sorted and disjoint.
    path, where
        The place of words, for the vocabulary and for people.
    """
    explained = pictures_in(account, file, source, spans, where)
    for offset, data in pieces(source, without(spans, explained)):
        speak(account, file, path, data, offset, where)
