"""Streams whose size nobody announces: it is read from themselves, then they are walked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.census.streams import Coded, beside, sniff
from blankslide.verification.census.wavelet_walk import beside as wavelets
from blankslide.verification.census.wavelet_walk import is_row

if TYPE_CHECKING:
    from blankslide.verification.census.data import Span

_ZSTD = b"\x28\xb5\x2f\xfd"
_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
_MOST = 256 << 20
_LIKE = 0.4
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def surplus(data: bytes, thorough: bool = False) -> list[Span]:
    """Return what a claimed piece of tissue holds beside its pixels; all of it if it is no stream that we know.

    Raw pixels have no beginning by which they could be told from anything else; but each is like those around
    it, as letters are not.
    """
    coded = measured(data)
    if coded is None and is_row(data) and (rest := wavelets(data, thorough)) is not None:
        return rest
    if coded is None:
        at = data.find(_ZSTD, 0, 16)  # CZI writes a few bytes of its own in front
        if at > 0:
            return [(low + at, high + at) for low, high in surplus(data[at:])]
        return [] if _are_pixels(data) else [(0, len(data))]
    rest = beside(data, coded)
    return [(0, len(data))] if rest is None else rest


def _are_pixels(data: bytes) -> bool:
    """Whether each byte is like the one a pixel before it, for a pixel of one to six bytes."""
    import numpy as np

    values = np.frombuffer(data[: 1 << 20], np.uint8).astype(np.float32)
    if len(values) < 256 or _is_text(data[: 1 << 20]):
        return False
    values -= values.mean()
    power = float((values * values).mean())
    if power < 1:
        return True
    return max(float((values[lag:] * values[:-lag]).mean()) for lag in (1, 2, 3, 4, 6)) > _LIKE * power


_XR_WIDTH, _XR_HEIGHT = 0xBC80, 0xBC81
_PLAIN = bytes((9, 10, 13, *range(32, 127)))


def _is_text(data: bytes) -> bool:
    """Whether bytes are words with gaps between them: grey values that lie where letters do have no gaps."""
    return not data.translate(None, _PLAIN) and sum(map(data.count, (b" ", b"\n", b","))) * 50 > len(data)


def measured(data: bytes) -> Coded | None:
    """Return what a stream says that it is; None if it is none of those that can be walked."""
    kind = sniff(data)
    if kind == "jpeg":
        return _jpeg(data)
    if kind == "png" and len(data) > 33:
        width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
        return Coded(34933, width, height, _PNG_SAMPLES.get(data[25], 0), data[24])
    if kind in ("jp2", "j2k"):
        return _jpeg2000(data)
    if kind == "jxr":
        return _jpeg_xr(data)
    if data[:4] == _ZSTD:
        return _zstd(data)
    return None


def _jpeg(data: bytes) -> Coded | None:
    at = 2
    while at + 10 < len(data) and data[at] == 0xFF:
        mark = data[at + 1]
        if mark == 0xFF:
            at += 1
            continue
        if mark in _FRAMES:
            height, width = int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
            return Coded(7, width, height, data[at + 9], data[at + 4])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _jpeg2000(data: bytes) -> Coded | None:
    at = data.find(b"\xff\x4f\xff\x51")
    if at < 0 or at + 43 > len(data):
        return None
    right, low, left, top = (int.from_bytes(data[i : i + 4], "big") for i in range(at + 8, at + 24, 4))
    samples = int.from_bytes(data[at + 40 : at + 42], "big")
    return Coded(34712, right - left, low - top, samples, (data[at + 42] & 0x7F) + 1)


def _jpeg_xr(data: bytes) -> Coded | None:
    """Read the size in its directory; of its samples only that there is one, for the walk does not need more."""
    first = int.from_bytes(data[4:8], "little") + 2
    count = int.from_bytes(data[first - 2 : first], "little")
    sides = {_XR_WIDTH: 0, _XR_HEIGHT: 0}
    for at in range(first, min(first + 12 * count, len(data) - 11), 12):
        tag, kind = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (0, 2))
        if tag in sides:
            sides[tag] = int.from_bytes(data[at + 8 : at + 12 - 2 * (kind == 3)], "little")
    return Coded(22610, sides[_XR_WIDTH], sides[_XR_HEIGHT], 1, 8)


def _zstd(data: bytes) -> Coded | None:
    import imagecodecs

    try:
        size = len(imagecodecs.zstd_decode(data, out=None))
    except Exception:
        return None
    return Coded(50000, size, 1, 1, 8) if size <= _MOST else None
