"""From what a person names to the main file of the slide.

A person may name a file, the folder that holds a slide's data (MRXS), or a folder of DICOM files. Any DICOM file
stands for its whole series. The first file of the series by name is the main one, so that every run locks, journals
and recovers the same file. A slide that waits to be recovered is found through its journal, whatever its files are
called at that moment. All stages and all faces use `main_file`.

Nothing is written here, and only headers are read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from blankslide.errors import BlankslideError, UsageError


def main_file(path: str | Path) -> Path:
    """Return the main file of the slide that ``path`` names; what names no set stays as it is.

    Raises
    ------
    UsageError
        If a folder holds several slides, or nothing is named: that is not the folder that a person is in.
    """
    if path == "":
        raise UsageError("an empty name names no slide", "`.` is the folder that you are in")
    path = Path(path)
    try:
        state = os.stat(path)
        if stat.S_ISDIR(state.st_mode):
            return sole_series(path) or data_folder_of(path) or path
        if stat.S_ISREG(state.st_mode) and _is_dicom(path):
            return _main_of_series(path, state.st_ino)
    except (OSError, ValueError):  # whoever opens it says what is wrong
        return path
    return path


def _is_dicom(path: Path) -> bool:
    with open(path, "rb", buffering=0) as file:
        return file.read(132)[128:] == b"DICM"


def _main_of_series(path: Path, inode: int) -> Path:
    from blankslide.pipeline.series import series_of

    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    own = series_of(real)
    main = _awaited(folder, [inode])
    if main is None and own is not None:
        main = next((p for p in _files(folder) if series_of(p) == own), None)
    return path if main in (None, real) else Path(str(main))


def _files(folder: str) -> list[str]:
    """Regular files of a folder by name; hidden ones and ours are left out."""
    with os.scandir(folder) as entries:
        return sorted(e.path for e in entries if not e.name.startswith(".") and e.is_file(follow_symlinks=False))


def _awaited(folder: str, inodes: list[int]) -> str | None:
    """Ask the journals of a folder, if it has any, for the main file of a slide."""
    from blankslide.storage.journal_names import find_in
    from blankslide.storage.pending import awaited

    if not find_in(folder):  # once for all files of a series
        return None
    return next((main for main in (awaited(folder, i) for i in inodes) if main), None)


def sole_series(folder: Path) -> Path | None:
    """Return the main file of the one DICOM series in a folder; None if it holds no DICOM files.

    Raises
    ------
    UsageError
        If there are several.
    """
    from blankslide.pipeline.series import series_of

    by_series: dict[str, list[str]] = {}
    for path in _files(os.path.realpath(folder)):
        series = series_of(path)
        if series:
            by_series.setdefault(series, []).append(path)
    if not by_series:
        return None
    if len(by_series) > 1:
        raise UsageError(f"the folder holds {len(by_series)} slides", "name one of their files")
    (names,) = by_series.values()
    main = _awaited(os.path.dirname(names[0]), [os.stat(name).st_ino for name in names])
    return folder / os.path.basename(main or names[0])


def data_folder_of(folder: Path) -> Path | None:
    """Return the slide beside a folder whose data the folder holds (MRXS); None if there is none."""
    real = os.path.realpath(folder)
    above, name = os.path.split(real)
    waiting = _awaited(above, [os.stat(real).st_ino])
    if waiting:
        return Path(waiting)
    for beside in _files(above):
        if os.path.splitext(os.path.basename(beside))[0] == name and _holds(real, beside):
            return Path(beside)
    return None


def _holds(folder: str, slide: str) -> bool:
    from blankslide.pipeline.opening import member_paths

    try:
        files = member_paths(slide)
    except BlankslideError:
        return False
    return any(os.path.dirname(file) == folder for file in files or ())


def is_series_folder(folder: Path) -> bool:
    """Whether naming the folder names one DICOM series; ends at a second one."""
    from blankslide.pipeline.series import series_of

    found = ""
    try:
        for path in _files(os.path.realpath(folder)):
            series = series_of(path)
            if series and found not in ("", series):
                return False
            found = series or found
    except OSError:
        return False
    return bool(found)
