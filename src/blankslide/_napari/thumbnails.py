"""Small pictures for the dock: shrunken ones of what is there, mosaics of what was there.

A mosaic has so few squares that nothing printed can be read in it; it only shows that
something stood there. It is all that is kept of a picture after a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blankslide._napari.blanked import telling
from blankslide.viewing.picture import small

if TYPE_CHECKING:
    import numpy as np
    from qtpy.QtGui import QPixmap

    from blankslide.viewing.arrays import LazyArray

    Pixels = np.ndarray[Any, np.dtype[Any]]

LONGEST = 320
_SQUARES = 12


def thumbs(pictures: Mapping[str, LazyArray]) -> dict[str, Pixels]:
    """Return pictures by role, each of at most `LONGEST` pixels, as 8-bit RGB."""
    return {role: small(picture, LONGEST, LONGEST) for role, picture in telling(pictures).items()}


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
