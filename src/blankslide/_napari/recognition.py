"""Whether a file is a slide of ours, and what napari calls this plugin. Imports what it needs when it is asked."""

from __future__ import annotations

from pathlib import Path

PLUGIN = "blankslide"
DOCK = "Anonymize slide"
#: Suffixes of many kinds of files: here a damaged slide cannot be told from a stranger.
_COMMON = (".tif", ".tiff", ".dcm")


def is_slide(path: str) -> bool:
    """Whether a vendor format claims the file; a damaged slide counts where the suffix is a vendor's own."""
    from blankslide.errors import BlankslideError
    from blankslide.formats import is_fallback
    from blankslide.pipeline import known_format

    try:
        name = known_format(path)
    except BlankslideError:
        return False
    if name == "damaged":
        return Path(path).suffix.lower() not in _COMMON
    return name is not None and not is_fallback(name)
