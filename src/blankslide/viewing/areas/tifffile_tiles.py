"""One page of a TIFF by its tiles or strips: tifffile knows where they lie and decodes them, nothing stands between.

Only what lies in the area that is asked for is read, in threads where tifffile would use some, and nothing is kept. A
tile that is not in the file has a value of its own; what cannot be decoded raises, and whoever shows the area says so.
Why zarr is not used for it: docs/adr/0016-tiles-without-zarr.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.quiet import quiet
from blankslide.viewing.arrays import box_of

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]


class Tile(NamedTuple):
    """A tile or strip: its number in the page, the plane it belongs to, and its upper left corner in the page."""

    number: int
    plane: int
    top: int
    left: int


class TiledPage:
    """What reads a page by rows and columns.

    Parameters
    ----------
    page
        Of tifffile, whole or a frame.
    fill
        Value of tiles that are not in the file; None for what tifffile takes.
    shift
        Bytes by which the pixels lie behind those of ``page``: of a plane that has no page of its own.

    Attributes
    ----------
    shape
        (rows, columns) or (rows, columns, samples), also where the file has one plane of samples after the other.
    chunks
        Of a tile or strip, in the same way.

    Raises
    ------
    ValueError
        If the page has depths within itself.
    """

    def __init__(self, page: Any, fill: int | None = None, shift: int = 0) -> None:
        frame = page.keyframe
        self._planes, depths, rows, columns, samples = frame.shaped
        if depths != 1 or (self._planes > 1 and samples > 1):
            raise ValueError("a page of several depths")
        high, wide = frame.chunks[:2]
        colours = (self._planes * samples,) if len(frame.shape) > 2 else ()
        self.shape: tuple[int, ...] = (rows, columns, *colours)
        self.chunks: tuple[int, ...] = (min(int(high), rows) if not frame.is_tiled else int(high), int(wide), *colours)
        self.dtype = frame.dtype
        self._page, self._frame, self._shift = page, frame, shift
        self._fill = frame.nodata if fill is None else fill
        self._file = page.parent.filehandle
        self._file.set_lock(True)
        self._told: dict[str, Any] = {"_fullsize": frame.is_tiled}
        if page.jpegtables is not None:
            self._told["jpegtables"] = page.jpegtables
        if frame.jpegheader is not None:
            self._told["jpegheader"] = frame.jpegheader

    def __getitem__(self, key: Any) -> Pixels:
        import numpy as np

        rows, columns, inside = box_of(key, self.shape)
        box = np.empty((rows.stop - rows.start, columns.stop - columns.start, *self.shape[2:]), self.dtype)
        tiles = list(self._tiles(rows, columns))
        workers = min(len(tiles), self._frame.maxworkers)
        if workers < 2:
            for tile in tiles:
                self._put(box, tile, self._decoded(tile), rows.start, columns.start)
        else:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(workers) as pool:
                for tile, pixels in zip(tiles, pool.map(self._decoded, tiles), strict=True):
                    self._put(box, tile, pixels, rows.start, columns.start)
        found: Pixels = box[inside]
        return found

    def _tiles(self, rows: slice, columns: slice) -> Iterator[Tile]:
        """Yield the tiles in which an area lies."""
        if rows.start == rows.stop or columns.start == columns.stop:
            return
        high, wide = self.chunks[:2]
        down, across = -(-self.shape[0] // high), -(-self.shape[1] // wide)
        for plane in range(self._planes):
            for y in range(rows.start // high, -(-rows.stop // high)):
                for x in range(columns.start // wide, -(-columns.stop // wide)):
                    yield Tile((plane * down + y) * across + x, plane, y * high, x * wide)

    def _decoded(self, tile: Tile) -> Pixels | None:
        """Return a tile as rows, columns and samples; None if it is not in the file. May raise anything."""
        coded = self._coded(tile.number)
        if coded is None:
            return None
        with quiet():  # this may be a thread of its own
            pixels: Any = self._frame.decode(coded, tile.number, **self._told)[0]
        if pixels.dtype.itemsize != self.dtype.itemsize:
            raise ValueError("a tile of other samples than the page's")
        tile_pixels: Pixels = pixels[0]
        return tile_pixels

    def _coded(self, number: int) -> bytes | None:
        offsets, counts = self._page.dataoffsets, self._page.databytecounts
        if number >= len(offsets) or number >= len(counts):  # Philips leaves out the last row
            return None
        offset, count = offsets[number], counts[number]
        if not offset or not count:
            return None
        file = self._file
        with file.lock:
            if file.closed and not self._page.parent.root.filehandle.closed:  # another file of the same slide
                file.open()
            file.seek(offset + self._shift)
            data: bytes = file.read(min(count, file.size))
        return data

    def _put(self, box: Pixels, tile: Tile, pixels: Pixels | None, top: int, left: int) -> None:
        """Put the part of a tile that lies in a box into it."""
        high, wide = self.chunks[:2]
        y, x = slice(max(tile.top, top), tile.top + high), slice(max(tile.left, left), tile.left + wide)
        place = box[y.start - top : y.stop - top, x.start - left : x.stop - left]
        if self._planes > 1:
            place = place[..., tile.plane]
        if pixels is None:
            place[...] = self._fill
            return
        y0, x0 = y.start - tile.top, x.start - tile.left
        part = pixels[y0 : y0 + place.shape[0], x0 : x0 + place.shape[1]]
        part = part[..., 0] if place.ndim == 2 else part
        if part.shape != place.shape:
            raise ValueError("a tile of another size than the page's")
        place[...] = part
