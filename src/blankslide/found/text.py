"""Lines of text: one model says where there may be letters, another which ones. A line is text if letters can be read.

The first model marks, pixel by pixel, what looks like the middle of a line; marks that hang together are one line, a
rectangle that may stand at any angle. The second one reads such a line upright. Which end is the upper one is not
known, so it reads both ways round, and of a short one all four; the way that it is surest of counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from blankslide.found.geometry import upright
from blankslide.found.models import DETECT, READ, session

LEAST_SIDE, MOST_SIDE = 640, 1984
"""Pictures are made larger or smaller until their short side has so many pixels, as long as the long one allows."""
_MARK, _SURE = 0.3, 0.45
_GROW = 1.6
_CERTAIN = 0.93
_HEIGHT, _WIDTH, _LONGEST = 48, 320, 2048
_STEP = 32
_MOST_LINES = 400


class Line(NamedTuple):
    """A line that may be text.

    Attributes
    ----------
    corners
        The four corners of the rectangle in pixels of the picture, clockwise: array of shape (4, 2).
    marked
        How sure the first model is, from 0 to 1.
    text
        What was read; stays in this process.
    read
        How sure the second model is of its letters on average, from 0 to 1.
    """

    corners: Any
    marked: float
    text: str = ""
    read: float = 0.0

    def __repr__(self) -> str:
        return f"<Line of {len(self.text)} letters>"

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, upper, right and lower edge."""
        left, top = self.corners.min(axis=0)
        right, bottom = self.corners.max(axis=0)
        return int(left), int(top), int(right + 0.999), int(bottom + 0.999)


class Reader:
    """Both models; loaded when they are first used."""

    def __init__(self) -> None:
        self._head_down = False  # which way round the last line was: so is the next one, most often

    def load(self) -> None:
        """Load both models now.

        Raises
        ------
        WrongModel
            If a model file is not the one that it should be.
        """
        _ = self._detect, self._read

    @cached_property
    def _detect(self) -> Any:
        return session(DETECT)

    @cached_property
    def _read(self) -> Any:
        return session(READ)

    @cached_property
    def _letters(self) -> list[str]:
        known = self._read.get_modelmeta().custom_metadata_map["character"].splitlines()
        return ["", *known, " "]

    def lines(self, pixels: Any) -> list[Line]:
        """Find and read the lines of a picture, the surest first.

        Parameters
        ----------
        pixels
            Rows, columns and red, green, blue; 8 bits each.
        """
        picture = pixels[..., ::-1]  # the models were made with blue first
        found: list[Line] = []
        for line in sorted(self.marked(picture), key=lambda each: -each.marked):
            found.append(self._as_read(picture, line))
        return found

    # -- where ----------------------------------------------------------------------------------

    def marked(self, picture: Any) -> list[Line]:
        """Find what may be lines, unread; the picture has blue first."""
        import cv2
        import numpy as np

        height, width = picture.shape[:2]
        scale = max(LEAST_SIDE / min(height, width), 1.0)
        scale = min(scale, MOST_SIDE / max(height, width))
        size = [max(_STEP, round(side * scale / _STEP) * _STEP) for side in (width, height)]
        data = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        data = (np.asarray(data, np.float32) / 255 - 0.5) / 0.5
        (marks,) = self._detect.run(None, {self._detect.get_inputs()[0].name: data.transpose(2, 0, 1)[None]})
        found = [*_rectangles(marks[0, 0])][:_MOST_LINES]
        factor = np.array([width / size[0], height / size[1]], np.float32)
        most = np.array([width, height], np.float32)
        return [Line(np.clip(corners * factor, 0, most), sure) for corners, sure in found]

    # -- what -----------------------------------------------------------------------------------

    def _as_read(self, picture: Any, line: Line) -> Line:
        lying = upright(picture, line.corners)
        if lying is None:
            return line
        ways = [lying, lying[::-1, ::-1]][:: -1 if self._head_down else 1]
        if lying.shape[1] < 2 * lying.shape[0]:  # short: its direction is not known either
            ways += [_turned(lying), _turned(lying)[::-1, ::-1]]
        best = ("", 0.0)
        for number, way in enumerate(ways):
            best = max(best, self._text(way), key=lambda each: each[1])
            if best[1] > _CERTAIN:
                self._head_down ^= number == 1
                break
        return line._replace(text=best[0], read=best[1])

    def _text(self, lying: Any) -> tuple[str, float]:
        """Read one line; return the text and how sure of it the model is."""
        import cv2
        import numpy as np

        height, width = lying.shape[:2]
        across = min(max(1, round(width * _HEIGHT / height)), _LONGEST)
        data = np.zeros((_HEIGHT, max(across, _WIDTH), 3), np.float32)
        data[:, :across] = cv2.resize(np.ascontiguousarray(lying), (across, _HEIGHT)) / np.float32(127.5) - 1
        (odds,) = self._read.run(None, {self._read.get_inputs()[0].name: data.transpose(2, 0, 1)[None]})
        best = odds[0].argmax(axis=1)
        new = (best != 0) & (best != np.concatenate([[-1], best[:-1]]))
        if not new.any():
            return "", 0.0
        return "".join(self._letters[i] for i in best[new]), float(odds[0].max(axis=1)[new].mean())


def _rectangles(marks: Any) -> Iterator[tuple[Any, float]]:
    """Yield the corners around marks that hang together, grown to whole letters, and how sure they are."""
    import cv2
    import numpy as np

    mask = cv2.dilate((marks > _MARK).astype(np.uint8), np.ones((2, 2), np.uint8))
    shapes, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for shape in shapes:
        middle, (width, height), angle = cv2.minAreaRect(shape)
        if min(width, height) < 3:
            continue
        sure = _mean_inside(marks, cv2.boxPoints((middle, (width, height), angle)))
        if sure < _SURE:
            continue
        more = _GROW * width * height / (width + height)
        yield cv2.boxPoints((middle, (width + more, height + more), angle)), sure


def _mean_inside(marks: Any, corners: Any) -> float:
    import cv2
    import numpy as np

    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    part = marks[top:bottom, left:right]
    inside = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(corners - [left, top]).astype(np.int32)], 1)
    return float(cv2.mean(part, inside)[0])


def _turned(picture: Any) -> Any:
    return picture.transpose(1, 0, 2)[::-1]
