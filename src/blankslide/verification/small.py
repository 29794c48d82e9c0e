"""The scanned part of a slide, small and grey, as the first reader that can shows it: what a macro is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["slide_grey"]

_LARGEST, _ENOUGH, _SMALL, _TIMEOUT = 16 << 20, 256, 1024, 60.0
_GLASS = 255


def slide_grey(path: Path) -> NDArray[np.uint8] | None:
    """Return the grey values of a slide; None if no reader shows it.

    Parameters
    ----------
    path
        Its main file.
    """
    for reader in (_openslide, _czi, _isyntax):
        try:
            pixels = reader(path)
        except Exception:  # noqa: S112 whatever a reader raises for a file that it cannot open
            continue
        if pixels is not None:
            return pixels
    return None


def _openslide(path: Path) -> NDArray[np.uint8] | None:
    """Read what was scanned: of a large canvas that may be a small part."""
    from openslide import OpenSlide

    from blankslide.verification.judges.openslide import can_read

    if not can_read(path):
        return None
    with OpenSlide(path) as slide:
        known = slide.properties
        x, y, width, height = (int(known.get(f"openslide.bounds-{name}", 0)) for name in ("x", "y", "width", "height"))
        if not (width and height):
            x, y, (width, height) = 0, 0, slide.dimensions
        level = slide.level_count - 1
        while level and max(width, height) / slide.level_downsamples[level] < _ENOUGH:
            level -= 1
        scale = slide.level_downsamples[level]
        size = max(1, int(width / scale)), max(1, int(height / scale))
        return None if size[0] * size[1] > _LARGEST else _grey(slide.read_region((x, y), level, size))


def _grey(image: Image) -> NDArray[np.uint8]:
    import numpy as np

    region = np.asarray(image)
    grey = region[..., :3].astype(np.float32).mean(axis=2)
    grey[region[..., 3] == 0] = _GLASS  # what was not scanned
    return np.asarray(grey, dtype=np.uint8)


def _czi(path: Path) -> NDArray[np.uint8] | None:
    import numpy as np
    from pylibCZIrw import czi

    with czi.open_czi(str(path)) as slide:
        box = slide.total_bounding_rectangle
        zoom = min(1.0, _SMALL / max(box.w, box.h, 1))
        pixels = slide.read(roi=(box.x, box.y, box.w, box.h), zoom=zoom)
    grey = np.asarray(pixels, dtype=np.float32).reshape(pixels.shape[0], pixels.shape[1], -1).mean(axis=2)
    top = float(grey.max())
    return np.asarray(grey * (_GLASS / top) if top > _GLASS else grey, dtype=np.uint8)


def _isyntax(path: Path) -> NDArray[np.uint8] | None:
    """Let a process of its own read an iSyntax file: the library may end it."""
    import numpy as np

    from blankslide.verification.judges import apart, pyisyntax

    if not pyisyntax.can_read(path):
        return None
    told, data = apart.ask("pyisyntax_small", path, _TIMEOUT)
    region = np.frombuffer(data, np.uint8).reshape(told["height"], told["width"], 4)
    return _grey_of(region)


def _grey_of(region: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import numpy as np

    grey = region[..., :3].astype(np.float32).mean(axis=2)
    return np.asarray(grey, dtype=np.uint8)
