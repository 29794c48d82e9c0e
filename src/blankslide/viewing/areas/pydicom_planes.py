"""Optical paths and focal planes of a DICOM slide, frame by frame through pydicom, with all their bits.

Other readers show one path, in colours of eight bits. Which frame lies where is said once for all (TILED_FULL: rows of
tiles, then focal planes, then paths) or for each frame. A slide of one path and one plane of eight bits has no
channels.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.quiet import quiet
from blankslide.viewing.planes import Channel, LazyStack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np

    from blankslide.model import Inspection

    Pixels = np.ndarray[Any, np.dtype[Any]]

_MOST_PATHS, _MOST_FRAMES = 64, 200_000
_QUICK = (
    "NumberOfOpticalPaths", "TotalPixelMatrixFocalPlanes", "BitsAllocated", "OpticalPathSequence", "SamplesPerPixel",
)  # fmt: skip


class Frame(NamedTuple):
    """Where one frame lies, from 0: rows and columns are those of the whole matrix."""

    path: str
    plane: float
    row: int
    column: int
    file: int
    number: int


class Matrix(NamedTuple):
    """One resolution: its size, and its tiles by path, plane, row and column."""

    rows: int
    columns: int
    tile: tuple[int, int]
    frames: Mapping[tuple[str, float], list[Frame]]


def channels_of(files: list[Path], found: Inspection) -> tuple[Channel, ...]:
    """Return the optical paths of a slide; none if it is one plane of eight bits.

    Parameters
    ----------
    files
        The slide's files, as inspection counts them.
    """
    pictures = {image.page for image in found.associated}
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            levels = {n: path for n, path in enumerate(files) if n not in pictures}
            return tuple(_channels(files, found, levels)) if _has_more(levels.values()) else ()
        except Exception:  # pydicom raises what it likes, and its words may hold a value
            return ()


def _has_more(files: Iterable[Path]) -> bool:
    from pydicom import dcmread

    paths: set[str] = set()
    for path in files:
        head = dcmread(path, stop_before_pixels=True, specific_tags=list(_QUICK))
        if int(head.get("BitsAllocated", 8)) > 8 or int(head.get("TotalPixelMatrixFocalPlanes", 1) or 1) > 1:
            return True
        paths.update(str(item.get("OpticalPathIdentifier", "")) for item in head.get("OpticalPathSequence", ()))
    return len(paths) > 1


def _channels(files: list[Path], found: Inspection, levels: Mapping[int, Path]) -> list[Channel]:
    heads = _heads(levels)
    matrices = [_matrix(heads, level.width, level.height) for level in found.levels]
    top, first = matrices[0], heads[found.levels[0].page]
    planes = sorted({plane for _, plane in top.frames})
    colours = int(first.SamplesPerPixel) > 1
    kind = f"uint{8 * -(-int(first.BitsAllocated) // 8)}"
    if len(top.frames) == 1 and kind == "uint8":
        return []
    stored = int(first.get("BitsStored", 8))
    range_ = (0.0, float(2**stored - 1)) if 8 < stored < 16 and not colours else None
    names = _names(heads.values())
    channels = []
    for path in list(dict.fromkeys(path for path, _ in top.frames))[:_MOST_PATHS]:
        shown = []
        for matrix in matrices:
            if all((path, plane) in matrix.frames for plane in planes):
                shape = (matrix.rows, matrix.columns, *((3,) if colours else ()))
                shape = (len(planes), *shape) if len(planes) > 1 else shape
                shown.append(LazyStack(shape, kind, colours, _Reader(files, matrix, path, planes, colours, kind).read))
        axes = ("Z" if len(planes) > 1 else "") + ("YXS" if colours else "YX")
        channels.append(Channel(names.get(path, path), None, tuple(shown), axes, range_))
    return channels


def _heads(levels: Mapping[int, Path]) -> dict[int, Any]:
    from pydicom import dcmread

    return {number: dcmread(path, stop_before_pixels=True) for number, path in levels.items()}


def _names(heads: Iterable[Any]) -> dict[str, str]:
    """Return what paths are called: their descriptions where they have one."""
    items = (item for head in heads for item in head.get("OpticalPathSequence", ()))
    pairs = ((str(i.get("OpticalPathIdentifier", "")), str(i.get("OpticalPathDescription", "") or "")) for i in items)
    return {key: said for key, said in pairs if said}


def _matrix(heads: Mapping[int, Any], width: int, height: int) -> Matrix:
    frames: dict[tuple[str, float], list[Frame]] = {}
    tile = (0, 0)
    for number, head in heads.items():
        size = int(head.get("TotalPixelMatrixColumns", head.Columns)), int(head.get("TotalPixelMatrixRows", head.Rows))
        if size != (width, height):
            continue
        tile = int(head.Rows), int(head.Columns)
        taken = set(frames)
        for frame in _frames(head, number, size):
            key = frame.path, frame.plane
            while key in taken:  # a file for each focal plane
                key = key[0], key[1] + 1
            frames.setdefault(key, []).append(frame)
    return Matrix(height, width, tile, frames)


def _frames(head: Any, file: int, size: tuple[int, int]) -> list[Frame]:
    """List the frames of a file with their places."""
    paths = [str(item.get("OpticalPathIdentifier", "")) for item in head.get("OpticalPathSequence", ())] or [""]
    count = min(int(head.get("NumberOfFrames", 1) or 1), _MOST_FRAMES)
    each = head.get("PerFrameFunctionalGroupsSequence")
    if each is not None and head.get("DimensionOrganizationType") != "TILED_FULL":
        return [_placed(item, file, number, paths[0]) for number, item in enumerate(each[:count])]
    down, across = -(-size[1] // int(head.Rows)), -(-size[0] // int(head.Columns))
    planes = int(head.get("TotalPixelMatrixFocalPlanes", 1) or 1)
    listed = []
    for number in range(count):
        rest, column = divmod(number, across)
        rest, row = divmod(rest, down)
        path, plane = divmod(rest, planes)
        if path < len(paths):
            place = row * int(head.Rows), column * int(head.Columns)
            listed.append(Frame(paths[path], float(plane), *place, file, number))
    return listed


def _placed(item: Any, file: int, number: int, path: str) -> Frame:
    at = item.PlanePositionSlideSequence[0]
    said = item.get("OpticalPathIdentificationSequence")
    own = str(said[0].OpticalPathIdentifier) if said else path
    row, column = int(at.RowPositionInTotalImagePixelMatrix) - 1, int(at.ColumnPositionInTotalImagePixelMatrix) - 1
    return Frame(own, float(at.get("ZOffsetInSlideCoordinateSystem", 0) or 0), row, column, file, number)


class _Reader:
    """One path at one resolution."""

    def __init__(
        self, files: list[Path], matrix: Matrix, path: str, planes: list[float], colours: bool, kind: str
    ) -> None:
        self._files, self._matrix, self._path, self._planes = files, matrix, path, planes
        self._colours, self._kind = colours, kind

    def read(self, place: tuple[int, ...], rows: slice, columns: slice) -> Pixels:
        """Return an area of a plane; may raise anything."""
        import numpy as np
        from pydicom.pixels.utils import pixel_array

        area = (rows.stop - rows.start, columns.stop - columns.start, *((3,) if self._colours else ()))
        pixels = np.full(area, np.iinfo(self._kind).max if self._colours else 0, self._kind)
        high, wide = self._matrix.tile
        for frame in self._matrix.frames[self._path, self._planes[place[0] if place else 0]]:
            top, bottom = max(rows.start, frame.row), min(rows.stop, frame.row + high)
            left, right = max(columns.start, frame.column), min(columns.stop, frame.column + wide)
            if top >= bottom or left >= right:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tile = pixel_array(self._files[frame.file], index=frame.number)
            part = tile[top - frame.row : bottom - frame.row, left - frame.column : right - frame.column]
            pixels[top - rows.start : bottom - rows.start, left - columns.start : right - columns.start] = part
        return pixels
