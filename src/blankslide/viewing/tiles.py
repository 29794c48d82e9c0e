"""A slide and the pictures beside it cut into squares, for a view that asks for what is in sight and no more.

Whatever the slide holds – grey, colours, 16 bits, several channels – a square is red, green and blue of 8 bits. Where a
slide has no level that is small enough for a screen, smaller ones are computed square by square. Nothing is kept but
what the pyramid keeps, and nothing of it after `Tiles.close`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from blankslide.errors import BlankslideError
from blankslide.viewing.coarse import shrunk
from blankslide.viewing.hints import why_not
from blankslide.viewing.picture import in_order, open_pictures
from blankslide.viewing.pyramid import open_pyramid

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.model import Inspection
    from blankslide.viewing.arrays import LazyArray
    from blankslide.viewing.planes import Channel

    Pixels = np.ndarray[Any, np.dtype[Any]]
    RGB = np.ndarray[Any, np.dtype[np.uint8]]

SIDE = 256
"""Pixels along the side of a square."""
_SCREEN = 1024
_ENOUGH = 1 << 20
_WHITE = (1.0, 1.0, 1.0)
_INKS = ((0.0, 0.4, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (0.0, 1.0, 1.0))


@dataclass(frozen=True)
class Step:
    """One resolution: an array, by which factor it is shrunk, and its size then."""

    array: LazyArray
    factor: int = 1

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = _extent(self.array)
        return -(-width // self.factor), -(-height // self.factor)

    def area(self, column: int, row: int) -> Pixels:
        """Return a square, or less at the edges; the first of all times, the middle of all depths."""
        side = SIDE * self.factor
        key = (slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side))
        axes = self.array.ndim - 2 - self.array.rgb
        front = tuple(self.array.shape[i] // 2 if i == axes - 1 else 0 for i in range(axes))
        pixels: Pixels = self.array[(*front, *key)]
        return pixels if self.factor == 1 else shrunk(pixels, self.factor)


def _extent(array: LazyArray) -> tuple[int, int]:
    height, width = array.shape[-3:-1] if array.rgb else array.shape[-2:]
    return height, width


def _steps(levels: Sequence[LazyArray]) -> tuple[Step, ...]:
    """Return the levels of a slide, and smaller ones until all of it fits on a screen."""
    found = [Step(level) for level in levels]
    while max(found[-1].size) > _SCREEN:
        found.append(Step(found[-1].array, found[-1].factor * 2))
    return tuple(found)


class View:
    """Something to look at: the tissue, or a picture.

    Attributes
    ----------
    name
        ``tissue``, or the picture's role.
    mpp
        Micrometres per pixel, or None.
    channels
        What can be chosen: all together, then one by one; empty where there are only colours.
    """

    def __init__(
        self,
        name: str,
        levels: Sequence[LazyArray],
        mpp: float | None = None,
        channels: Sequence[Channel] = (),
    ) -> None:
        self.name, self.mpp = name, mpp
        self._layers = [_steps(channel.levels) for channel in channels] or [_steps(levels)]
        self._inks = [_ink(channel, number, len(channels)) for number, channel in enumerate(channels)]
        names = [channel.name or f"channel {number}" for number, channel in enumerate(channels, 1)]
        self.channels: tuple[str, ...] = ("all channels", *names) if channels else ()
        self._ranges: dict[int, tuple[float, float]] = {}

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Width and height of each resolution, the largest first."""
        return [step.size for step in self._layers[0]]

    def square(self, level: int, column: int, row: int, channel: int = 0) -> RGB | None:
        """Return a square of a resolution as rows, columns and red, green, blue; None if there is none.

        Parameters
        ----------
        channel
            Which of `channels`.
        """
        steps = self._layers[0]
        if not (0 <= level < len(steps) and 0 <= channel < max(1, len(self.channels))):
            return None
        width, height = steps[level].size
        if not (0 <= column * SIDE < width and 0 <= row * SIDE < height):
            return None
        chosen = range(len(self._layers)) if channel == 0 else [channel - 1]
        if self._inks:
            return self._mixed(chosen, level, column, row)
        pixels = steps[level].area(column, row)
        if pixels.size == 0:
            return None
        return _colours(pixels, self._range(0) if pixels.dtype.itemsize > 1 else (0, 255))

    def _mixed(self, chosen: Sequence[int], level: int, column: int, row: int) -> RGB:
        import numpy as np

        total: Any = 0
        for layer in chosen:
            low, high = self._range(layer)
            area = self._layers[layer][level].area(column, row)
            part = np.clip((area.astype(np.float32) - low) / max(high - low, 1e-9), 0, 1)
            ink = _WHITE if len(chosen) == 1 else self._inks[layer]
            total = total + (part[..., :3] if area.ndim == 3 else part[..., None] * np.asarray(ink, np.float32))
        mixed: RGB = (np.clip(total, 0, 1) * 255).astype(np.uint8)
        return mixed

    def _range(self, layer: int) -> tuple[float, float]:
        """Return what is black and what is white, from the smallest resolution."""
        if layer not in self._ranges:
            import numpy as np

            step = self._layers[layer][-1]
            width, height = step.size
            squares = [
                step.area(column, row) for column in range(-(-width // SIDE)) for row in range(-(-height // SIDE))
            ]
            values = np.concatenate([square.reshape(-1)[:: max(1, square.size // _ENOUGH)] for square in squares])
            low, high = np.percentile(values, (0.5, 99.8))
            self._ranges[layer] = (0.0 if values.dtype.kind == "u" and low < high / 4 else float(low), float(high))
        return self._ranges[layer]


def _ink(channel: Channel, number: int, count: int) -> tuple[float, float, float]:
    if channel.colour is not None:
        return channel.colour
    return _WHITE if count == 1 else _INKS[number % len(_INKS)]


def _colours(pixels: Pixels, span: tuple[float, float]) -> RGB:
    """Return any pixels as red, green and blue of 8 bits; what is transparent is white."""
    import numpy as np

    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype != np.uint8:
        low, high = span
        scaled = (pixels.astype(np.float32) - low) / max(high - low, 1e-9)
        pixels = (np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[2] == 4:
        seen = pixels[..., 3:].astype(np.uint16)
        return ((pixels[..., :3] * seen + 255 * (255 - seen)) // 255).astype(np.uint8)
    return pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)


class Tiles:
    """A slide that is open for a closer look.

    Parameters
    ----------
    path
        The slide's main file.
    found
        What is in it.

    Attributes
    ----------
    views
        What can be looked at: the tissue first, then the pictures that can be shown.
    trouble
        Why the tissue is not among them; empty if it is.

    Raises
    ------
    BlankslideError
        If not even the pictures can be opened.
    """

    def __init__(self, path: Path, found: Inspection) -> None:
        self.trouble = ""
        self.views: list[View] = []
        self._lock = threading.Lock()
        self._open: Any = None
        self._coarse: Any = None
        try:
            self._open_tissue(path, found)
        except (BlankslideError, ImportError) as error:
            hint = why_not(path, found) if isinstance(error, ImportError) else error.message
            self.trouble = f"the tissue cannot be shown: {hint}"
            self._open = open_pictures(path, found)
        pictures: dict[str, LazyArray] = getattr(self._open, "beside", None) or self._open.pictures
        seen = [role for role in in_order(pictures) if getattr(pictures[role], "decodes", True)]
        self.views += [View(role, (pictures[role],)) for role in seen]

    def _open_tissue(self, path: Path, found: Inspection) -> None:
        pyramid = open_pyramid(path, found)
        self._open, self._coarse = pyramid, pyramid.coarse
        for number, image in enumerate(pyramid.images, 1):
            name = "tissue" if number == 1 else f"tissue {image.name or number}"
            mpp = image.mpp or pyramid.mpp
            self.views.append(View(name, image.levels, None if mpp is None else mpp[0], image.channels))

    @property
    def is_rough(self) -> bool:
        """Whether smaller resolutions are still to be computed by `refine`."""
        return self._coarse is not None and not self._coarse.finished

    def refine(self) -> bool:
        """Compute smaller resolutions of a slide that has none. Blocks; False if it was closed meanwhile."""
        return self._coarse is None or bool(self._coarse.build())

    def square(self, view: int, level: int, column: int, row: int, channel: int = 0) -> RGB | None:
        """Return a square of a view; None if there is none, or the slide was closed."""
        with self._lock:
            if self._open is None or not 0 <= view < len(self.views):
                return None
            return self.views[view].square(level, column, row, channel)

    def close(self) -> None:
        """Close the slide and forget every pixel; safe to repeat."""
        if self._coarse is not None:
            self._coarse.close()
        with self._lock:
            opened, self._open, self.views = self._open, None, []
            if opened is not None:
                opened.close()
