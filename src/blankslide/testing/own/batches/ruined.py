"""Files that are called like slides and cannot be done: each says so in a line of its own and stays as it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

Maker = Callable[["Path", "Path"], None]


class Ruined(NamedTuple):
    """One way of being broken.

    Attributes
    ----------
    suffix
        Of the slide that it is made of, and called like.
    make
        Writes it, given a whole slide.
    copies
        Whether a copy of it is made all the same; in place it is refused for its surroundings.
    """

    name: str
    suffix: str
    make: Maker
    copies: bool = False


def _cut(part: float) -> Maker:
    def make(whole: Path, path: Path) -> None:
        data = whole.read_bytes()
        path.write_bytes(data[: int(len(data) * part)])

    return make


def _text(whole: Path, path: Path) -> None:
    path.write_text("Dear colleague,\nthe slides are in the other folder.\n")


def _linked(whole: Path, path: Path) -> None:
    """Give the slide a second name outside of the archive's folders, which an edit in place would change as well."""
    other = path.with_name(f".{path.name}")
    other.write_bytes(whole.read_bytes())
    os.link(other, path)


def _first_directory(at: int) -> Maker:
    """Let a TIFF's first directory begin where none is."""

    def make(whole: Path, path: Path) -> None:
        data = bytearray(whole.read_bytes())
        order = "little" if data[:2] == b"II" else "big"
        where = slice(8, 16) if 43 in data[2:4] else slice(4, 8)
        place = at if at < len(data) else len(data) + at
        data[where] = place.to_bytes(where.stop - where.start, order)  # type: ignore[arg-type]
        path.write_bytes(data)

    return make


def _many_entries(whole: Path, path: Path) -> None:
    """Let a TIFF's first directory claim more entries than the file could hold."""
    data = bytearray(whole.read_bytes())
    at = int.from_bytes(data[8:16] if 43 in data[2:4] else data[4:8], "little" if data[:2] == b"II" else "big")
    data[at : at + 2] = b"\xff\xff"
    path.write_bytes(data)


def _zeros(whole: Path, path: Path) -> None:
    path.write_bytes(bytes(50_000))


def _pipe(whole: Path, path: Path) -> None:
    os.mkfifo(path)


def _nowhere(whole: Path, path: Path) -> None:
    path.symlink_to(path.with_name("is not there.svs"))


RUINS = (
    Ruined("cut off", ".svs", _cut(0.5)),
    Ruined("cut off early", ".ndpi", _cut(0.004)),
    Ruined("empty", ".scn", _cut(0)),
    Ruined("a text", ".svs", _text),
    Ruined("hard link", ".ndpi", _linked, copies=True),
    Ruined("directory beyond the end", ".bif", _first_directory(1 << 40 >> 12)),
    Ruined("directory in the header", ".ndpi", _first_directory(2)),
    Ruined("too many entries", ".bif", _many_entries),
    Ruined("without its folder", ".mrxs", _cut(1)),
    Ruined("cut off", ".dcm", _cut(0.3)),
    Ruined("cut off", ".czi", _cut(0.7)),
    Ruined("zeros", ".ome.tif", _zeros),
    Ruined("a pipe", ".svs", _pipe),
    Ruined("a link to nothing", ".svs", _nowhere),
)
