"""tifffile as a judge.

tifffile's own series are not used: they name pages by their position, and a page that was
unlinked on purpose shifts the rest. Pages are looked at one by one instead. The largest is
the tissue; pages of its shape and layout are levels, all others pictures.

Only single tiles or strips are decoded, never a page of a level, and none above `SEGMENT_LIMIT`.
What nothing is written to is compared by its coded bytes, and decoded at a few places only: the same
bytes under the same tags are the same pixels.
tifffile logs what it reads; while it works here, nothing of that is heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.quiet import quiet
from blankslide.verification.views import (
    EMPTY,
    FAILS,
    NO_EDIT,
    PICTURE_LIMIT,
    UNSEEN,
    Edit,
    LevelView,
    PictureView,
    ReaderView,
    digest,
    effort,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tifffile import TiffFile, TiffPage

SEGMENT_LIMIT = 64 << 20
PAGE_LIMIT = 256
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHERE = (0.5, 0.27, 0.73, 0.1, 0.9)
_KINDS = ("svs", "ndpi", "scn", "bif", "philips", "avs", "qpi", "ome")
_SPREAD, _ENOUGH = 5, 2
_JPEG_TABLES = 347
_MICROMETRES = {2: 25400.0, 3: 10000.0}
_ROLE = re.compile(r"[^|;\n]*\n(label|macro) \d+x\d+\s*(?:[|;]|\Z)")
_TYPE = re.compile(r"<ImageType>(Label|Overview|Thumbnail)<")
# a word's beginning is asked for behind it: an expression that begins with letters is found many times as fast
_MPP_TEXTS = (
    (r"MPP(?<=\bMPP)\s*=\s*([\d.]+)",) * 2,
    (r'PhysicalSizeX(?<=\bPhysicalSizeX)="([\d.eE+-]+)"', r'PhysicalSizeY(?<=\bPhysicalSizeY)="([\d.eE+-]+)"'),
)


def version() -> str:
    """Return the version of the library; its import error if it is not installed."""
    import tifffile

    return str(tifffile.__version__)


def can_read(path: Path) -> bool:
    """Whether the file begins like a TIFF."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) in _MAGIC


def look(path: Path, edit: Edit = NO_EDIT) -> ReaderView:
    """Open the file and sample it.

    Parameters
    ----------
    edit
        What is about to be written, or was.

    Raises
    ------
    Exception
        Whatever tifffile raises for a file that it cannot open.
    """
    from tifffile import TiffFile

    with quiet(), TiffFile(path) as tiff:
        pages = list(_pages(tiff))
        # a small region can have a larger macro than its tissue; where anything is tiled, tissue is
        main = max(pages, key=lambda p: (p.is_tiled, p.imagewidth * p.imagelength))
        levels = [p for p in pages if _is_level(p, main)]
        rest = [p for p in pages if p not in levels]
        sizes = [_size(p) for p in rest]
        told = pages[0].description + "\n" + main.description
        return ReaderView(
            reader="tifffile",
            version=version(),
            vendor=" ".join(k for k in _KINDS if getattr(tiff, f"is_{k}")),
            mpp=_mpp(main, told),
            objective=_first(r"AppMag(?<=\bAppMag)\s*=\s*([\d.]+)", told),
            levels=tuple(_level(tiff, p, effort(i, len(levels)), edit) for i, p in enumerate(levels)),
            pictures=tuple(_picture(tiff, p, edit, sizes) for p in rest),
        )


def _pages(tiff: TiffFile) -> Iterator[TiffPage]:
    """Yield each page and its subpages, up to `PAGE_LIMIT`."""
    found = 0
    for page in tiff.pages:
        family: list[Any] = [page, *(page.pages or ())] if getattr(page, "subifds", None) else [page]
        for member in family:
            if found == PAGE_LIMIT:
                return
            found += 1
            yield member


def _children(page: TiffPage) -> set[int]:
    members: Any = page.pages if getattr(page, "subifds", None) else ()
    return {member.offset for member in members or ()}


def _is_level(page: TiffPage, main: TiffPage) -> bool:
    if page is main:
        return True
    if main.is_ome and page.offset not in _children(main):
        return False  # an image of its own, also where it has the tissue's shape
    # Halving rounds by up to a pixel at each step.
    skew = abs(page.imagewidth * main.imagelength - page.imagelength * main.imagewidth)
    alike = skew <= 4 * max(main.imagewidth, main.imagelength)
    return alike and page.is_tiled == main.is_tiled and not _role(page)


def _role(page: TiffPage) -> str:
    """Name the page's role where the page itself states it, else return an empty string."""
    found = None if page.is_tiled else _ROLE.match(page.description) or _TYPE.search(page.description)
    if found:
        word = found[1].lower()
        return "macro" if word == "overview" else word
    if page.is_svs or page.is_tiled:
        return ""
    tag = page.tags.get(65421)  # NDPI: magnification, -1 for the macro and -2 for the map
    return "macro" if tag is not None and tag.value == -1.0 else ""


# -- pixels ----------------------------------------------------------------------------


def _level(tiff: TiffFile, page: TiffPage, count: int, edit: Edit) -> LevelView:
    total = min(len(page.dataoffsets), _needed(page))
    samples: list[str] = []
    decoded = 0
    for index in dict.fromkeys(int(total * f) for f in _WHERE[:count]):
        if index >= total:
            continue
        start, length = page.dataoffsets[index], page.databytecounts[index]
        if not length:
            samples.append(EMPTY)
        elif decoded >= _ENOUGH and edit.spares([(start, start + length), *_tables(page)]):
            samples.append(_coded(tiff, page, index))
        else:
            pixels = _segment(tiff, page, index)
            decoded += pixels is not None
            samples.append(FAILS if pixels is None else digest(pixels.tobytes(), pixels.shape))
    return LevelView(_size(page), tuple(samples))


