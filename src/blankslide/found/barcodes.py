"""Barcodes: those that a reader reads, and those that only look like one.

A code that cannot be read here may be read elsewhere, with another picture of the same label or with more patience. So
what has the structure of a code is a finding too. That structure is measured, not learnt: the edges of bars all look
one way, those of squares two ways at right angles; letters have curves, and tissue has no direction at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from blankslide.found.geometry import upright

_SIDE = 1200
_LEAST = 14
_MOST = 24
_FULL = 0.6


Box = tuple[int, int, int, int]


class Code(NamedTuple):
    """Something that is a barcode or looks like one.

    Attributes
    ----------
    box
        Left, upper, right and lower edge in pixels.
    text
        What was read, or None; stays in this process.
    confidence
        From 0 to 1.
    """

    box: Box
    text: str | None
    confidence: float

    def __repr__(self) -> str:
        return f"<Code, {'not ' if self.text is None else ''}read>"


def codes(pixels: Any, read: Iterable[Box] = (), printed: bool = False) -> list[Code]:
    """Find the barcodes of a picture.

    Parameters
    ----------
    pixels
        Rows, columns and red, green, blue; 8 bits each.
    read
        Boxes of lines that were read there: what is in them is no code.
    printed
        It is a label: what is dense, square and no text is a code there, even if it is too blurred for its edges to
        have a direction.
    """
    import cv2

    grey, lines = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), [*read]
    found = [c for c in _by_reader(grey) if c.text is not None or _is_likely(c.box, grey, lines, printed)]
    for box, sure in structures(_painted_out(grey, lines), printed):
        same = next((i for i, each in enumerate(found) if _overlap(box, each.box) > 0.3), None)
        if same is None:
            found.append(Code(box, None, sure))
        else:  # a reader may have seen a few rows of it
            found[same] = found[same]._replace(box=_around(box, found[same].box))
    return found[:_MOST]


def _is_likely(box: Box, grey: Any, lines: Sequence[Box], printed: bool) -> bool:
    """Whether what the reader took for a code, and could not read, may be one: in tissue only with its structure."""
    import numpy as np

    if any(_overlap(box, line) > 0.5 for line in lines):
        return False
    return printed or _sure(grey[box[1] : box[3], box[0] : box[2]].astype(np.float32), False) > 0


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _painted_out(grey: Any, boxes: Iterable[Box]) -> Any:
    """Paint over areas with what is beside them."""
    import numpy as np

    out = grey.copy()
    for left, top, right, bottom in boxes:
        ring = grey[max(0, top - 3) : bottom + 3, max(0, left - 3) : right + 3]
        edge = np.concatenate([ring[:3].ravel(), ring[-3:].ravel(), ring[:, :3].ravel(), ring[:, -3:].ravel()])
        if edge.size:
            out[top:bottom, left:right] = np.median(edge)
    return out


# -- read ---------------------------------------------------------------------------------------


def _by_reader(grey: Any) -> Iterator[Code]:
    """Ask zxing, of the picture as it is and twice as large; of what it sees and cannot read it says so too."""
    import cv2

    seen: list[Code] = []
    for scale in (1, 2):
        if scale * max(grey.shape) > 4000:
            break
        picture = grey if scale == 1 else cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        seen += _asked(picture, scale)
    seen.sort(key=lambda code: code.text is None)
    kept: list[Code] = []
    for code in seen:
        if not any(_overlap(code.box, other.box) > 0.3 for other in kept):
            kept.append(code)
    yield from kept


def _asked(picture: Any, scale: int) -> Iterator[Code]:
    import zxingcpp

    for code in zxingcpp.read_barcodes(picture, return_errors=True):
        spots = (code.position.top_left, code.position.top_right, code.position.bottom_right, code.position.bottom_left)
        xs, ys = sorted(p.x // scale for p in spots), sorted(p.y // scale for p in spots)
        box = (max(0, xs[0]), max(0, ys[0]), xs[-1] + 1, ys[-1] + 1)
        if code.valid and len(code.text) > 2:
            yield Code(box, code.text, 1.0)
        elif min(box[2] - box[0], box[3] - box[1]) >= _LEAST:  # a single row that looks like one is no finding
            yield Code(box, None, 0.6)


# -- only seen ----------------------------------------------------------------------------------


def structures(grey: Any, printed: bool = False) -> list[tuple[Box, float]]:
    """Find what has the structure of a code.

    Parameters
    ----------
    grey
        Rows and columns, 8 bits.
    printed
        As in `codes`.

    Returns
    -------
    list
        Boxes (left, upper, right and lower edge in pixels), and how sure it is, from 0 to 1.
    """
    import cv2

    scale = min(1.0, _SIDE / max(grey.shape))
    small = grey if scale == 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found: list[tuple[Box, float]] = []
    for reach in (5, 9, 15):
        for box, sure in _dense(small, reach, printed):
            whole = (int(box[0] / scale), int(box[1] / scale), int(box[2] / scale + 1), int(box[3] / scale + 1))
            found.append((whole, sure))
    return _distinct(found)


def _distinct(found: Iterable[tuple[Box, float]]) -> list[tuple[Box, float]]:
    """Leave out what lies in something that is surer, and the smaller of two that are as sure."""
    kept: list[tuple[Box, float]] = []
    for box, sure in sorted(found, key=lambda each: (-round(each[1], 1), -_area(each[0]))):
        if not any(_overlap(box, other) > 0.3 for other, _ in kept):
            kept.append((box, sure))
    return kept


def _dense(grey: Any, reach: int, printed: bool) -> Iterator[tuple[Box, float]]:
    """Yield areas full of edges whose directions are those of a code; gaps up to ``reach`` are bridged."""
    import cv2
    import numpy as np

    plain = cv2.GaussianBlur(grey, (3, 3), 0).astype(np.float32)
    across, down = cv2.Sobel(plain, cv2.CV_32F, 1, 0) / 4, cv2.Sobel(plain, cv2.CV_32F, 0, 1) / 4
    power = cv2.boxFilter(across * across + down * down, -1, (reach, reach))
    full = (power > 0.15 * max(float(np.percentile(power, 97)), 60.0)).astype(np.uint8)
    full = cv2.morphologyEx(full, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    full = cv2.morphologyEx(full, cv2.MORPH_OPEN, np.ones((_LEAST // 2 + reach // 2,) * 2, np.uint8))
    shapes, _ = cv2.findContours(full, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for shape in shapes:
        middle, (width, height), angle = cv2.minAreaRect(shape)
        if min(width, height) < _LEAST:
            continue
        x, y, w, h = cv2.boundingRect(shape)
        if int(full[y : y + h, x : x + w].sum()) < _FULL * width * height:  # a frame, or something ragged
            continue
        sure = _sure(upright(plain, cv2.boxPoints((middle, (width, height), angle))), printed)
        if sure:
            yield (x, y, x + w, y + h), sure


def _sure(grey: Any, printed: bool) -> float:
    """Say how sure it is that an area full of edges, laid upright, is a code; 0 if it is none.

    Rows of bars change often along one direction and hardly along the other; squares change often along both.
    """
    import cv2
    import numpy as np

    if grey is None or min(grey.shape) < _LEAST or grey.std() < 8:
        return 0.0
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 4, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 4
    power = across * across + down * down
    total = float(power.sum())
    if total <= 0:
        return 0.0
    turn = (across + 1j * down) ** 2
    one_way = float(abs(turn.sum())) / total
    two_ways = float(abs((turn * turn / np.maximum(power, 1e-6)).sum())) / total
    rows, columns = _changes(grey), _changes(grey.T)
    often, seldom, side = max(rows, columns), min(rows, columns), min(grey.shape)
    if (one_way > 0.7 and often >= 12) or (one_way > 0.5 and often >= 20 and seldom <= 3):
        return one_way
    if two_ways > 0.55 and seldom >= 5 and side >= 18:
        return two_ways
    if printed and side >= 18 and (seldom >= 4 or (often >= 12 and two_ways > 0.3)):
        return 0.5
    return 0.0


def _changes(grey: Any) -> float:
    """Count how often a row changes between dark and light; the median of all rows."""
    import cv2
    import numpy as np

    around = cv2.blur(np.ascontiguousarray(grey), (15, 15))
    spread = max(4.0, 0.25 * float(grey.std()))
    side = np.where(grey > around + spread, 1, np.where(grey < around - spread, -1, 0))
    counts = []
    for row in side:
        signs = row[row != 0]
        counts.append(int((signs[1:] != signs[:-1]).sum()))
    return float(np.median(counts))


def _overlap(one: Box, other: Box) -> float:
    """Return which part of the smaller box both have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / max(min(_area(one), _area(other)), 1)


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
