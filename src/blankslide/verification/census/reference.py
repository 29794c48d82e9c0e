"""The slide as an independent reader shows it, small: what pictures found by content are held against."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

from blankslide.verification.census.pixels import Look, likeness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from blankslide.verification.census.account import Account, Picture
    from blankslide.verification.census.memory import Memory
    from blankslide.verification.census.pixels import Likeness

_LARGEST = 16 << 20
_SIDE = 64
_SMALL = 1024


def slide_look(path: Path) -> Look | None:
    """Look at the lowest level of a slide through OpenSlide or pylibCZIrw; None if neither reads it."""
    pixels = slide_grey(path)
    return None if pixels is None else look_of(pixels)


def slide_grey(path: Path) -> NDArray[np.uint8] | None:
    """Return the grey values of the lowest level of a slide, as the first reader that can shows it."""
    for reader in (_openslide, _czi):
        try:
            pixels = reader(path)
        except Exception:  # noqa: S112 whatever a reader raises for a file that it cannot open
            continue
        if pixels is not None:
            return pixels
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


def settle_streams(account: Account, slide: Callable[[], Look | None], memory: Memory | None = None) -> None:
    """Say of each picture that was found by content what it is: a thumbnail, one of many tiles, or another.

    Hundreds of strips may be found, each of which takes a search through shifts and turns: so what has another shape
    than the slide is none of it, and what was held against the slide before in this run is not again.

    Parameters
    ----------
    memory
        What was found out before in this run.
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
        account.pictures[number] = _held(picture, reference, memory.likenesses if memory else {})


def _held(picture: Picture, reference: Look | None, known: dict[tuple[bytes, bytes], Likeness]) -> Picture:
    if reference is None or picture.look is None:
        return picture._replace(proven="unclear", reason="nobody shows the slide to hold it against")
    if not _has_its_shape(picture, reference):
        return picture._replace(proven="other", reason="does not have the slide's shape")
    pair = (_digest(picture.look), _digest(reference))
    told = known[pair] if pair in known else likeness(picture.look, reference, strict=True)
    known[pair] = told
    if told.verdict == "same":
        return picture._replace(proven="thumbnail", reason="looks like the slide")
    return picture._replace(proven="other", reason="does not look like the slide")


def _has_its_shape(picture: Picture, reference: Look) -> bool:
    """Whether a picture is at most twice as long or as wide as the slide would be: more than borders can add."""
    mine, slides = picture.width * reference.height, picture.height * reference.width
    return mine <= 2 * slides and slides <= 2 * mine


def _digest(look: Look) -> bytes:
    """Return what stands for all that a look shows."""
    told = sha256(repr((look.width, look.height, look.flat, [sample.box for sample in look.samples])).encode())
    for grey in (look.whole, *(sample.grey for sample in look.samples)):
        told.update(b"" if grey is None else repr(grey.shape).encode() + grey.tobytes())
    return told.digest()
