"""Tools for tests of slides that are SQLite databases: change them, look into them, clean them.

SQLite itself and OpenSlide look; nothing of Blankslide's own reading is used. Databases are
changed as an ordinary program would, without wiping what is deleted.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from blankslide import pipeline
from blankslide.testing.built import build_sakura

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY", "SMALL", "built", "change", "cleaned", "looks", "rows", "table_of", "tiles_of"]

KEY = bytes(range(32))
SMALL: dict[str, Any] = {
    "size": (192, 128),
    "side": 128,
    "scales": (1, 2),
    "label_size": (120, 150),
    "macro_size": (200, 70),
    "thumbnail_size": (48, 32),
    "settings": {"page_size": 1024},
}


def built(folder: Path, **overrides: Any) -> Path:
    """Build a small slide and return its path."""
    path = folder / "s.svslide"
    build_sakura(path, **{**SMALL, **overrides})
    return path


def rows(path: Path, query: str) -> list[Any]:
    """Return what SQLite answers, without changing a byte."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        return db.execute(query).fetchall()


def change(path: Path, *statements: str) -> None:
    """Run statements as an ordinary program would: what is deleted is not wiped."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = 0")
        for statement in statements:
            db.execute(statement)
        db.commit()


def table_of(path: Path) -> str:
    """Return the name of the table of tiles."""
    return str(rows(path, "SELECT TableName FROM DataManagerSQLiteConfigXPO")[0][0])


def tiles_of(path: Path) -> dict[str, bytes]:
    """Return tiles and their checks by name."""
    return dict(rows(path, f"SELECT id, data FROM \"{table_of(path)}\" WHERE id LIKE 'T;%'"))  # noqa: S608


def looks(path: Path) -> dict[str, Any]:
    """Return what OpenSlide sees: properties, pixels of all levels, pictures."""
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        pixels = [slide.read_region((0, 0), i, size).tobytes() for i, size in enumerate(slide.level_dimensions)]
        pictures = {name: image.copy() for name, image in slide.associated_images.items()}
        return {"known": dict(slide.properties), "pixels": pixels, "pictures": pictures}


def cleaned(path: Path, **options: Any) -> None:
    """Anonymize a slide that must end clean, sound, and with nothing left for a second run.

    Raises
    ------
    AssertionError
        If it does not.
    """
    chosen = pipeline.Options(**{"key": KEY, **options})
    outcome = pipeline.anonymize_in_place(path, chosen)
    assert outcome.content == "clean", outcome.residue
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert pipeline.anonymize_in_place(path, chosen).writes == 0
