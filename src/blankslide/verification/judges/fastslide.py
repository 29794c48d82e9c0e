"""fastslide (NKI-AI, Apache-2.0) as a further judge, in a process of its own.

It reads what OpenSlide declines: the joints of a DP 200, big-endian SVS, fluorescence of CZI.
A file that it takes for any TIFF at all is none that it knows, and it says nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.judges import apart

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.verification.views import ReaderView

_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# not .qptiff: without its thumbnail version 0.8 opens none; nor .ome.tif: it goes by the name, and a copy has another
_TIFF_NAMES = (".svs", ".ndpi", ".bif")
_CZI = b"ZISRAWFI"
_TIMEOUT = 30.0


def version() -> str:
    """Return the version of the package; an import error if it is not installed."""
    return apart.version("fastslide", "fastslide")


def can_read(path: Path) -> bool:
    """Whether name and first bytes are of a kind that it knows: it goes by the name."""
    suffix = path.suffix.lower()
    if suffix not in (*_TIFF_NAMES, ".czi") or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(8)
    return head == _CZI if suffix == ".czi" else head[:4] in _TIFFS


def look(path: Path) -> ReaderView:
    """Open the file and sample it.

    Raises
    ------
    OSError
        If the library cannot open it, or has ended its process.
    """
    told, _ = apart.ask("fastslide_child", path, _TIMEOUT)
    return apart.view("fastslide", version(), told)
