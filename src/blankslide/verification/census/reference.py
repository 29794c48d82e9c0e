"""The slide as an independent reader shows it, small: what pictures found by content are held against."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from blankslide.verification.census.pixels import Look, likeness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from blankslide.verification.census.account import Account, Picture

_LARGEST = 16 << 20
_SIDE = 64
_SMALL = 1024


def slide_look(path: Path) -> Look | None:
    """Look at the lowest level of a slide through OpenSlide or pylibCZIrw; None if neither reads it."""
    for reader in (_openslide, _czi):
        try:
            pixels = reader(path)
        except Exception:  # noqa: S112 whatever a reader raises for a file that it cannot open
            continue
        if pixels is not None:
            return look_of(pixels)
    return None


def _openslide(path: Path) -> NDArray[np.uint8] | None:
    import numpy as np
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        size = slide.level_dimensions[-1]
        if size[0] * size[1] > _LARGEST:
            return None
        region = np.asarray(slide.read_region((0, 0), slide.level_count - 1, size))
    grey = region[..., :3].astype(np.float32).mean(axis=2)
    grey[region[..., 3] == 0] = 255  # what was not scanned is glass
    return np.asarray(grey, dtype=np.uint8)


def _czi(path: Path) -> NDArray[np.uint8] | None:
    import numpy as np
    from pylibCZIrw import czi

    with czi.open_czi(str(path)) as slide:
        box = slide.total_bounding_rectangle
        zoom = min(1.0, _SMALL / max(box.w, box.h, 1))
        pixels = slide.read(roi=(box.x, box.y, box.w, box.h), zoom=zoom)
    array = np.asarray(pixels, dtype=np.float32).reshape(pixels.shape[0], pixels.shape[1], -1).mean(axis=2)
    top = float(array.max())
    return np.asarray(array * (255.0 / top) if top > 255 else array, dtype=np.uint8)


def look_of(grey: NDArray[np.uint8]) -> Look:
    """Return the look of a picture whose greys are all known."""
    import numpy as np
    from PIL import Image

    small = Image.fromarray(grey).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    whole = np.asarray(small).astype(np.float32)
    flat = int(grey.max()) - int(grey.min()) <= 2
    return Look(grey.shape[1], grey.shape[0], (), whole, flat)


def settle_streams(account: Account, slide: Callable[[], Look | None]) -> None:
    """Say of each picture that was found by content what it is: a thumbnail, one of many tiles, or another.

    Parameters
    ----------
    slide
        Looks at the slide; called only if there is a picture to hold against it.
    """
    found = [i for i, picture in enumerate(account.pictures) if picture.proven == "stream"]
    if not found:
        return
    shapes = Counter((p.where, p.width, p.height) for p in account.pictures if p.proven == "stream")
    reference = None
    asked = False
    for number in found:
        picture = account.pictures[number]
        if shapes[picture.where, picture.width, picture.height] * 2 > len(found) > 8:
            account.pictures[number] = picture._replace(proven="tile")
            continue
        if not asked:
            reference, asked = slide(), True
        account.pictures[number] = _held(picture, reference)


def _held(picture: Picture, reference: Look | None) -> Picture:
    if reference is None or picture.look is None:
        return picture._replace(proven="unclear", reason="nobody shows the slide to hold it against")
    told = likeness(picture.look, reference, strict=True)
    if told.verdict == "same":
        return picture._replace(proven="thumbnail", reason="looks like the slide")
    return picture._replace(proven="other", reason="does not look like the slide")
