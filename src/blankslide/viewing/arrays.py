"""Arrays that decode when they are asked: levels tile by tile, pictures as a whole.

They offer the little of numpy's interface that viewers use (shape, dtype, ndim, size,
indexing) and keep four promises: reading never raises for the file's sake, only the tiles
that were asked for are decoded, nothing is read after `close`, and no decoded pixel of a
picture outlives `close`. The last is why dask stands nowhere here: viewers share one cache
for all dask arrays, and an anonymized label must not live on in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from blankslide.quiet import quiet
from blankslide.viewing.placeholder import hatched, labelled

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]


class LazyArray:
    """The common part: a shape known without decoding.

    Parameters
    ----------
    shape
        (rows, columns) or (rows, columns, samples).
    dtype
        Type of a sample.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        import numpy as np

        self.shape = tuple(int(n) for n in shape)
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of samples."""
        from math import prod

        return prod(self.shape)

    @property
    def rgb(self) -> bool:
        """Whether the last axis holds colours."""
        return self.ndim == 3

    def __getitem__(self, key: Any) -> Pixels:
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Pixels:
        pixels = self[...]
        return pixels if dtype is None else pixels.astype(dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __deepcopy__(self, memo: dict[int, Any]) -> LazyArray:
        # A viewer that duplicates a layer shall share our file, not copy what is read from it.
        return self

    def close(self) -> None:
        """Let go of the file and of every pixel."""


class LazyLevel(LazyArray):
    """One resolution of the tissue.

    Parameters
    ----------
    source
        Something that reads by index and knows its ``chunks``; None gives an area that says nothing is there.

    Attributes
    ----------
    convert
        What is done to the colours that were read; None leaves them as they are in the file.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, source: Any = None) -> None:
        super().__init__(shape, dtype)
        self._source = source
        self.convert: Callable[[Pixels], Pixels] | None = None
        self.chunks: tuple[int, ...] = tuple(getattr(source, "chunks", None) or self.shape)

    @property
    def decodes(self) -> bool:
        """Whether there is something to read, and not only hatching."""
        return self._source is not None

    def __getitem__(self, key: Any) -> Pixels:
        import numpy as np

        source = self._source
        if source is None:
            return self._patchwork(None, key)
        try:
            with quiet():
                pixels = np.asarray(source[key])
        except Exception:  # codecs raise what they like; each tile is then tried alone
            pixels = self._patchwork(source, key)
        return pixels if self.convert is None else self.convert(pixels)

    def _patchwork(self, source: Any, key: Any) -> Pixels:
        """Read what can be read of the area, tile by tile, and hatch the rest."""
        rows, columns, inside = box_of(key, self.shape)
        box = hatched(
            (rows.stop - rows.start, columns.stop - columns.start, *self.shape[2:]),
            self.dtype,
            (rows.start, columns.start),
        )
        if source is not None:
            for y, x in _tiles(rows, columns, self.chunks):
                with quiet():
                    _try(box, source, y, x, (rows.start, columns.start))
        pixels: Pixels = box[inside]
        return pixels

    def close(self) -> None:
        """Let go of the file; further reads give a hatched area."""
        self._source = None


def _try(box: Pixels, source: Any, y: slice, x: slice, corner: tuple[int, int]) -> None:
    try:
        tile = source[y, x]
    except Exception:  # this tile is the broken one: it stays hatched
        return
    box[y.start - corner[0] : y.stop - corner[0], x.start - corner[1] : x.stop - corner[1]] = tile


def box_of(key: Any, shape: tuple[int, ...]) -> tuple[slice, slice, tuple[Any, ...]]:
    """Return the smallest rows and columns that hold ``key``, and the index inside them."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(shape) - len(keys) + 1)
    keys += [slice(None)] * (len(shape) - len(keys))
    spans, inside = [], []
    for item, length in zip(keys[:2], shape[:2], strict=True):
        span, rest = _span(item, length)
        spans.append(span)
        inside.append(rest)
    return spans[0], spans[1], (*inside, *keys[2:])


def _span(item: Any, length: int) -> tuple[slice, Any]:
    if not isinstance(item, slice):
        at = int(item) % length
        return slice(at, at + 1), 0
    wanted = range(*item.indices(length))
    if not wanted:
        return slice(0, 0), slice(0, 0)
    low, high = min(wanted), max(wanted) + 1
    return slice(low, high), slice(None, None, item.step)


def _tiles(rows: slice, columns: slice, chunks: tuple[int, ...]) -> list[tuple[slice, slice]]:
    return [(y, x) for y in _cuts(rows, chunks[0]) for x in _cuts(columns, chunks[1])]


def _cuts(span: slice, step: int) -> list[slice]:
    marks = [span.start, *range((span.start // step + 1) * step, span.stop, step), span.stop]
    return [slice(a, b) for a, b in pairwise(marks) if a < b]


class LazyPicture(LazyArray):
    """A label, macro or thumbnail: small, so decoded as a whole at the first look.

    Parameters
    ----------
    read
        Decodes the picture; may raise anything. None if there is nothing to decode.
    instead
        What the picture says where it cannot be decoded.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, read: Callable[[], Pixels] | None, instead: str) -> None:
        super().__init__(shape, dtype)
        self._instead = instead
        self._read = read
        self._pixels: Pixels | None = None
        self._decodes = False
        self._lock = threading.Lock()

    def __getitem__(self, key: Any) -> Pixels:
        with self._lock:
            part: Pixels = self._whole()[key]
            return part

    @property
    def decodes(self) -> bool:
        """Whether the picture can be shown, and not only words instead; decodes it if it was not looked at yet."""
        with self._lock:
            self._whole()
            return self._decodes

    def _whole(self) -> Pixels:
        if self._pixels is None:
            own = self._decoded()
            self._decodes = own is not None
            self._pixels = labelled(self.shape, self._instead, self.dtype) if own is None else own
        return self._pixels

    def _decoded(self) -> Pixels | None:
        if self._read is not None:
            # Codecs raise what they like, and their words may hold a value.
            with quiet(), suppress(Exception):
                pixels = self._read()
                if pixels.shape == self.shape:
                    return pixels
        return None

    def close(self) -> None:
        """Let go of the file and of the pixels."""
        with self._lock:
            self._read, self._decodes = None, False
            self._pixels = hatched(self.shape, self.dtype)
