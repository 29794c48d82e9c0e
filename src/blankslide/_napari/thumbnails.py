"""Small pictures for the dock: shrunken ones of what is there, mosaics of what was there.

A mosaic has so few squares that nothing printed can be read in it; it only shows that
something stood there. It is all that is kept of a picture after a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from qtpy.QtGui import QPixmap

    Pixels = np.ndarray[Any, np.dtype[Any]]

LONGEST = 320
_SQUARES = 12


def small(picture: Any, longest: int = LONGEST) -> Pixels:
    """Return a picture of at most ``longest`` pixels as 8-bit RGB."""
    import numpy as np
    from PIL import Image

    pixels = np.asarray(picture[...])
    if pixels.dtype != np.uint8:
        top = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "ui" else 1
        pixels = (pixels * (255 / top)).astype(np.uint8)
    image = Image.fromarray(pixels).convert("RGB")
    image.thumbnail((longest, longest))
    return np.array(image)


def mosaic(pixels: Pixels) -> Pixels:
    """Return a picture of the same size made of a few squares, `_SQUARES` along its longer edge."""
    import numpy as np
    from PIL import Image

    height, width = pixels.shape[:2]
    edge = max(width, height) / _SQUARES
    few = max(1, round(width / edge)), max(1, round(height / edge))
    coarse = Image.fromarray(pixels).resize(few, Image.Resampling.BOX)
    return np.array(coarse.resize((width, height), Image.Resampling.NEAREST))


def pixmap(pixels: Pixels, width: int, height: int) -> QPixmap:
    """Return a picture that fits into ``width`` × ``height``."""
    import numpy as np
    from qtpy.QtCore import Qt
    from qtpy.QtGui import QImage, QPixmap

    solid = np.ascontiguousarray(pixels)
    rows, columns = solid.shape[:2]
    # QImage borrows the array's memory; fromImage copies it before the array can go.
    image = QImage(solid.data, columns, rows, columns * 3, QImage.Format.Format_RGB888)
    mode = Qt.TransformationMode.SmoothTransformation
    return QPixmap.fromImage(image).scaled(width, height, Qt.AspectRatioMode.KeepAspectRatio, mode)
