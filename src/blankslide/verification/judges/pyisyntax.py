"""libisyntax (as pyisyntax) as a judge of iSyntax files, in a process of its own.

The library is written in C and ends the process, by a signal or by itself, where a file is not
as it expects. Such an end must be an answer and not ours too, so a fresh interpreter looks (see
`isyntax_child`) and hands over what it saw; pixels are turned into digests here. The slide's
name goes through a pipe, not into the list of processes.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from blankslide.verification.views import PICTURE_LIMIT, LevelView, PictureView, ReaderView, digest

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = b"DPUfsImport"
_BEGINNING = 1024
_TIMEOUT = 120.0
_MOST = 256 << 20
_CODE = (
    "import json, sys; a = json.loads(sys.stdin.readline()); sys.path[:] = a['path']; "
    "from blankslide.verification.judges.pyisyntax_child import main; main(a['slide'])"
)


def version() -> str:
    """Return the version of the package; an import error if it is not installed."""
    from importlib.util import find_spec
    from pathlib import Path

    found = find_spec("isyntax")
    if found is None or found.origin is None:
        raise ImportError("pyisyntax is not installed")
    # asked for every slide of whatever kind, and importlib.metadata costs more than a whole inspection
    infos = Path(found.origin).parents[1].glob("pyisyntax-*.dist-info")
    return next((info.name.removesuffix(".dist-info").partition("-")[2] for info in infos), "unknown")


def can_read(path: Path) -> bool:
    """Whether the file begins like the XML header of an iSyntax file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_BEGINNING)
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _ROOT in head


def look(path: Path) -> ReaderView:
    """Open the file and sample it.

    Raises
    ------
    OSError
        If the library cannot open it, or has ended its process.
    """
    told, data = _asked(path)
    cut = _Cut(data)
    levels = tuple(
        LevelView((level["width"], level["height"]), tuple(cut.sample(size) for size in level["samples"]))
        for level in told["levels"]
    )
    pictures = tuple(cut.picture(name, length) for name, length in told["pictures"].items())
    return ReaderView(
        reader="pyisyntax",
        version=version(),
        vendor="isyntax",
        mpp=(told["mpp"][0], told["mpp"][1]),
        levels=levels,
        pictures=pictures,
        colour=_colour(cut.take(told["profile"])),
    )


def _asked(path: Path) -> tuple[dict[str, Any], bytes]:
    """Let the other process look; return what it says, and pixels and pictures one after the other."""
    import json
    import subprocess
    import sys

    question = json.dumps({"path": sys.path, "slide": str(path.resolve())})
    ended = subprocess.run(  # noqa: S603 - our own interpreter with our own code
        [sys.executable, "-I", "-c", _CODE],
        input=question.encode() + b"\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=_TIMEOUT,
        check=False,
        process_group=0 if os.name == "posix" else None,  # Ctrl-C in a terminal is for us, not for it
    )
    head, _, data = ended.stdout.partition(b"\n")
    if ended.returncode or not head or len(data) > _MOST:
        raise OSError("the reader could not open the file")
    told: dict[str, Any] = json.loads(head)
    return told, data


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

    def picture(self, name: str, length: int) -> PictureView:
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
