"""The conformance suite for slides whose pictures stay linked and are blanked, tiled ones too.

The common judge takes every tiled page for tissue, which a tiled macro is not. Here the answer
key says which pages are pictures; the rest is judged as elsewhere: readers that agree, tissue
bit for bit, pictures that decode to one colour, and no piece of them anywhere::

    class TestMyScanner(LinkedConformance):
        pictures = frozenset({0, 1})
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from blankslide.containers.streams.jpeg import segments
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import has_piece
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from openslide import OpenSlide

    from blankslide.samples.kit.answer_key import Planted

__all__ = ["LinkedConformance", "differences"]

_BAND = 256
_SCIENCE = ("openslide.level", "openslide.mpp", "openslide.objective", "tiff.XRes", "tiff.YRes", "tiff.Resolution")


class LinkedConformance(FormatConformance):
    """See the module.

    Attributes
    ----------
    pictures
        Numbers of the pages that are not tissue.
    vendor
        What OpenSlide must call the slide; empty if it does not open it.
    """

    gone: ClassVar[frozenset[str]] = frozenset()
    blanked: ClassVar[frozenset[str]] = frozenset({"label", "macro"})
    pictures: ClassVar[frozenset[int]] = frozenset()
    vendor: ClassVar[str] = ""

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        """Hold the slide against its past."""
        old, new = before[path.name], path.read_bytes()
        if len(old) != len(new):
            return ["the size has changed"]
        return [
            *self._pages(old, new, planted),
            *_pieces(old, new, self.tissue(before, path.name), planted, self.blanked),
            *differences(old, path, self.vendor),
            *(f"{r.value!r} is left" for r in planted.removed if r.value and places_of(r.value, new)),
        ]

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        """Return file number, offset and length of all coded tissue, found by tifffile."""
        from tifffile import TiffFile

        with TiffFile(io.BytesIO(before[name])) as tiff:
            pages = [p for i, p in enumerate(tiff.pages) if i not in self.pictures]
            return [(0, at, size) for page in pages for member in _family(page) for at, size in _coded(member)]

    def _pages(self, old: bytes, new: bytes, planted: Planted) -> Iterator[str]:
        """Compare page by page: tissue pixel for pixel, pictures of one colour."""
        from tifffile import TiffFile

        blanked = {p.page for p in planted.pictures if p.role in self.blanked}
        with TiffFile(io.BytesIO(old)) as was, TiffFile(io.BytesIO(new)) as now:
            if len(was.pages) != len(now.pages):
                yield "a page has left the chain"
                return
            for number, (a, b) in enumerate(zip(was.pages, now.pages, strict=True)):
                for x, y in zip(_family(a), _family(b), strict=True):
                    yield from _compared(number, x, y, number in blanked)


def _compared(number: int, old: Any, new: Any, blanked: bool) -> Iterator[str]:
    try:
        pixels = new.asarray(maxworkers=1)
    except Exception as problem:  # whatever a codec raises is the complaint
        yield f"page {number} does not decode: {type(problem).__name__}"
        return
    if blanked and (pixels != pixels.reshape(-1, pixels.shape[-1])[0]).any():
        yield f"page {number} still shows something"
    if not blanked and (pixels != old.asarray(maxworkers=1)).any():
        yield f"page {number} shows something else"


def _family(page: Any) -> list[Any]:
    full = page.aspage()
    return [full, *(p.aspage() for p in (full.pages or ()))] if full.subifds else [full]


def _coded(page: Any) -> Iterator[tuple[int, int]]:
    return zip(page.dataoffsets, page.databytecounts, strict=True)


def _pieces(
    old: bytes, new: bytes, tissue: list[tuple[int, int, int]], planted: Planted, roles: frozenset[str]
) -> Iterator[str]:
    """Look for pieces of the old pictures in everything but tissue and pictures that stay."""
    rest = bytearray(new)
    stays = [s for p in planted.pictures if p.role not in roles for s in p.strips]
    for at, size in [*((at, size) for _, at, size in tissue), *stays]:
        rest[at : at + size] = bytes(size)
    for picture in planted.pictures:
        strips = b"".join(_drawn(old[at : at + size]) for at, size in picture.strips)
        if picture.role in roles and has_piece(strips, bytes(rest)):
            yield f"a piece of the old {picture.role} is left"


def _drawn(strip: bytes) -> bytes:
    """Cut the headers off a JPEG stream: a blank picture begins with the same."""
    return strip[max((s.end for s in segments(strip)), default=0) :]


def differences(old: bytes, path: Path, vendor: str) -> Iterator[str]:
    """Say what OpenSlide sees differently, pictures aside.

    Parameters
    ----------
    old
        The slide before.
    path
        The slide after.
    vendor
        What OpenSlide calls it; empty if it does not know such slides.
    """
    import tempfile
    from pathlib import Path as Folder

    from openslide import OpenSlide

    if not vendor:
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Folder(folder) / path.name[-40:].lstrip("-")
        copy.write_bytes(old)
        with OpenSlide(copy) as was, OpenSlide(path) as now:
            if (was.properties["openslide.vendor"], now.properties.get("openslide.vendor")) != (vendor, vendor):
                yield "OpenSlide takes it for another format"
            for name in was.properties:
                if name.startswith(_SCIENCE) and was.properties[name] != now.properties.get(name):
                    yield f"OpenSlide sees another {name}"
            for level in range(was.level_count):
                if not _same_pixels(was, now, level):
                    yield f"OpenSlide sees other pixels in level {level}"
            for name in now.associated_images:
                now.associated_images[name].load()


def _same_pixels(was: OpenSlide, now: OpenSlide, level: int) -> bool:
    """Compare a level band by band: of a whole level most time goes to its memory, and Pillow codes it first."""
    import numpy as np

    (width, height), scale = was.level_dimensions[level], was.level_downsamples[level]
    for top in range(0, height, _BAND):
        size = width, min(_BAND, height - top)
        before, after = (np.asarray(s.read_region((0, round(top * scale)), level, size)) for s in (was, now))
        if not np.array_equal(before, after):
            return False
    return True
