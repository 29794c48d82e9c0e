"""What is shown where nothing can be shown: a grey picture that says why.

Grey, because white and black both occur in slides; hatched, so that it is never mistaken
for tissue or for an emptied label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]

GREY, STRIPE = 128, 112
_PERIOD = 32


def hatched(shape: tuple[int, ...], dtype: Any = "uint8", origin: tuple[int, int] = (0, 0)) -> Pixels:
    """Return a hatched area.

    Parameters
    ----------
    shape
        (rows, columns) or (rows, columns, samples).
    dtype
        Type of a sample; grey is the same fraction of its range.
    origin
        Row and column of the area's corner, so that neighbouring areas fit together.
    """
    import numpy as np

    rows = np.arange(shape[0])[:, None] + origin[0]
    columns = np.arange(shape[1])[None, :] + origin[1]
    area = np.where((rows + columns) % _PERIOD < _PERIOD // 4, STRIPE, GREY)
    kind = np.dtype(dtype)
    if kind.kind in "ui":
        area = area * (np.iinfo(kind).max // 255)
    elif kind.kind == "b":
        area = area > STRIPE
    else:
        area = area / 255
    area = area.astype(kind)
    return area if len(shape) == 2 else np.repeat(area[:, :, None], shape[2], axis=2)


def labelled(shape: tuple[int, ...], words: str, dtype: Any = "uint8") -> Pixels:
    """Return a hatched picture with a line of text in its middle.

    Parameters
    ----------
    shape
        (rows, columns) or (rows, columns, samples).
    words
        What to say; broken into lines if the picture is narrow.
    """
    import numpy as np
    from PIL import Image, ImageDraw

    base = Image.fromarray(hatched(shape[:2]))
    draw = ImageDraw.Draw(base)
    size = max(8, min(shape[1] // 14, shape[0] // 5, 64))
    text = "\n".join(_lines(words, max(6, int(shape[1] / (size * 0.6)))))
    middle = (shape[1] / 2, shape[0] / 2)
    draw.multiline_text(middle, text, fill=255, anchor="mm", align="center", font=_font(size))
    pixels = np.asarray(base)
    full = hatched(shape, dtype)
    white = np.iinfo(full.dtype).max if full.dtype.kind in "ui" else 1
    full[pixels > GREY] = white
    return full


def _lines(words: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(words, width) or [""]


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
