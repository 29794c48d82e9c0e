"""pydicom as a judge of DICOM slides.

It reads what OpenSlide does not (implicit data sets, RLE, lossless JPEG) and decodes through
Pillow. The files of a slide are found here anew: those of the folder with the same Series
Instance UID. Frames are sampled by their number; pictures are decoded whole, if they are small.

Only a single frame that is called LABEL, OVERVIEW or THUMBNAIL is a picture, which may have changed.
All else is held against its past like a level, whatever its Image Type says: who drew over tissue
because of a word must not be judged by the same word.

What pydicom warns of may quote a value, so nothing of it is heard.
"""

from __future__ import annotations

import os
import time
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from blankslide.verification.views import (
    FAILS,
    NO_EDIT,
    PICTURE_LIMIT,
    Edit,
    LevelView,
    PictureView,
    ReaderView,
    digest,
    effort,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MARK = 128
_EXPLICIT, _DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
_MOST_FILES = 1 << 16
_WHERE = (0.5, 0.27, 0.73, 0.1, 0.9)
_NAMES = {"LABEL": "label", "OVERVIEW": "macro", "THUMBNAIL": "thumbnail"}


@lru_cache(maxsize=1)
def version() -> str:
    """Return the version of the library, without importing it; ImportError if it is not installed."""
    from importlib.metadata import version

    return version("pydicom")  # PackageNotFoundError is an ImportError


def can_read(path: Path) -> bool:
    """Whether the file is a DICOM Part 10 file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(_MARK + 4)[_MARK:] == b"DICM"


def look(path: Path, edit: Edit = NO_EDIT) -> ReaderView:
    """Open the slide and sample it.

    Parameters
    ----------
    edit
        What is about to be written, or was.

    Raises
    ------
    Exception
        Whatever pydicom raises for a file that it cannot read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files: list[tuple[Path, Any]] = list(_series(path))
        ordered = sorted((f for f in files if not _is_picture(f[1])), key=lambda f: _size(f[1]), reverse=True)
        top = (ordered or files)[0][1]
        return ReaderView(
            reader="pydicom",
            version=version(),
            vendor=str(top.get("SOPClassUID", "")),
            mpp=_mpp(top),
            objective=_decimal(_first(top, "OpticalPathSequence"), "ObjectiveLensPower"),
            levels=tuple(_level(f, h, effort(i, len(ordered))) for i, (f, h) in enumerate(ordered)),
            colour=_colour(_first(top, "OpticalPathSequence")),
            pictures=tuple(_picture(f, h, edit) for f, h in files if _is_picture(h)),
        )


def _series(path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the slide's files with their headers, in the order of their names."""
    from pydicom import dcmread

    own = dcmread(path, stop_before_pixels=True)
    for name in sorted(os.listdir(path.parent))[:_MOST_FILES]:
        other = path.with_name(name)
        if other == path:
            yield path, own
        elif _series_of(other) == own.SeriesInstanceUID:
            yield other, dcmread(other, stop_before_pixels=True)


def members(path: Path) -> Iterator[Path]:
    """Yield the files of the slide, without opening their pixels; only itself if it says no series."""
    yield path
    own = _series_of(path)
    for name in sorted(os.listdir(path.parent))[:_MOST_FILES] if own else ():
        other = path.with_name(name)
        if other != path and _series_of(other) == own:
            yield other


_known: dict[tuple[int, ...], str | None] = {}
_TICK = 100_000_000


def _series_of(path: Path) -> str | None:
    """Return a file's series; what it said is kept as long as the file stays as it is.

    A folder of many slides is looked through for each of them. A file that changed a moment ago may change
    again without its dates showing it, so that is asked again.
    """
    try:
        now = path.stat()
    except OSError:
        return None
    state = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    if state not in _known:
        begun = time.time_ns()
        found = _read_series(path) if can_read(path) else None
        if max(state[3:]) + _TICK >= begun:
            return found
        if len(_known) >= 2 * _MOST_FILES:
            _known.clear()
        _known[state] = found
        return found
    return _known[state]


def _read_series(path: Path) -> str | None:
    from pydicom import dcmread

    try:
        header = dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"])
    except (
        Exception
    ):  # pydicom raises what it likes, and its words may hold a value; a neighbour is no fault of the slide
        return None
    return str(header.get("SeriesInstanceUID") or "") or None


def _flavour(header: Any) -> str:
    kinds: Any = header.get("ImageType") or ()
    # a single value is no list: its third letter would be a word
    return str(kinds[2]).strip().upper() if not isinstance(kinds, str) and len(kinds) > 2 else ""


def _is_picture(header: Any) -> bool:
    """Whether it is called a picture, and one frame holds all of it."""
    width, height = _size(header)
    layers = int(header.get("TotalPixelMatrixFocalPlanes") or 1) * int(header.get("NumberOfOpticalPaths") or 1)
    whole = _frames(header) <= layers and width <= header.Columns and height <= header.Rows
    return whole and _flavour(header) in _NAMES


def _size(header: Any) -> tuple[int, int]:
    return (
        int(header.get("TotalPixelMatrixColumns") or header.Columns),
        int(header.get("TotalPixelMatrixRows") or header.Rows),
    )


def _frames(header: Any) -> int:
    return int(header.get("NumberOfFrames") or 1)


def _level(path: Path, header: Any, count: int) -> LevelView:
    total = _frames(header)
    chosen = list(dict.fromkeys(int(total * f) for f in _WHERE[:count]))
    source = _source(path, header)
    return LevelView(_size(header), tuple(_sample(source, i) for i in chosen))


def _sample(source: Any, index: int) -> str:
    pixels = _decoded(source, index)
    return FAILS if pixels is None else digest(pixels.tobytes(), pixels.shape)


def _source(path: Path, header: Any) -> Any:
    """What frames are decoded from: the file, or all of it in memory where it is deflated."""
    if str(header.file_meta.get("TransferSyntaxUID", "")) != _DEFLATED:
        return path
    from pydicom import dcmread

    whole: Any = dcmread(path)
    whole.file_meta.TransferSyntaxUID = _EXPLICIT  # it is inflated by now, and decoders know no deflated frames
    return whole


def _decoded(source: Any, index: int) -> Any:
    """Decode one frame as it is coded; None if it fails."""
    from pydicom.pixels.utils import pixel_array

    try:
        return pixel_array(source, index=index, raw=True)
    except Exception:  # codecs raise what they like; a judge's failure is an answer
        return None


def _picture(path: Path, header: Any, edit: Edit) -> PictureView:
    name, size = _NAMES.get(_flavour(header), ""), _size(header)
    if size[0] * size[1] > PICTURE_LIMIT // 4:
        return PictureView(name, size, "", False)
    source = _source(path, header)
    digests: list[str] = []
    colours: set[tuple[int, ...] | None] = set()
    covered = edit.cover(size) if _frames(header) == 1 else None
    for index in range(_frames(header)):
        pixels = _decoded(source, index)
        if pixels is None:
            return PictureView(name, size, "", False)
        if covered is not None:
            left, top, right, bottom = covered
            pixels = pixels.copy()
            pixels[top:bottom, left:right] = 0
        digests.append(digest(pixels.tobytes(), pixels.shape))
        first = pixels[0, 0]
        colours.add(tuple(first.reshape(-1).tolist()) if (pixels == first).all() else None)
    return PictureView(name, size, digest("".join(digests).encode()), len(colours) == 1 and None not in colours)


# -- metadata --------------------------------------------------------------------------


def _first(header: Any, keyword: str) -> Any:
    items = None if header is None else header.get(keyword)
    return items[0] if items else None


def _decimal(item: Any, keyword: str) -> float | None:
    value = None if item is None else item.get(keyword)
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _mpp(header: Any) -> tuple[float, float] | None:
    shared = _first(header, "SharedFunctionalGroupsSequence")
    spacing = None if shared is None else (_first(shared, "PixelMeasuresSequence") or {}).get("PixelSpacing")
    if spacing is None or len(spacing) != 2:
        return None
    return 1000 * float(spacing[1]), 1000 * float(spacing[0])


def _colour(path: Any) -> str:
    """Try the ICC profile: one that is announced but cannot be built breaks viewers."""
    import io

    from PIL.ImageCms import ImageCmsProfile, PyCMSError

    data = None if path is None else path.get("ICCProfile")
    if not data:
        return "absent"
    try:
        ImageCmsProfile(io.BytesIO(data))
    except (PyCMSError, OSError, ValueError):
        return "fails"
    return "builds"
