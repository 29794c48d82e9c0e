"""Pictures in which nothing can be written: two values, and no room for a letter between their edges.

Scanners leave maps of where they have scanned, and masks of tissue. At full size such a picture has a shape or two;
a letter has more edges in some row or column, and so has a face or a barcode. A smaller picture of it would not do:
there a line of print is one grey block.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = frozenset(("png", "gif", "bmp"))
"""Codecs that keep two values two."""
CROSSINGS = 4
"""Edges in any row or column: two shapes."""
LARGEST = 1 << 23
NEAR = 40
"""How far JPEG moves values beside an edge."""


def is_mask(data: bytes, kind: str) -> bool:
    """Whether a whole coded picture has two values, and so few edges that nothing is written in it."""
    import numpy as np
    from PIL import Image

    if kind.lower() not in KINDS:
        return False
    try:
        with Image.open(BytesIO(data)) as image:
            if image.mode not in ("1", "L", "P") or image.width * image.height > LARGEST or _frames(image) > 1:
                return False
            values = np.asarray(image)
    except Exception:  # a library raises what it likes; what does not decode is no mask
        return False
    return is_plain(values)


def is_plain(values: NDArray[np.integer[Any]], near: int = 0) -> bool:
    """Whether a whole picture is of two values, each with its like, and has so few edges that nothing is written in it.

    Parameters
    ----------
    values
        Of shape (rows, columns).
    near
        How far from one of the two a value may be: JPEG changes them at edges.
    """
    low, high = int(values.min()), int(values.max())
    inside = values > (low + high) // 2
    if (((values > low + near) & (values < high - near)) if near else (values != low) & (values != high)).any():
        return False
    down, across = inside[1:] != inside[:-1], inside[:, 1:] != inside[:, :-1]
    return bool(max(down.sum(0).max(initial=0), across.sum(1).max(initial=0)) <= CROSSINGS)


def _frames(image: object) -> int:
    return int(getattr(image, "n_frames", 1))
