"""Words in bytes that nothing explains.

What is neither structure, nor value, nor proven tissue, nor a picture that explains its own bytes is read here.
A slide that was cleaned well has only zeros there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.census.data import CHUNK, pieces, without
from blankslide.verification.census.pictures import pictures_in
from blankslide.verification.census.texts import speak

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from blankslide.source import ByteSource
    from blankslide.verification.census.account import Account
    from blankslide.verification.census.data import Span


_TEXT = 64 << 20
"""Bytes up to which XML is read in one piece: cut in two, its values would lose their places."""
_DECLARED = (b"<?xml", b"\xef\xbb\xbf<?xml")


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
    for span in without(spans, explained):
        for offset, data in _read(source, span):
            speak(account, file, path, data, offset, where)


def _read(source: ByteSource, span: Span) -> Iterator[tuple[int, bytes]]:
    """Yield a document whole, up to its first zero, and all else a megabyte at a time."""
    low, high = span
    if high - low > CHUNK and source.read(low, 16).lstrip().startswith(_DECLARED):
        text = source.read(low, min(high - low, _TEXT)).partition(b"\0")[0]
        yield low, text
        low += len(text)
    yield from pieces(source, [(low, high)])
