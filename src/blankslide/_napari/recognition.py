"""Whether a file is a slide of ours, and what napari calls this plugin. Imports what it needs when it is asked."""

from __future__ import annotations

from pathlib import Path

PLUGIN = "blankslide"
DOCK = "Anonymize slide"
#: Suffixes of many kinds of files: here a damaged slide cannot be told from a stranger.
_COMMON = (".tif", ".tiff", ".dcm")


def is_slide(path: str) -> bool:
    """Whether a vendor format claims the file, or it is a pyramid of nobody's.

    A damaged slide counts where the suffix is a vendor's own. A tiled TIFF of one small level is a picture, and left
    to napari.
    """
    from blankslide.errors import BlankslideError
    from blankslide.formats import is_fallback
    from blankslide.pipeline import known_format

    try:
        name = known_format(path)
    except BlankslideError:
        return False
    if name == "damaged":
        return Path(path).suffix.lower() not in _COMMON
    if name is None or not is_fallback(name):
        return name is not None
    from blankslide.pipeline import inspect
    from blankslide.viewing.coarse import needs_coarse

    try:
        levels = inspect(path).levels
    except BlankslideError:
        return False
    return len(levels) > 1 or any(needs_coarse(level.width, level.height) for level in levels)
