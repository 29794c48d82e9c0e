"""A part of one strip or tile made blank, in codecs that lose nothing, and the mark that says which part.

The mark stands where the codec leaves room for it: behind the end of LZW and Deflate, in empty blocks of Zstandard, and
in the lowest bits of white samples that stand as they are. JPEG's stands in a comment (`mask`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING

from blankslide.blanks import lzw, zstd
from blankslide.blanks.codes import BLACK_IS_ZERO, DEFLATE, LZW, RAW, RGB, WHITE_IS_ZERO, ZSTD
from blankslide.blanks.marks import NAME, SIGN
from blankslide.containers.streams import lzw as lzw_end

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.blanks.jpeg_blocks import Box
    from blankslide.model import Coding

    Samples = NDArray[np.uint8]

__all__ = ["coded", "mark", "marked", "marks", "stands"]

_NAME, _END = NAME + b"mask 1 ", SIGN + b"Mk"
_FORM = re.compile(rb"Blankslide mask 1 (\d{1,7}),(\d{1,7}),(\d{1,7}),(\d{1,7}) [0-9a-f]{8}")
_SHORT, _TAIL, _HEAD, _MOST = 16, 128, 1024, 1 << 26


def mark(box: Box) -> bytes:
    """Return what is written beside the pixels of a masked picture."""
    text = ",".join(map(str, box)).encode("ascii")
    return _NAME + text + b" " + sha256(b"Blankslide: a mask of ours\0" + text).hexdigest()[:8].encode("ascii")


def marked(data: bytes) -> Box | None:
    """Return the rectangle of a mark; None if it is no mark."""
    found = _FORM.fullmatch(data)
    if found is None:
        return None
    left, top, right, bottom = map(int, found.groups())
    box = (left, top, right, bottom)
    return box if mark(box) == data and left < right and top < bottom else None


# -- one slot ----------------------------------------------------------------------------------


def coded(coding: Coding, data: bytes, size: tuple[int, int], box: Box | None, note: bytes) -> bytes | None:
    """Return a slot with a part of it blank, exactly as long as it is.

    Parameters
    ----------
    data
        The slot as it is.
    size
        Its width and height in pixels.
    box
        What goes, in its own pixels; None if nothing does. Then only what stands beside its samples goes.
    note
        The mark, or nothing.

    Returns
    -------
    bytes or None
        None if the codec is another one, or it does not fit.
    """
    if coding.compression == RAW:
        return _raw(coding, data, size, box, note)
    found = _unpacked(coding, data, size)
    samples = None if found is None else _samples(coding, found[0], size)
    if found is None or samples is None:
        return None
    if box is not None:
        _part(samples, box)[...] = _white(coding)
    if coding.compression == ZSTD:
        return zstd.holding(samples.tobytes(), note, len(data))
    tail, stream = _tail(note), data[: found[1]]
    if box is not None or len(found[0]) > samples.size:  # what stands behind the last sample goes as well
        stream = _packed(coding, samples)
    room = len(data) - len(tail)
    return None if len(stream) > room else stream.ljust(room, b"\0") + tail


def stands(coding: Coding, data: bytes, size: tuple[int, int], box: Box | None, note: bytes) -> bool:
    """Whether a slot is as `coded` could have left it: blank where it should be, and nothing beside its samples."""
    if coding.compression == RAW:
        return _raw(coding, data, size, box, note) == data
    found = _unpacked(coding, data, size)
    samples = None if found is None else _samples(coding, found[0], size)
    if found is None or samples is None or len(found[0]) > samples.size:
        return False
    if box is not None and not (_part(samples, box) == _white(coding)).all():
        return False
    if coding.compression == ZSTD:
        return zstd.holds(data, found[0], note)
    rest = data[found[1] :]
    return rest == _tail(note).rjust(len(rest), b"\0")


def marks(coding: Coding, read: Callable[[int, int], bytes], length: int) -> Iterator[bytes]:
    """Yield what stands in a slot where a mark could.

    Parameters
    ----------
    read
        Returns its bytes from one place to another.
    """
    if coding.compression == RAW and length <= _MOST:
        yield from _from_bits(read(0, length))
    elif coding.compression == ZSTD:
        yield zstd.note(read(0, min(length, _HEAD)))
    elif coding.compression == LZW or coding.compression in DEFLATE:
        data = read(max(0, length - _TAIL), length)
        if len(data) > len(_END) and data.endswith(_END):
            data = data[: -len(_END)]
            yield data[-1 - data[-1] : -1]


def _tail(note: bytes) -> bytes:
    return note + bytes([len(note)]) + _END if note else b""


# -- samples -----------------------------------------------------------------------------------


def _packed(coding: Coding, samples: Samples) -> bytes:
    import numpy as np

    if coding.predictor == 2:
        samples = np.diff(samples, axis=1, prepend=np.zeros_like(samples[:, :1]))
    plain = samples.tobytes()
    return lzw.encode(plain) if coding.compression == LZW else zlib.compress(plain, 9)


def _unpacked(coding: Coding, data: bytes, size: tuple[int, int]) -> tuple[bytes, int] | None:
    """Return what a stream unpacks to, and where it ends."""
    import imagecodecs

    if coding.compression in DEFLATE:
        unpack = zlib.decompressobj()
        try:
            plain = unpack.decompress(data, _MOST)
        except zlib.error:
            return None
        return (plain, len(data) - len(unpack.unused_data)) if unpack.eof else None
    try:
        if coding.compression == ZSTD and coding.predictor == 1:
            return bytes(imagecodecs.zstd_decode(data, out=size[0] * size[1] * coding.samples)), len(data)
        end = lzw_end.end(data) if coding.compression == LZW else None
        return None if end is None else (bytes(imagecodecs.lzw_decode(data[:end])), end)
    except Exception:  # the library raises what it likes; a stream that cannot be read cannot be masked
        return None


def _samples(coding: Coding, plain: bytes, size: tuple[int, int]) -> Samples | None:
    """Return the samples of a slot as rows, columns and colours; None where they are not plain ones."""
    import numpy as np

    shape = (size[1], size[0], coding.samples)
    count = shape[0] * shape[1] * shape[2]
    plainly = coding.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and coding.predictor in (1, 2)
    if not plainly or coding.bits != 8 or len(plain) < count:
        return None
    out = np.frombuffer(plain, np.uint8, count).reshape(shape).copy()
    return np.cumsum(out, axis=1, dtype=np.uint8) if coding.predictor == 2 and coding.compression != RAW else out


def _white(coding: Coding) -> int:
    return 0 if coding.photometric == WHITE_IS_ZERO else 255


def _part(samples: Samples, box: Box) -> Samples:
    left, top, right, bottom = box
    return samples[top:bottom, left:right]


def _raw(coding: Coding, data: bytes, size: tuple[int, int], box: Box | None, note: bytes) -> bytes | None:
    """Write over samples; the mark stands in the lowest bits of the last row that goes, at its right end."""
    import numpy as np

    samples = _samples(coding, data, size)
    if samples is None or (note and box is None):
        return None
    if box is not None:
        _part(samples, box)[...] = _white(coding)
    told = marked(note)
    if told is not None and box is not None:
        part = _part(samples, box)
        bits = np.unpackbits(np.frombuffer(_short(told) + _END, np.uint8))
        row = part[-1].reshape(-1)
        if bits.size > row.size:
            return None
        row[-bits.size :] ^= bits
        part[-1] = row.reshape(part[-1].shape)
    return samples.tobytes().ljust(len(data), b"\0")


def _short(box: Box) -> bytes:
    """Return a mark for few samples: the numbers of the rectangle and a check sum."""
    numbers = b"".join(side.to_bytes(3, "big") for side in box)
    return numbers + sha256(_NAME + numbers).digest()[:4]


def _from_bits(data: bytes) -> Iterator[bytes]:
    """Yield the marks in the lowest bits of samples."""
    import numpy as np

    sign = np.unpackbits(np.frombuffer(_END, np.uint8)).tobytes()
    lowest, size = np.frombuffer(data, np.uint8) & 1, 8 * _SHORT
    for flip in (0, 1):
        bits = (lowest ^ flip).tobytes()
        at = bits.find(sign)
        while at >= 0:
            found = np.packbits(np.frombuffer(bits[max(0, at - size) : at], np.uint8)).tobytes()
            left, top, right, bottom = (int.from_bytes(found[i : i + 3], "big") for i in range(0, 12, 3))
            if _short((left, top, right, bottom)) == found:
                yield mark((left, top, right, bottom))
            at = bits.find(sign, at + 1)
