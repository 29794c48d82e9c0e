"""OpenSlide as a judge.

An error makes an OpenSlide handle useless for good, so tissue is sampled first, and every
failure is followed by a fresh handle: one broken strip must not hide what else is readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, TypeVar

from blankslide.verification.views import (
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
    one_colour,
    places,
)

if TYPE_CHECKING:
    from pathlib import Path

    from openslide import OpenSlide
    from PIL.Image import Image

T = TypeVar("T")
SIDE = 32
_BAND = 96 << 10
#: Where pixels of DICOM begin, and how long they are; coded ones do not say it, and a table of their frames follows.
_PIXELS = re.compile(rb"\xe0\x7f\x10\0O[BW]\0\0(.{4})", re.DOTALL)
_UNSAID, _ITEM = b"\xff\xff\xff\xff", b"\xfe\xff\0\xe0"
_OFFSET = 4
#: The group of a VMU's key file, what OpenSlide takes from it, and the longest such file that it reads.
_UNCOMPRESSED = b"[Uncompressed Virtual Microscope Specimen]"
_KNOWN = {b"BitsPerPixel": re.compile(rb"0*36"), b"PixelOrder": re.compile(rb"RGB")}
_ALL_KNOWN = {(key, True) for key in _KNOWN}
_LONGEST = 64 << 10


def version() -> str:
    """Return the version of the library; its import error if it is not installed."""
    import openslide

    return str(openslide.__library_version__)


def can_read(path: Path) -> bool:
    """OpenSlide asks the file itself, cheaply; it is not asked of DICOM and of VMU that would end our process."""
    from blankslide.verification.judges import pydicom

    if not path.is_file() or _has_other_pixels(path):
        return False
    return not (pydicom.can_read(path) and any(map(_leads_nowhere, pydicom.members(path))))


def _has_other_pixels(path: Path) -> bool:
    """Whether a VMU's key file does not say, or not everywhere, that pixels are RGB of 36 bits.

    OpenSlide 4.0.1 knows no others, and on its way to say so it closes what it has not opened: a signal ends us.
    """
    if path.stat().st_size > _LONGEST:
        return False
    data = path.read_bytes()
    if _UNCOMPRESSED not in data:
        return False
    pairs = (line.partition(b"=") for line in data.replace(b"\r", b"\n").split(b"\n"))
    told = [(key.strip(b" \t"), value.strip(b" \t")) for key, _, value in pairs]
    return {(key, bool(_KNOWN[key].fullmatch(value))) for key, value in told if key in _KNOWN} != _ALL_KNOWN


def _leads_nowhere(path: Path) -> bool:
    """Whether a DICOM file announces a table of its frames' places and leaves it empty.

    The standard allows no such table, but there are writers. libdicom, as of OpenSlide 4.0.1, takes the differences of
    its numbers for the lengths of frames, and the process is ended by a signal.
    """
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        found = _PIXELS.search(data)
        while found is not None and found[1] != _UNSAID:  # an icon's, or native ones: nothing of these is read
            found = _PIXELS.search(data, found.end() + int.from_bytes(found[1], "little"))
        if found is None or data[found.end() : found.end() + 4] != _ITEM:
            return False
        at = found.end() + 8
        table = data[at : at + int.from_bytes(data[at - 4 : at], "little")]
        return len(table) > _OFFSET and not any(table)


def look(path: Path, edit: Edit = NO_EDIT) -> ReaderView:
    """Open the slide and sample it.

    Parameters
    ----------
    edit
        What is about to be written, or was.

    Raises
    ------
    openslide.OpenSlideError
        If it cannot be opened.
    """
    handle = _Handle(path)
    try:
        slide = handle.slide
        known = slide.properties
        mpp_x, mpp_y = _number(known.get("openslide.mpp-x")), _number(known.get("openslide.mpp-y"))
        sizes, names = slide.level_dimensions, sorted(slide.associated_images)
        vendor, objective = str(known.get("openslide.vendor", "")), _number(known.get("openslide.objective-power"))
        barcode = str(known.get("openslide.barcode", "")).strip(" \t\r\n\0")
        pixels = {n: _announced(known.get, n) for n in names}
        settled = {n for n in names if edit.settles(n, pixels[n], list(pixels.values()))}
        colour = _colour(handle)  # what fails in it is no error of the handle's
        return ReaderView(
            reader="OpenSlide",
            version=version(),
            vendor=vendor,
            mpp=(mpp_x, mpp_y) if mpp_x is not None and mpp_y is not None else None,
            objective=objective,
            levels=tuple(_level(handle, i, sizes) for i in range(len(sizes))),
            colour=colour,
            pictures=tuple(_picture(handle, n, pixels[n], edit, unseen=n in settled) for n in names),
            barcode=bool(barcode),
        )
    finally:
        handle.close()


class _Handle:
    """A slide that is opened again after each error."""

    def __init__(self, path: Path) -> None:
        from openslide import OpenSlide

        self._open: Callable[[], OpenSlide] = lambda: OpenSlide(path)
        self._slide: OpenSlide | None = self._open()

    @property
    def slide(self) -> OpenSlide:
        """The slide; after an error it is opened again only when somebody asks for it, which can take long."""
        if self._slide is None:
            self._slide = self._open()
        return self._slide

    def close(self) -> None:
        """Close it, if it is open."""
        if self._slide is not None:
            self._slide.close()
        self._slide = None

    def ask(self, question: Callable[[OpenSlide], T]) -> T | None:
        from openslide import OpenSlideError

        slide = self.slide  # a file that can no longer be opened is no answer to the question
        try:
            return question(slide)
        except (OpenSlideError, OSError, ValueError, MemoryError):
            self.close()
            return None


def _level(handle: _Handle, index: int, sizes: tuple[tuple[int, int], ...]) -> LevelView:
    width, height = sizes[index]
    scale_x, scale_y = sizes[0][0] / width, sizes[0][1] / height
    known = handle.slide.properties.get
    tile_x, tile_y = (int(known(f"openslide.level[{index}].tile-{side}") or 0) for side in ("width", "height"))
    samples = []
    for x, y, w, h in places(width, height, SIDE, effort(index, len(sizes))):
        # a place on the edge of tiles would cost up to four of them
        corner = (int(_inside(x, w, tile_x) * scale_x), int(_inside(y, h, tile_y) * scale_y))
        region = handle.ask(lambda s, corner=corner, w=w, h=h: s.read_region(corner, index, (w, h)))  # type: ignore[misc]
        samples.append(FAILS if region is None else digest(region.tobytes(), region.size))
    return LevelView((width, height), tuple(samples))


def _inside(start: int, length: int, tile: int) -> int:
    """Move a place back into the tile where it begins, if it fits there."""
    return min(start, start // tile * tile + tile - length) if tile >= length else start


def _picture(handle: _Handle, name: str, announced: tuple[int, int], edit: Edit, *, unseen: bool) -> PictureView:
    if unseen:
        return PictureView(name, announced, UNSEEN, False)
    if announced[0] * announced[1] > PICTURE_LIMIT:
        return PictureView(name, announced, "", False)
    image = handle.ask(lambda s: s.associated_images[name])
    if image is None:
        return PictureView(name, announced, "", False)
    covered = edit.cover(image.size)
    if covered is not None:
        image.paste((0, 0, 0, 0), covered)
    return PictureView(name, image.size, *_digested(image))


def _digested(image: Image) -> tuple[str, bool]:
    """Digest an RGBA picture, and say whether it is of one colour.

    Band by band: memory for the bytes of all of it would have to come from the system, which takes longer than SHA-256.
    """
    rows = max(1, _BAND // (4 * max(1, image.width)))
    digests, colours = [], set[bytes | None]()
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height))).tobytes()
        digests.append(digest(band, image.size))
        if None not in colours:
            colours.add(band[:4] if one_colour(band, image.width, 4) else None)
    return digest("".join(digests).encode()), len(colours) == 1 and None not in colours


def _announced(known: Callable[[str], str | None], name: str) -> tuple[int, int]:
    width, height = (known(f"openslide.associated.{name}.{side}") for side in ("width", "height"))
    return int(width or 0), int(height or 0)


def _colour(handle: _Handle) -> str:
    """Try the ICC profile: one that is announced but cannot be built breaks viewers."""
    from PIL.ImageCms import PyCMSError

    try:
        return "absent" if handle.slide.color_profile is None else "builds"
    except (PyCMSError, OSError, ValueError):
        return "fails"


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
