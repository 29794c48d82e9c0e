"""Pictures like labels, drawn from a seed, and coded in every way that slides know.

What is searched for afterwards is the middle of the coded bytes; of codings without loss a row of pixels too.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from numpy.typing import NDArray

CODECS = ("raw", "jpeg", "jpeg 2000", "lzw", "deflate", "packbits", "png", "webp")


@dataclass(frozen=True)
class Picture:
    """A coded picture: its size, its one stream, how TIFF numbers its coding, and how it is known again."""

    codec: str
    width: int
    height: int
    stream: bytes
    compression: int
    photometric: int
    needles: tuple[bytes, ...]


def label(random: Random, width: int = 0, height: int = 0) -> NDArray[Any]:
    """Draw white paper with printed lines and a barcode, in RGB."""
    import numpy as np
    from PIL import Image, ImageDraw

    from blankslide.testing.planting.invented import number

    width, height = width or random.randrange(90, 200), height or random.randrange(70, 160)
    image = Image.new("RGB", (width, height), tuple(random.randrange(225, 256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for line in range(4, height // 2, 12):
        draw.text((6, line), number(random).text, (random.randrange(60), 0, random.randrange(90)))
    for x in range(6, width - 6, 3):
        if random.random() < 0.5:
            draw.rectangle((x, height // 2 + 8, x + random.randrange(3), height - 6), (0, 0, 0))
    return np.asarray(image)


def coded(pixels: NDArray[Any], codec: str) -> Picture:
    """Code pixels in RGB as one strip or tile."""
    height, width = pixels.shape[:2]
    stream, compression, photometric, exact = CODERS[codec](pixels)
    own = stream[stream.index(b"\xff\xda") + 14 : -2] if codec == "jpeg" else stream  # all pictures share tables
    needles = {_telling(own[len(own) // 4 : -len(own) // 4]), _telling(own[len(own) // 8 : -64])}
    needles |= {_telling(pixels[height * 3 // 4 :].tobytes())} if exact else set()
    return Picture(codec, width, height, stream, compression, photometric, tuple(sorted(needles)))


def _telling(data: bytes) -> bytes:
    """Return the 40 bytes of the data, of some looked at, that are least alike."""
    starts = range(0, max(len(data) - 40, 1), max(len(data) // 97, 1))
    return max((data[at : at + 40] for at in starts), key=lambda piece: len(set(piece)))


def drawn(random: Random, codec: str = "", width: int = 0, height: int = 0) -> Picture:
    """Draw a label and code it, in a coding drawn by lot if none is named."""
    return coded(label(random, width, height), codec or random.choice(CODECS))


def _saved(pixels: NDArray[Any], kind: str, **how: Any) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **how)
    return out.getvalue()


def _strip(pixels: NDArray[Any], compression: str) -> bytes:
    """Let Pillow write a TIFF of one strip, and take the strip out of it."""
    from tifffile import TiffFile

    data = _saved(pixels, "TIFF", compression=compression, strip_size=1 << 30)
    with TiffFile(io.BytesIO(data)) as tiff:
        start, size = tiff.pages[0].dataoffsets[0], tiff.pages[0].databytecounts[0]
    return data[start : start + size]


CODERS: Mapping[str, Callable[[NDArray[Any]], tuple[bytes, int, int, bool]]] = {
    "raw": lambda p: (p.tobytes(), 1, 2, True),
    "jpeg": lambda p: (_saved(p, "JPEG", quality=80), 7, 6, False),
    "jpeg 2000": lambda p: (_saved(p, "JPEG2000", no_jp2=True), 33005, 2, True),
    "lzw": lambda p: (_strip(p, "tiff_lzw"), 5, 2, True),
    "deflate": lambda p: (zlib.compress(p.tobytes()), 8, 2, True),
    "packbits": lambda p: (_strip(p, "packbits"), 32773, 2, True),
    "png": lambda p: (_saved(p, "PNG"), 34933, 2, True),
    "webp": lambda p: (_saved(p, "WEBP", lossless=True), 50001, 2, True),
}
"""Each returns the stream, TIFF's number for it, the photometric interpretation, and whether nothing is lost."""
