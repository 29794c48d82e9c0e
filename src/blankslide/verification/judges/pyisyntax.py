"""libisyntax (as pyisyntax) as a judge of iSyntax files, in a process of its own.

A fresh interpreter looks (see `apart` and `pyisyntax_child`) and hands over what it saw; pixels are turned into
digests here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.judges import apart
from blankslide.verification.views import NO_EDIT, PICTURE_LIMIT, Edit, LevelView, PictureView, ReaderView, digest

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = b"DPUfsImport"
_BEGINNING = 1024
_TIMEOUT = 120.0


def version() -> str:
    """Return the version of the package; an import error if it is not installed."""
    return apart.version("isyntax", "pyisyntax")


def can_read(path: Path) -> bool:
    """Whether the file begins like the XML header of an iSyntax file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_BEGINNING)
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _ROOT in head


def look(path: Path, edit: Edit = NO_EDIT) -> ReaderView:
    """Open the file and sample it.

    Parameters
    ----------
    edit
        What is about to be written, or was.

    Raises
    ------
    OSError
        If the library cannot open it, or has ended its process.
    """
    told, data = apart.ask("pyisyntax_child", path, _TIMEOUT)
    cut = _Cut(data)
    levels = tuple(
        LevelView((level["width"], level["height"]), tuple(cut.sample(size) for size in level["samples"]))
        for level in told["levels"]
    )
    pictures = tuple(cut.picture(name, length, edit) for name, length in told["pictures"].items())
    return ReaderView(
        reader="pyisyntax",
        version=version(),
        vendor="isyntax",
        mpp=(told["mpp"][0], told["mpp"][1]),
        levels=levels,
        pictures=pictures,
        colour=_colour(cut.take(told["profile"])),
    )


class _Cut:
    """Takes one thing after the other from what was handed over."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, length: int) -> bytes:
        self._at += length
        return self._data[self._at - length : self._at]

    def sample(self, size: tuple[int, int]) -> str:
        """Digest of one area, RGBA."""
        return digest(self.take(size[0] * size[1] * 4), tuple(size))

    def picture(self, name: str, length: int, edit: Edit) -> PictureView:
        """Decode a JPEG."""
        import io

        from PIL import Image

        try:
            with Image.open(io.BytesIO(self.take(length))) as image:
                if image.width * image.height > PICTURE_LIMIT:
                    return PictureView(name, image.size, "", False)
                pixels = image.convert("RGB")
        except (OSError, ValueError, SyntaxError):
            return PictureView(name, (0, 0), "", False)
        covered = edit.cover(pixels.size)
        if covered is not None:
            pixels.paste((0, 0, 0), covered)
        blank = all(low == high for low, high in pixels.getextrema())  # type: ignore[misc]
        return PictureView(name, pixels.size, digest(pixels.tobytes(), pixels.size), blank)


def _colour(profile: bytes) -> str:
    import io

    from PIL.ImageCms import ImageCmsProfile, PyCMSError

    if not profile:
        return "absent"
    try:
        ImageCmsProfile(io.BytesIO(profile))
    except (PyCMSError, OSError, ValueError):
        return "fails"
    return "builds"
