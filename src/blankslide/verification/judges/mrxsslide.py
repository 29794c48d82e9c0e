"""mrxsslide as a judge of MIRAX slides: written in Python, without a line of OpenSlide.

It opens every data file and keeps them open, so it is closed in any case. Its zoom levels and
pictures bear OpenSlide's names; places of a level are sampled as with OpenSlide.
"""

from __future__ import annotations

from collections.abc import Callable
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
    places,
)

if TYPE_CHECKING:
    from pathlib import Path

_SIDE = 32


def version() -> str:
    """Return the version of the package; an import error if it is not installed."""
    from importlib.util import find_spec
    from pathlib import Path

    found = find_spec("mrxsslide")
    if found is None or found.origin is None:
        raise ImportError("mrxsslide is not installed")
    # asked for every slide of whatever kind, so nothing is imported and no metadata is parsed
    infos = Path(found.origin).parents[1].glob("mrxsslide-*.dist-info")
    return next((info.name.removesuffix(".dist-info").partition("-")[2] for info in infos), "unknown")


def can_read(path: Path) -> bool:
    """Whether a folder of the file's name holds what a MIRAX slide is made of."""
    return path.suffix.lower() == ".mrxs" and (path.with_suffix("") / "Slidedat.ini").is_file()


def look(path: Path, edit: Edit = NO_EDIT) -> ReaderView:
    """Open the slide and sample it.

    Parameters
    ----------
    edit
        What is about to be written, or was.

    Raises
    ------
    Exception
        Whatever the library raises for a slide that it cannot open.
    """
    from mrxsslide import MrxsSlide

    slide = MrxsSlide(path)
    try:
        known = slide.properties
        mpp = tuple(_number(known.get(f"openslide.mpp-{axis}")) for axis in "xy")
        sizes = slide.level_dimensions
        return ReaderView(
            reader="mrxsslide",
            version=version(),
            vendor=str(known.get("openslide.vendor", "")),
            mpp=(mpp[0], mpp[1]) if mpp[0] is not None and mpp[1] is not None else None,
            objective=_number(known.get("openslide.objective-power")),
            levels=tuple(_level(slide, i, sizes) for i in range(len(sizes))),
            pictures=tuple(_picture(slide, name, edit) for name in sorted(slide.associated_images)),
        )
    finally:
        slide.close()


def _level(slide: Any, index: int, sizes: tuple[tuple[int, int], ...]) -> LevelView:
    width, height = sizes[index]
    scale = slide.level_downsamples[index]
    samples = []
    for x, y, w, h in places(width, height, _SIDE, effort(index, len(sizes))):
        corner = (int(x * scale), int(y * scale))
        region = _tried(lambda corner=corner, w=w, h=h: slide.read_region(corner, index, (w, h)))  # type: ignore[misc]
        samples.append(FAILS if region is None else digest(region.tobytes(), region.size))
    return LevelView((width, height), tuple(samples))


def _picture(slide: Any, name: str, edit: Edit) -> PictureView:
    image = _tried(lambda: slide.associated_images[name])
    if image is None or image.width * image.height > PICTURE_LIMIT:
        return PictureView(name, (0, 0) if image is None else image.size, "", False)
    covered = edit.cover(image.size)
    if covered is not None:
        image = image.convert("RGBA")
        image.paste((0, 0, 0, 0), covered)
    extrema = image.convert("RGB").getextrema()
    return PictureView(name, image.size, digest(image.tobytes(), image.size), all(low == high for low, high in extrema))


def _tried(question: Callable[[], Any]) -> Any:
    """Ask; whatever the library or a codec raises is the answer that it cannot."""
    try:
        return question()
    except Exception:  # foreign code on a foreign file
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
