"""Why something cannot be shown here, and which extra of Blankslide would show it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from blankslide.viewing.picture import MOST_PIXELS
from blankslide.viewing.readers import reader_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection

_NEEDS = {
    "tifffile": (("imagecodecs", ""),),
    "pyisyntax": (("isyntax", "readers"),),
    "pylibczirw": (("pylibCZIrw", "readers"),),
    "wsidicom": (("wsidicom", "readers"),),
    "openslide": (("openslide", ""),),
}
"""What each reader imports, and the extra that brings it; empty where Blankslide itself brings it."""


def why_not(path: Path, found: Inspection, pixels: int = 0) -> str:
    """Say why a picture or the tissue of a slide cannot be shown.

    Parameters
    ----------
    path
        The slide's main file.
    found
        What is in it.
    pixels
        Of the picture, if it is about one.
    """
    if pixels > MOST_PIXELS:
        return f"too large to be shown: at most {MOST_PIXELS // 1_000_000} million pixels are"
    reader = reader_of(path, found).__name__.rpartition(".")[2]  # type: ignore[attr-defined]
    for module, extra in _NEEDS.get(reader, ()):
        if find_spec(module) is None:
            return f"{module} is not installed: pip install {f'blankslide[{extra}]' if extra else module}"
    return "damaged, or coded in a way that no reader here knows"
