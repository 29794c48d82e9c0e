"""The pictures beside the pyramid, as small PNGs in memory.

Roles and pages are the inspection's own, never another reader's guess; tifffile decodes the
page, and OpenSlide is asked by role where there is no such page. Both only read, and close
the file before they return: nothing of ours is open while a slide is written. Pictures too
large for a label or macro are announced, not decoded. Nothing is kept on disk or logged.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.model import AssociatedImage, Inspection

DECODE_LIMIT = 40 << 20
"""Pictures of more pixels are not decoded."""
SHOWN = (520, 320)
"""Width and height, in pixels, that a shown picture fits into."""
MOST = 6
"""Pictures shown at most."""
ROLES = {"label": 0, "macro": 1, "thumbnail": 2}
"""What is shown first."""


class Picture(NamedTuple):
    """One associated image: role, full size in pixels, and a PNG, empty if it cannot be shown."""

    role: str
    width: int
    height: int
    png: bytes

    def __repr__(self) -> str:
        return f"<Picture {self.role} {self.width}x{self.height}>"


def pictures(path: Path, inspection: Inspection) -> tuple[Picture, ...]:
    """Decode what stands beside the pyramid; label and macro first.

    Parameters
    ----------
    path
        The slide.
    inspection
        What was found in it.
    """
    chosen = sorted(inspection.associated, key=lambda a: ROLES.get(a.role, len(ROLES)))[:MOST]
    return tuple(Picture(a.role, a.width, a.height, _png(path, a)) for a in chosen)


def _png(path: Path, wanted: AssociatedImage) -> bytes:
    if not 0 < wanted.width * wanted.height <= DECODE_LIMIT:
        return b""
    for read in (_from_page, _from_openslide):
        try:
            image = read(path, wanted)
        # Foreign decoders raise what they like on a foreign file, and the message may hold
        # a value: a picture that cannot be shown is said to be so, nothing more.
        except Exception:
            image = None
        if image is not None:
            return _small(image)
    return b""


def _small(image: Image) -> bytes:
    image.thumbnail(SHOWN)
    out = BytesIO()
    image.convert("RGB").save(out, "PNG")
    return out.getvalue()


def _from_page(path: Path, wanted: AssociatedImage) -> Image | None:
    from PIL.Image import fromarray
    from tifffile import TiffFile

    with _unheard("tifffile"), TiffFile(path) as tiff:
        page: Any = tiff.pages[wanted.page]
        if (page.imagewidth, page.imagelength) != (wanted.width, wanted.height):
            return None
        return fromarray(_eight_bits(page.asarray(maxworkers=1)))


def _eight_bits(pixels: Any) -> Any:
    """Return (rows, columns) or (rows, columns, 3) of uint8 from whatever the page holds."""
    if pixels.dtype.itemsize == 2:
        pixels = (pixels >> 8).astype("uint8")
    return pixels[..., :3] if pixels.ndim == 3 else pixels


def _from_openslide(path: Path, wanted: AssociatedImage) -> Image | None:
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        image = slide.associated_images.get(wanted.role)
        return None if image is None or image.size != (wanted.width, wanted.height) else image


@contextmanager
def _unheard(logger: str) -> Iterator[None]:
    """Drop what this thread logs: a notebook would show it and save it."""
    me, log = threading.get_ident(), logging.getLogger(logger)

    def from_others(record: logging.LogRecord) -> bool:
        return record.thread != me

    log.addFilter(from_others)
    try:
        yield
    finally:
        log.removeFilter(from_others)
