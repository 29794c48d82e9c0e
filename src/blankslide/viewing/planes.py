"""A slide that has more than colours: one array a channel, with time and depth in front of rows and columns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from blankslide.quiet import quiet
from blankslide.viewing.arrays import LazyArray, box_of
from blankslide.viewing.placeholder import hatched

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]

Colour = tuple[float, float, float]
Reads = Callable[[tuple[int, ...], slice, slice], "Pixels"]
_AXES = "TZYX"
"""Those that a viewer steps through or shows, in the order in which it gets them."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of a slide.

    Attributes
    ----------
    name
        As the slide calls it; empty if it does not.
    colour
        Red, green, blue between 0 and 1; None if the slide does not say.
    levels
        Lazy arrays, largest first: (times, depths, rows, columns), without the axes that the slide does not have.
    axes
        Of each of them, such as ``ZYX``; ``YXS`` for a channel that is in colours.
    range
        What its values can be where that is less than its type says, such as 12 bits of 16; None if it is not known.
    """

    name: str = field(repr=False)
    colour: Colour | None
    levels: tuple[LazyArray, ...]
    axes: str
    range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One image of a slide that has several: a scene of a CZI, an image of an OME-TIFF.

    Attributes
    ----------
    name
        As the slide calls it; empty if it does not.
    levels
        Lazy arrays, largest first.
    channels
        What it has instead of colours.
    at
        Where it lies (x, y) in pixels of the slide's largest level; None if the file does not say.
    mpp
        Micrometres per pixel (x, y); None if that is the slide's.
    pages
        Pages of the file that it is made of, where inspection takes them for pictures that nobody knows.
    """

    name: str = field(repr=False)
    levels: tuple[LazyArray, ...]
    channels: tuple[Channel, ...] = ()
    at: tuple[int, int] | None = None
    mpp: tuple[float, float] | None = None
    pages: frozenset[int] = frozenset()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the largest level."""
        if self.channels:
            top = self.channels[0]
            shape = top.levels[0].shape
            return (shape[-3], shape[-2]) if top.levels[0].rgb else (shape[-2], shape[-1])
        return self.levels[0].shape[0], self.levels[0].shape[1]


class LazyStack(LazyArray):
    """Planes that something else reads one at a time, each by an area of it.

    Parameters
    ----------
    shape
        (times, depths, rows, columns, samples), without what there is not.
    rgb
        Whether the last axis holds colours.
    read
        Returns an area of a plane by its place along the axes in front, its rows and its columns; may raise anything.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, rgb: bool, read: Reads) -> None:
        super().__init__(shape, dtype)
        self._rgb = rgb
        self._read: Reads | None = read

    @property
    def rgb(self) -> bool:
        """Whether the last axis holds colours."""
        return self._rgb

    def __getitem__(self, key: Any) -> Pixels:
        import numpy as np

        parts = _whole(key, self.ndim)
        front = self.ndim - (3 if self._rgb else 2)
        rows, columns, inside = box_of(tuple(parts[front:]), self.shape[front:])
        places = [
            range(n)[part] if _is_span(part) else [int(part) % n]
            for part, n in zip(parts[:front], self.shape[:front], strict=True)
        ]
        area = rows.stop - rows.start, columns.stop - columns.start, *self.shape[front + 2 :]
        kept = [len(place) for place, part in zip(places, parts[:front], strict=True) if _is_span(part)]
        shape = (*kept, *np.empty(area, self.dtype)[inside].shape)
        planes = [self._plane(place, rows, columns, area)[inside] for place in product(*places)]
        return np.asarray(planes, self.dtype).reshape(shape)

    def _plane(self, place: tuple[int, ...], rows: slice, columns: slice, area: tuple[int, ...]) -> Pixels:
        if self._read is not None:
            with quiet(), suppress(Exception):  # libraries raise what they like
                pixels = self._read(place, rows, columns)
                if pixels.shape == area:
                    return pixels
        return hatched(area, self.dtype, (rows.start, columns.start))

    def close(self) -> None:
        """Let go of the file; further reads give a hatched area."""
        self._read = None


def shown_axes(axes: str) -> str:
    """Return the axes that a viewer gets, in their order; the file's order is kept by whoever reads."""
    return "".join(axis for axis in axes if axis in _AXES)


def _is_span(part: Any) -> bool:
    return isinstance(part, slice)


def _whole(key: Any, ndim: int) -> list[Any]:
    """Return an index with a part for each axis."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts[at : at + 1] = [slice(None)] * (ndim - len(parts) + 1)
    return [*parts, *[slice(None)] * (ndim - len(parts))]
