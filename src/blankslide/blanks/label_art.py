"""What a new label looks like: a few lines of text and, of the first line, a QR code; black on white.

The picture follows from the text and from the size alone. Letters are our own dots, the QR code has a fixed mask, and
nothing is smoothed, so that every version of every library draws the same: a later run knows a label as ours by
drawing it again. Squares of the code lie on the borders of JPEG's blocks where there is room for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from blankslide.blanks.letters import HIGH, LETTERS, WIDE
from blankslide.errors import EnvironmentProblem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]

__all__ = ["art"]

#: Pixels around the drawing that stay white, and of the grid that the code lies on.
_MARGIN = 8
_QUIET = 4  # squares of white around a code that readers want
_LEAST, _GRID = 3, 8
_LARGEST_LETTER = 6


class _Box(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int


@lru_cache(maxsize=16)
def art(text: str, width: int, height: int, end: bool = False, lower: int = 0, last: bool = False) -> Grey | None:
    """Draw a label.

    Parameters
    ----------
    text
        Its lines; `blankslide.policy.labels.is_printable` must be true of it.
    width, height
        Size of the picture in pixels.
    end
        Draw it into the label end only: a square at the left of a lying picture, at the top of a standing one.
    lower
        How many steps the text stands lower than at the top: strips that were cheap once have little room.
    last
        That end is the right or the lower one.

    Returns
    -------
    array of uint8, height × width, or None
        0 is black and 255 white; None if the picture is too small. Not to be written to.

    Raises
    ------
    EnvironmentProblem
        If what draws QR codes is not installed.
    """
    import numpy as np

    whole = _box(width, height, end, last)
    lines = text.split("\n")
    code = _code(lines[0])
    shares = (0.6, 0.75, 1.0) if height * 16 >= width * 10 or end else (1.0, 0.6)
    layouts = [layout for share in shares if (layout := _layout(lines, whole, code, share, lower)) is not None]
    if not layouts:
        return None
    # one whose squares are whole blocks of JPEG costs a tenth of any other
    found = next((layout for layout in layouts if layout.size % _GRID == 0), layouts[0])
    out = np.full((height, width), 255, np.uint8)
    for piece, left, top in found.pieces:
        rows, columns = piece.shape
        out[top : top + rows, left : left + columns][piece] = 0
    out.flags.writeable = False
    return out


def _box(width: int, height: int, end: bool, last: bool) -> _Box:
    """Return where may be drawn; at the far end it begins on the grid of JPEG's blocks."""
    side = min(width, height)
    if not end:
        return _Box(_MARGIN, _MARGIN, width - _MARGIN, height - _MARGIN)
    left = (width - side) // _GRID * _GRID if last else 0
    top = (height - side) // _GRID * _GRID if last else 0
    return _Box(left + _MARGIN, top + _MARGIN, left + side - _MARGIN, top + side - _MARGIN)


class _Layout(NamedTuple):
    size: int
    pieces: tuple[tuple[NDArray[np.bool_], int, int], ...]


def _layout(lines: Sequence[str], box: _Box, code: NDArray[np.bool_], share: float, lower: int) -> _Layout | None:
    """Place the text above the code, which has a share of the height, or to its right if it has all of that."""
    wide, high = box.right - box.left, box.bottom - box.top
    beside = share == 1
    size = _square(len(code), min(wide, int(high * share)))
    if size is None:
        return None
    room = (len(code) + 2 * _QUIET) * size
    left = box.left if beside else box.left + (wide - room) // 2
    top = box.top + (high - room) // 2 if beside else box.bottom - room
    grid = _GRID if size % _GRID == 0 else 1
    x, y = ((v + _QUIET * size) // grid * grid for v in (left, top))
    text_box = box._replace(left=left + room) if beside else box._replace(bottom=top)
    text = _text(lines, text_box)
    if text is None or text_box.top + lower * _GRID + text.shape[0] > text_box.bottom:
        return None
    lines_at = text, text_box.left, text_box.top + lower * _GRID
    return _Layout(size, ((code.repeat(size, 0).repeat(size, 1), x, y), lines_at))


def _square(count: int, side: int) -> int | None:
    """Return how many pixels a square of the code has; multiples of eight are JPEG's blocks."""
    size = side // (count + 2 * _QUIET)
    if size < _LEAST:
        return None
    return size if size < _GRID else size // _GRID * _GRID


def _text(lines: Sequence[str], box: _Box) -> NDArray[np.bool_] | None:
    """Print lines as large as they fit, long ones in several; None if they do not."""
    import numpy as np

    wide, high = box.right - box.left, box.bottom - box.top
    for size in range(_LARGEST_LETTER, 0, -1):
        across, step = wide // ((WIDE + 1) * size), (HIGH + 3) * size
        if across < 1:
            continue
        rows = [line[i : i + across] for line in lines for i in range(0, len(line), across)]
        # a line is broken only when letters would get too small to be read from afar
        if len(rows) * step > high or (len(rows) > len(lines) and size > 2):
            continue
        out = np.zeros((len(rows) * step, wide), bool)
        for number, row in enumerate(rows):
            dots = _dots(row).repeat(size, 0).repeat(size, 1)
            out[number * step : number * step + dots.shape[0], : dots.shape[1]] = dots
        return out
    return None


def _dots(row: str) -> NDArray[np.bool_]:
    import numpy as np

    columns = np.frombuffer(b"".join(LETTERS[c] + b"\0" for c in row)[:-1], np.uint8)
    return (columns[None, :] >> np.arange(HIGH)[:, None] & 1).astype(bool)


@lru_cache(maxsize=16)
def _code(line: str) -> NDArray[np.bool_]:
    """Return the squares of a QR code; all that the standard leaves open is fixed here."""
    import numpy as np

    try:
        import segno
    except ImportError:
        raise EnvironmentProblem("a label of ours needs segno", "pip install 'blankslide[label]'") from None
    code = segno.make_qr(line, error="m", mode="byte", encoding="ascii", mask=2, boost_error=False)
    return np.array([[bool(square) for square in row] for row in code.matrix])
