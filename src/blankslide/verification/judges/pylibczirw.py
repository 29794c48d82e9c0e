"""pylibCZIrw, the maker's own library, as a judge of CZI slides.

It shows every codec and pixel type, where OpenSlide refuses JPEG XR and fluorescence; it says
nothing of attachments. Places are sampled at full size and, around the centre, at coarser zooms,
for which it reads the pyramid; of each only as many tiles are decoded as meet the place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from blankslide.verification.views import FAILS, LevelView, ReaderView, digest, places

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"ZISRAWFILE\0\0\0\0\0\0"
_SIDE, _CHANNELS = 64, 3
_ZOOMS = (4, 16)
_DISTANCE = re.compile(
    r"""<Distance(?=\s)[^<>]*?\sId\s*=\s*["']([XY])["'](?:[^<>]*[^/<>])?>.{0,4096}?<Value[^<>]*>\s*([-+.\deE]+)\s*<""",
    re.S,
)
_POWER = re.compile(r"<NominalMagnification(?:\s[^<>]*)?>\s*([\d.]+)\s*<")


def version() -> str:
    """Return the version of the library; its import error if it is not installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as of
    from importlib.util import find_spec

    try:  # the library itself is loaded for a CZI only: it is large
        return of("pylibCZIrw") if find_spec("_pylibCZIrw") else ""
    except PackageNotFoundError:
        return ""


def can_read(path: Path) -> bool:
    """Only a CZI has its first bytes."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def look(path: Path) -> ReaderView:
    """Open the slide and sample it.

    Raises
    ------
    RuntimeError
        If it cannot be opened.
    """
    from pylibCZIrw import czi

    with czi.open_czi(str(path)) as slide:
        box = slide.total_bounding_rectangle
        xml = slide.raw_metadata
        channels = range(min(_CHANNELS, len(slide.pixel_types)))
        areas = places(box.w, box.h, _SIDE, 5)
        samples = [
            _sample(slide, (box.x + x, box.y + y, w, h), c, 1.0)
            for c, (x, y, w, h) in ((c, area) for c in channels for area in areas)
        ]
        for factor in _ZOOMS:
            x, y, w, h = places(box.w, box.h, _SIDE * factor, 1)[0]
            samples += [_sample(slide, (box.x + x, box.y + y, w, h), c, 1 / factor) for c in channels]
        return ReaderView(
            reader="pylibCZIrw",
            version=version(),
            vendor="czi",
            mpp=_mpp(xml),
            objective=_first(xml),
            levels=(LevelView((box.w, box.h), tuple(samples)),),
        )


def _sample(slide: Any, roi: tuple[int, int, int, int], channel: int, zoom: float) -> str:
    try:
        pixels = slide.read(roi=roi, plane={"C": channel}, zoom=zoom)
    except Exception:  # the library raises what its parts raise; a judge's failure is an answer
        return FAILS
    return digest(pixels.tobytes(), pixels.shape)


def _mpp(xml: str) -> tuple[float, float] | None:
    """Micrometres per pixel, from metres."""
    found = dict(_DISTANCE.findall(xml))
    try:
        return float(found["X"]) * 1e6, float(found["Y"]) * 1e6
    except (KeyError, ValueError):
        return None


def _first(xml: str) -> float | None:
    found = _POWER.search(xml)
    return float(found[1]) if found else None
