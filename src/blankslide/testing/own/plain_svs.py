"""A plain Aperio slide of uncompressed noise, for tests of the judges, and ways of changing it by hand.

It is written by tifffile and owes nothing to our samples: every pixel stands in the file as it is, so a test
knows what a reader must see and can change one byte of it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "Aperio Image Library v1\r\n"
OPTIONS: dict[str, Any] = {"photometric": "rgb", "metadata": None, "software": False}


def write_svs(path: Path, *, levels: int = 2, mpp: str = "0.5", app_mag: str = "20") -> Path:
    """Write one level or two with thumbnail, label and macro."""
    import numpy as np
    import tifffile

    random = np.random.default_rng(0)

    def pixels(height: int, width: int) -> Any:
        return random.integers(0, 255, (height, width, 3), dtype=np.uint8)

    with tifffile.TiffWriter(path) as tiff:
        text = f"{HEAD}512x384|AppMag = {app_mag}|MPP = {mpp}|User = Jane Roe"
        tiff.write(pixels(384, 512), tile=(64, 64), description=text, **OPTIONS)
        tiff.write(pixels(96, 128), rowsperstrip=96, description=f"{HEAD}512x384 -> 128x96", **OPTIONS)
        if levels > 1:
            tiff.write(pixels(96, 128), tile=(64, 64), description=f"{HEAD}512x384 -> 128x96", **OPTIONS)
        tiff.write(pixels(60, 50), rowsperstrip=60, subfiletype=1, description=f"{HEAD}label 50x60", **OPTIONS)
        tiff.write(pixels(40, 120), rowsperstrip=40, subfiletype=9, description=f"{HEAD}macro 120x40", **OPTIONS)
    return path


def page(path: Path, index: int) -> tuple[int, int]:
    """Return where the pixels of a page's first segment stand, and how many bytes all have."""
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        found: Any = tiff.pages[index]
        return found.dataoffsets[0], sum(found.databytecounts)


def poke(path: Path, offset: int, data: bytes) -> None:
    """Write some bytes into a file."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def unlink(path: Path, index: int) -> None:
    """Let the page before ``index`` point to the one behind it."""
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        offsets = [p.offset for p in tiff.pages] + [0]
        count = struct.unpack("<H", path.read_bytes()[offsets[index - 1] :][:2])[0]
    poke(path, offsets[index - 1] + 2 + 12 * count, struct.pack("<I", offsets[index + 1]))