def _needed(page: TiffPage) -> int:
    """Number of segments that the picture needs: one that is there beside them is none of its pixels, and may go."""
    return prod(page.chunked)


def _size(page: TiffPage) -> tuple[int, int]:
    return page.imagewidth, page.imagelength


def _picture(tiff: TiffFile, page: TiffPage, edit: Edit, sizes: list[tuple[int, int]]) -> PictureView:
    """Look at all of a picture, or at five segments of one that is too large to be a label."""
    name, size, count = _role(page), _size(page), len(page.dataoffsets)
    if edit.settles(name, size, sizes):
        return PictureView(name, size, UNSEEN, False)
    if prod(size) > PICTURE_LIMIT // 4:
        seen = _seen(tiff, page, dict.fromkeys(int(count * f) for f in _WHERE))
    elif edit.cover(size) is None and count > _SPREAD and edit.spares(_ranges(page)):
        seen = _seen(tiff, page, [*(count * n // (_SPREAD - 1) for n in range(_SPREAD - 1)), count - 1])
        if seen is not None and seen.blank:  # what is of one colour here and there may not be so elsewhere
            seen = _seen(tiff, page, range(count))
        seen = seen and seen._replace(digests=[*seen.digests, *(_coded(tiff, page, i) for i in range(count))])
    else:
        seen = _seen(tiff, page, range(count), edit.cover(size))
    return PictureView(name, size, digest("".join(seen.digests).encode()) if seen else "", bool(seen and seen.blank))


class _Seen(NamedTuple):
    digests: list[str]
    blank: bool


def _seen(
    tiff: TiffFile, page: TiffPage, chosen: Iterable[int], covered: tuple[int, int, int, int] | None = None
) -> _Seen | None:
    """Decode some segments, without the part of the picture that is covered; None if one of them fails."""
    digests, colours = [], set[tuple[int, ...] | None]()
    for index in chosen:
        pixels = _segment(tiff, page, index)
        if pixels is None:
            return None
        if covered is not None:
            pixels = _without(page, index, pixels, covered)
        digests.append(digest(pixels.tobytes(), pixels.shape))
        if None not in colours and len(colours) < 2:
            colours.add(_colour(pixels))
    return _Seen(digests, len(colours) == 1 and None not in colours)


def _without(page: TiffPage, index: int, pixels: Any, covered: tuple[int, int, int, int]) -> Any:
    """Return a segment of (depth, rows, columns, samples) with zeros in what is covered of the picture."""
    wide, high = (page.tilewidth, page.tilelength) if page.is_tiled else (page.imagewidth, page.rowsperstrip)
    columns = -(-page.imagewidth // wide)
    rows = -(-page.imagelength // high)
    x, y = index % columns * wide, index // columns % rows * high
    left, top, right, bottom = covered
    right = max(right, columns * wide) if right >= page.imagewidth else right  # what fills tiles up goes as well
    bottom = max(bottom, rows * high) if bottom >= page.imagelength else bottom
    out = pixels.copy()
    out[:, max(0, top - y) : max(0, bottom - y), max(0, left - x) : max(0, right - x)] = 0
    return out


def _coded(tiff: TiffFile, page: TiffPage, index: int) -> str:
    """Digest a segment as it is coded."""
    length = page.databytecounts[index]
    tiff.filehandle.seek(page.dataoffsets[index])
    return digest(tiff.filehandle.read(min(length, SEGMENT_LIMIT)), length)


def _ranges(page: TiffPage) -> Iterator[tuple[int, int]]:
    """Where a page's pixels are coded: its segments, and the tables that they share."""
    yield from _tables(page)
    for start, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        yield start, start + length


def _tables(page: TiffPage) -> Iterator[tuple[int, int]]:
    tag = page.tags.get(_JPEG_TABLES)
    if tag is not None:
        yield tag.valueoffset, tag.valueoffset + tag.valuebytecount


def _colour(pixels: Any) -> tuple[int, ...] | None:
    """Return the one colour of (depth, rows, columns, samples), or None if there are several."""
    first = pixels[0, 0, 0]
    return tuple(first.tolist()) if (pixels[:, 0] == first).all() and (pixels == first).all() else None


def _segment(tiff: TiffFile, page: TiffPage, index: int) -> Any:
    """Decode one tile or strip; None if it fails or is too large."""
    coded = page.databytecounts[index]
    if coded > SEGMENT_LIMIT or prod(page.chunks) * max(1, page.bitspersample // 8) > SEGMENT_LIMIT:
        return None
    tiff.filehandle.seek(page.dataoffsets[index])
    data = tiff.filehandle.read(coded)
    try:
        return page.decode(data, index, jpegtables=page.jpegtables, jpegheader=page.jpegheader)[0]
    except Exception:  # codecs raise what they like; a judge's failure is an answer
        return None


# -- metadata --------------------------------------------------------------------------


def _mpp(page: TiffPage, told: str) -> tuple[float, float] | None:
    for x, y in _MPP_TEXTS:
        pair = _first(x, told), _first(y, told)
        if pair[0] is not None and pair[1] is not None:
            return pair[0], pair[1]
    return _mpp_from_tags(page)


def _mpp_from_tags(page: TiffPage) -> tuple[float, float] | None:
    unit, x, y = (page.tags.valueof(code) for code in (296, 282, 283))
    scale = _MICROMETRES.get(int(unit or 0))
    if scale is None or not x or not y or 0 in (*x, *y):
        return None
    return scale * x[1] / x[0], scale * y[1] / y[0]


def _first(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None
