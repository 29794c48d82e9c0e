"""What stands in a strip or tile beside its picture, whatever its codec.

Every codec has room for text: segments, chunks, boxes and frames that decoders pass over, and whatever
follows the end of the stream. Some of it can be overwritten without a change to a pixel or a length;
pixels that a stream holds beyond those of its tile can only be told of.

Promise: only the bytes given are looked at, each at most a few times; for a codec that is not known, or a stream
that is broken, the answer is that nothing was found.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from blankslide.containers.streams import jpeg  # the other codecs' modules only where a slide has them
from blankslide.source import is_blank

__all__ = ["KNOWN", "Aside", "beside"]

_RAW, _LZW, _PACKBITS = 1, 5, 32773
_JPEG = frozenset((6, 7, 33007))
_DEFLATE = frozenset((8, 32946))
_JP2K = frozenset((33003, 33004, 33005, 34712))
_ZSTD, _WEBP, _LZMA, _PNG = frozenset((50000, 34926)), frozenset((50001, 34927)), 34925, 34933
#: Codecs of which the end of a stream is found.
KNOWN = _JPEG | _DEFLATE | _JP2K | _ZSTD | _WEBP | {_RAW, _LZW, _PACKBITS, _LZMA, _PNG}
#: How each stream of a codec begins; whatever begins otherwise is no picture.
_MAGIC: dict[int, tuple[bytes, ...]] = {
    **dict.fromkeys((7, 33007), (b"\xff\xd8",)),
    **dict.fromkeys(_JP2K, (b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")),
    **dict.fromkeys(_WEBP, (b"RIFF",)),
    _PNG: (b"\x89PNG\r\n\x1a\n",),
}
_PICTURE_CHUNKS = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))


class Aside(NamedTuple):
    """Bytes ``[start, end)`` of a strip or tile that are no picture.

    ``new`` are the bytes that take their place; None where nothing may.
    """

    start: int
    end: int
    new: bytes | None


def beside(codec: int, data: bytes, size: int) -> list[Aside]:
    """Find what one strip or tile holds beside its picture.

    Parameters
    ----------
    codec
        The number of TIFF's tag 259.
    data
        All that stands in its slot.
    size
        How many bytes its pixels are when decoded.
    """
    magic = _MAGIC.get(codec)
    if magic and not data.startswith(magic):
        return [] if is_blank(data) else [Aside(0, len(data), None)]
    if codec in _DEFLATE or codec == _LZMA:
        return _inflated(codec, data, size)
    if codec == _PNG:
        from blankslide.containers.streams import png

        return [Aside(*part) for part in png.emptied(data) if data[part[0] + 4 : part[0] + 8] != b"iCCP"]
    if codec in _JPEG:
        spans = jpeg.beside(data)
    elif codec in _JP2K:
        from blankslide.containers.streams import jp2k

        spans = jp2k.beside(data)
    elif codec in _ZSTD:
        from blankslide.containers.streams import zstd
        from blankslide.source import MemorySource

        spans = zstd.beside(MemorySource(data), 0, len(data))
    elif codec in _WEBP:
        spans = _webp(data)
    else:
        end = _end(codec, data, size)
        spans = [] if end is None else [(end, len(data))]
    return [Aside(a, b, bytes(b - a)) for a, b in spans if not is_blank(data[a:b])]


def _end(codec: int, data: bytes, size: int) -> int | None:
    """Return where a stream without segments ends."""
    if codec == _RAW:
        return size
    if codec == _LZW:
        from blankslide.containers.streams import lzw

        return lzw.end(data)
    return _packbits(data, size) if codec == _PACKBITS else None


def _packbits(data: bytes, size: int) -> int | None:
    pos = done = 0
    while done < size:
        if pos >= len(data):
            return None
        head = data[pos]
        done += head + 1 if head < 128 else 257 - head if head > 128 else 0
        pos += head + 2 if head < 128 else 2 if head > 128 else 1
    return pos


def _inflated(codec: int, data: bytes, size: int) -> list[Aside]:
    """Look behind the end of a stream that must be decoded to find it; more pixels than a tile has are told of."""
    try:
        pixels, rest = _lzma(data, size) if codec == _LZMA else _deflate(data, size)
    except Exception:  # broken streams are the readers' business; each library raises its own
        return []
    if pixels > size:
        return [Aside(0, len(data), None)]
    start = len(data) - rest
    return [Aside(start, len(data), bytes(rest))] if rest and not is_blank(data[start:]) else []


def _deflate(data: bytes, size: int) -> tuple[int, int]:
    """Return how many bytes come out, up to one too many, and how many are behind the end of the stream."""
    stream = zlib.decompressobj()
    pixels = len(stream.decompress(data, size + 1))
    if pixels <= size and not stream.eof:
        pixels += len(stream.decompress(stream.unconsumed_tail, 1))
    return pixels, len(stream.unused_data) if stream.eof else 0


def _lzma(data: bytes, size: int) -> tuple[int, int]:
    import lzma

    stream = lzma.LZMADecompressor()
    pixels = len(stream.decompress(data, size + 1))
    return pixels, len(stream.unused_data) if stream.eof else 0


def _webp(data: bytes) -> list[tuple[int, int]]:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return []
    whole = min(8 + int.from_bytes(data[4:8], "little"), len(data))
    out, pos = [], 12
    while pos + 8 <= whole:
        end = min(pos + 8 + int.from_bytes(data[pos + 4 : pos + 8], "little"), whole)
        if data[pos : pos + 4] not in _PICTURE_CHUNKS:
            out.append((pos + 8, end))
        pos = end + (end & 1)
    return [*out, (whole, len(data))]
