"""Which series a file belongs to, asked of the disk: once for as long as the file stays as it is.

A run over a folder of many slides asks about each file once a slide.
"""

from __future__ import annotations

import os

from blankslide.containers.dicom.series import Memory, State, series_in

_series: Memory[str | None] = Memory()


def series_of(path: str) -> str | None:
    """Return the Series Instance UID of a slide's file; None if it is none, or cannot be read."""
    return _series.ask(_state_of(path), lambda: _read(path))


def _state_of(path: str) -> State | None:
    """Return what tells that a file is still the same; None if it cannot be asked."""
    try:
        now = os.stat(path)
    except (OSError, ValueError):
        return None
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def _read(path: str) -> str | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return series_in(file)
    except OSError:
        return None
