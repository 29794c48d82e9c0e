"""Slides of several files that a reader cannot be asked about by their index.

An NDPIS index names NDPI files, and no independent reader knows it. So each reader is shown
every file that the index names, and what it saw is put together: the set is one slide, and a
reader that fails on one of its files has failed. All other slides are shown as they are.

The index is read here anew; nothing of the format's own code is used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.verification.views import ReaderView

_MOST = 64 << 10
_COUNTS = re.compile(rb"(?im)^[ \t]*+NoImages\s*+=\s*+\d{1,3}[ \t\r]*+$")
_NAME = re.compile(rb"(?im)^[ \t]*+Image\d{1,3}\s*+=[ \t]*+([^\r\n/\\]++)\r?$")


def shown(path: Path) -> list[Path]:
    """Return the files that readers shall look at instead of ``path``: mostly ``path`` alone.

    Parameters
    ----------
    path
        The slide's main file.
    """
    if not path.is_file() or path.stat().st_size > _MOST:
        return [path]
    text = path.read_bytes()
    if b"\0" in text[:64] or not _COUNTS.search(text):
        return [path]
    names = [n.rstrip(b" \t").decode("utf-8", "surrogateescape") for n in _NAME.findall(text)]
    return [path.with_name(n) for n in names] or [path]


def together(views: Sequence[ReaderView]) -> ReaderView:
    """Put what one reader saw of the files of a set into one view.

    Parameters
    ----------
    views
        One for each file, all opened.
    """
    levels = tuple(level for view in views for level in view.levels)
    pictures = tuple(p for view in views for p in view.pictures)
    return replace(views[0], levels=levels, pictures=pictures, barcode=any(view.barcode for view in views))
