"""Pictures beside the pyramid, as readers see them that share no code: OpenSlide, and another one for each format.

Each returns pixels of three samples by name. What stands in XML is found by the standard library, and decoded by
Pillow; a database is read by SQLite.
"""

from __future__ import annotations

import io
import re
import warnings
from base64 import b64decode
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Pictures = dict[str, NDArray[np.uint8]]

__all__ = ["first", "second"]

_MOST = 4 << 20
"""Pixels of a picture; tissue has more, or is told apart by what it shows."""


def first(slide: Path) -> tuple[str, Pictures]:
    """Return what OpenSlide sees, or what comes nearest to it for a format that it does not know."""
    from openslide import OpenSlide

    if slide.suffix == ".isyntax":
        return "pyisyntax", _pyisyntax(slide)
    if slide.suffix == ".qptiff":
        return "fastslide", _fastslide(slide)
    with OpenSlide(slide) as opened:
        return "OpenSlide", {name: _rgb(image) for name, image in opened.associated_images.items()}


def second(slide: Path) -> tuple[str, Pictures]:
    """Return what a reader sees that has no line of the first one."""
    head = slide.read_bytes()[:4]
    if head[:2] in (b"II", b"MM"):
        return "tifffile", _tifffile(slide)
    readers = {".mrxs": _mrxsslide, ".dcm": _wsidicom, ".czi": _fastslide, ".svslide": _sqlite, ".isyntax": _xml}
    names = {".mrxs": "mrxsslide", ".dcm": "wsidicom", ".czi": "fastslide", ".svslide": "SQLite", ".isyntax": "XML"}
    return names[slide.suffix], readers[slide.suffix](slide)


def _rgb(image: Any) -> NDArray[np.uint8]:
    import numpy as np

    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def _decoded(data: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return _rgb(image)


def _tifffile(slide: Path) -> Pictures:
    import numpy as np
    from tifffile import TiffFile

    out: Pictures = {}
    with TiffFile(slide) as tiff:
        pages: list[Any] = list(tiff.pages)
        for number, page in enumerate(pages):
            if page.size > _MOST * 3 or page.dtype != np.uint8:
                continue
            pixels = np.atleast_3d(page.asarray())
            out[f"page {number}"] = np.ascontiguousarray(
                pixels[..., :3].repeat(4 - min(pixels.shape[2], 3), 2)[..., :3]
            )
        out |= _in_xml(str(pages[0].description))
    return out


def _in_xml(text: str) -> Pictures:
    """Return the pictures of Philips' XML, which stand there in base64."""
    found = re.findall(r'Name="PIM_DP_IMAGE_DATA"[^>]*>([^<]*)<', text)
    out: Pictures = {}
    for number, data in enumerate(found):
        with suppress(OSError):
            out[f"data {number}"] = _decoded(b64decode(re.sub(r"\s", "", data)))
    return out


def _xml(slide: Path) -> Pictures:
    head = slide.read_bytes().partition(b"\r\n\x04")[0]
    return _in_xml(head.decode("utf-8", "replace"))


def _pyisyntax(slide: Path) -> Pictures:
    from blankslide.viewing.areas.pyisyntax import asked

    shown: Pictures = asked(_shown_by_pyisyntax, slide)
    return shown


def _shown_by_pyisyntax(slide: Path) -> Pictures:
    from isyntax import ISyntax

    with ISyntax.open(slide) as opened:
        streams = {"label": opened.read_label_image_jpeg(), "macro": opened.read_macro_image_jpeg()}
        return {name: _decoded(bytes(data)) for name, data in streams.items() if data}


def _mrxsslide(slide: Path) -> Pictures:
    from mrxsslide import MrxsSlide

    with closing(MrxsSlide(slide)) as opened:
        return {name: _rgb(image) for name, image in opened.associated_images.items()}


def _wsidicom(slide: Path) -> Pictures:
    from wsidicom import WsiDicom

    out: Pictures = {}
    with warnings.catch_warnings(), WsiDicom.open(slide.parent) as opened:
        warnings.simplefilter("ignore")  # of frames of an odd length
        for name, read in (("label", opened.read_label), ("macro", opened.read_overview)):
            with suppress(Exception):
                out[name] = _rgb(read())
    return out


def _fastslide(slide: Path) -> Pictures:
    import numpy as np
    from fastslide import FastSlide

    opened = FastSlide.from_file_path(str(slide))
    pictures = opened.associated_images
    return {name: np.ascontiguousarray(pictures[name].numpy()[..., :3]) for name in pictures.keys()}  # noqa: SIM118


def _sqlite(slide: Path) -> Pictures:
    import sqlite3

    out: Pictures = {}
    with closing(sqlite3.connect(f"file:{slide}?mode=ro", uri=True)) as database:
        rows = database.execute("select oid, Image from SVScannedImageDataXPO").fetchall()
    for oid, data in _pairs(rows):
        with suppress(OSError):
            out[f"row {oid}"] = _decoded(data)
    return out


def _pairs(rows: list[Any]) -> Iterator[tuple[str, bytes]]:
    yield from ((str(oid), bytes(data)) for oid, data in rows if data)
