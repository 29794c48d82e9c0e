"""Streams whose size nobody announces: they are measured by themselves, then walked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.census.streams import Coded, beside, sniff

if TYPE_CHECKING:
    from blankslide.verification.census.data import Span

_COMPRESSION = {"jpeg": 7, "png": 34933, "jp2": 34712, "j2k": 34712, "jxr": 22610, "webp": 50001}
_ZSTD = b"\x28\xb5\x2f\xfd"


def any_size(kind: str) -> Coded:
    """Return what a stream of a kind must be, whatever its size in pixels."""
    return Coded(_COMPRESSION.get(kind, 0), 0, 0, 0, 0)


def surplus(data: bytes) -> list[Span]:
    """Return what a claimed piece of tissue holds beside its pixels; all of it if it is no stream that we know.

    Raw pixels have no beginning by which they could be told from anything else. They are given back as
    a whole, and then read: words are rare among pixels.
    """
    kind = sniff(data)
    if kind in _COMPRESSION:
        rest = beside(data, any_size(kind))
        return [(0, len(data))] if rest is None else rest
    if data[:4] == _ZSTD:
        rest = beside(data, Coded(50000, 0, 0, 0, 0))
        return [(0, len(data))] if rest is None else rest
    return [(0, len(data))]
