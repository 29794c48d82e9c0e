"""SQLite as a judge of svslides: whether the database is sound, and what stands in its tables.

SQLite was written by others and reads each page by its own rules; Pillow decodes the tiles that
it hands out. The file is opened read-only and as one that nobody changes, so that no journal is
made or asked for. Small files are checked whole: one unsound index, and the slide is not opened.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from struct import unpack_from
from typing import TYPE_CHECKING, Any

from blankslide.verification.views import (
    EMPTY,
    FAILS,
    NO_EDIT,
    PICTURE_LIMIT,
    Edit,
    LevelView,
    PictureView,
    ReaderView,
    digest,
    effort,
)

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection

CHECKED = 64 << 20
"""Files up to this many bytes are checked whole."""

_MAGIC = b"SQLite format 3\0"
_WHERE = ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.25, 0.75), (0.75, 0.25))
_LARGEST_TILE = 1 << 14
_PICTURES = {
    "label": "SELECT Image FROM SVScannedImageDataXPO WHERE OID = (SELECT m_labelScan FROM SVSlideDataXPO)",
    "macro": "SELECT Image FROM SVScannedImageDataXPO WHERE OID = (SELECT m_overviewScan FROM SVSlideDataXPO)",
    "thumbnail": "SELECT ThumbnailImage FROM SVHRScanDataXPO",
}


def version() -> str:
    """Return whose SQLite it is; empty if Python was built without one."""
    import sys
    from importlib.util import find_spec

    # the library itself is loaded for a database only: every slide asks for the version
    return f"of Python {sys.version_info.major}.{sys.version_info.minor}" if find_spec("_sqlite3") else ""


def can_read(path: Path) -> bool:
    """Whether the file begins like a database."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def look(path: Path, edit: Edit = NO_EDIT) -> ReaderView:
    """Open the database, check it if it is small, and sample tiles and pictures.

    Parameters
    ----------
    edit
        What is about to be written, or was.

    Raises
    ------
    Exception
        Whatever SQLite raises, or ValueError if it calls the database unsound.
    """
    import sqlite3
    from urllib.parse import quote

    place = "file:" + quote(str(path.absolute())) + "?mode=ro&immutable=1"
    with closing(sqlite3.connect(place, uri=True)) as db:
        if path.stat().st_size <= CHECKED and db.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            raise ValueError("the database is not sound")
        (name,) = db.execute("SELECT TableName FROM DataManagerSQLiteConfigXPO").fetchone()
        table = '"' + name.replace('"', '""') + '"'
        resolution, power = _row(db, "SELECT ResolutionMmPerPix, NominalLensMagnification FROM SVHRScanDataXPO")
        mpp = round(resolution * 1000, 9) if resolution else None
        return ReaderView(
            reader="SQLite",
            version=sqlite3.sqlite_version,
            vendor="sakura",
            mpp=None if mpp is None else (mpp, mpp),
            objective=float(power) if power else None,
            levels=tuple(_levels(db, table)),
            pictures=tuple(_pictures(db, edit)),
        )


def _row(db: Connection, query: str) -> tuple[Any, Any]:
    return db.execute(query).fetchone() or (None, None)


def _levels(db: Connection, table: str) -> Iterator[LevelView]:
    """Yield each resolution, largest first: scales double, and the corner tile of each has a known name."""
    ask = f"SELECT data FROM {table} WHERE id = ?"  # noqa: S608
    (header,) = db.execute(ask, ("Header",)).fetchone()
    side, width, height = unpack_from("<III", header)
    scales = [s for s in (1 << n for n in range(21)) if db.execute(ask, (f"T;0|0;{s};0;0",)).fetchone()]
    for number, scale in enumerate(scales):
        size, step = (width // scale, height // scale), side * scale
        samples = []
        for x, y in _WHERE[: effort(number, len(scales))]:
            left, top = (int(at * length) // step * step for at, length in ((x, width), (y, height)))
            samples.append(_tile(db, ask, f"T;{left}|{top};{scale}", side))
        yield LevelView(size, tuple(samples))


def _tile(db: Connection, ask: str, name: str, side: int) -> str:
    """Decode one tile's three colours."""
    rows = [db.execute(ask, (f"{name};{colour};0",)).fetchone() for colour in range(3)]
    if None in rows or side > _LARGEST_TILE:
        return EMPTY
    pixels = [_plane(data) for (data,) in rows]
    return FAILS if None in pixels else digest(b"".join(p[1] for p in pixels if p), [p and p[0] for p in pixels])


def _pictures(db: Connection, edit: Edit) -> Iterator[PictureView]:
    for name, query in _PICTURES.items():
        rows = db.execute(query).fetchall()
        if len(rows) == 1 and isinstance(rows[0][0], bytes) and rows[0][0][:2] == b"\xff\xd8":
            found = _decoded(rows[0][0], edit)
            size, data, blank = found or ((0, 0), b"", False)
            yield PictureView(name, size, digest(data, size) if found else "", blank)


def _plane(data: bytes) -> tuple[tuple[tuple[int, int], str], bytes] | None:
    """Return size and mode, and the pixels, of a tile's one colour as they are coded: grey stays grey."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            if picture.width * picture.height > PICTURE_LIMIT:
                return None
            return (picture.size, picture.mode), picture.tobytes()
    except (OSError, SyntaxError, ValueError):
        return None


def _decoded(data: bytes, edit: Edit) -> tuple[tuple[int, int], bytes, bool] | None:
    """Return size and pixels of a JPEG, and whether it is of one colour."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            if picture.width * picture.height > PICTURE_LIMIT:
                return None
            pixels = picture.convert("RGB")
            covered = edit.cover(pixels.size)
            if covered is not None:
                pixels.paste((0, 0, 0), covered)
            return pixels.size, pixels.tobytes(), all(low == high for low, high in pixels.getextrema())  # type: ignore[misc]
    except (OSError, SyntaxError, ValueError):
        return None
