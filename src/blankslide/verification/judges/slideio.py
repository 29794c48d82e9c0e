"""slideio (BSD-3-Clause) as a further judge, in a process of its own.

It reads fluorescence of SCN and QPTIFF, which OpenSlide declines, and names their pictures. It is told which
driver to use, so that none opens the file that knows any image, or asks for it elsewhere.

Not asked about NDPI, where version 2.10 shows other pixels each time, nor about CZI, where a blank title ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.judges import apart

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.verification.views import ReaderView

_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NAMES = (".svs", ".scn", ".qptiff")
_TIMEOUT = 30.0


def version() -> str:
    """Return the version of the package; an import error if it is not installed."""
    return apart.version("slideio", "slideio")


def can_read(path: Path) -> bool:
    """Whether name and first bytes are of a kind that it has a driver for."""
    if path.suffix.lower() not in _NAMES or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) in _TIFFS


def look(path: Path) -> ReaderView:
    """Open the file and sample it.

    Raises
    ------
    OSError
        If the library cannot open it, or has ended its process.
    """
    told, _ = apart.ask("slideio_child", path, _TIMEOUT)
    return apart.view("slideio", version(), told)
