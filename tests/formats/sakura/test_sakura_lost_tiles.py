# ruff: noqa: S608
"""Svslides of which a part is damaged: what may be a tile that nothing names any more is left, and told of."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

from blankslide import pipeline
from blankslide.errors import SlideError
from blankslide.testing.own.databases import KEY, built, change, cleaned, rows, table_of, tiles_of

if TYPE_CHECKING:
    from pathlib import Path

OTHER_NAME = "Q;0|0;1;0;0"


def without_head(path: Path, head: bytes) -> bytes:
    """Give the largest tile a strange name and another beginning; return what is left of it."""
    name, data = max(tiles_of(path).items(), key=lambda each: len(each[1]))
    spoilt = head.ljust(212, b"O") + data[212:]
    change(path, f"DELETE FROM \"{table_of(path)}\" WHERE id = '{name}#'")
    change(path, f"UPDATE \"{table_of(path)}\" SET id = '{OTHER_NAME}', data = x'{spoilt.hex()}' WHERE id = '{name}'")
    return spoilt


def told(path: Path) -> tuple[set[str], str]:
    """Return the ids that a plan leaves, and how anonymizing ends."""
    try:
        found = {finding.id for finding in pipeline.inspect(path, key=KEY).findings}
        return found, pipeline.anonymize_in_place(path, pipeline.Options(key=KEY)).content
    except SlideError as error:
        return set(), type(error).__name__


def test_a_tile_without_name_and_head_is_left(tmp_path: Path) -> None:
    path = built(tmp_path)
    spoilt = without_head(path, b"O")
    found, content = told(path)
    assert (("picture.unknown-left" in found), content) == (True, "residue")
    assert spoilt in {data for (data,) in rows(path, f'SELECT data FROM "{table_of(path)}"')}


def test_a_text_of_the_same_size_goes(tmp_path: Path) -> None:
    path = built(tmp_path)
    words = b"Thaddeon Mossgarden, Ozymandel Road 7, 1931 " * 60
    change(path, f"INSERT INTO \"{table_of(path)}\" VALUES ('{OTHER_NAME}', {len(words)}, x'{words.hex()}')")
    cleaned(path)
    assert b"Mossgarden" not in path.read_bytes()


def with_page(path: Path, page: bytes) -> int:
    """Append a page that neither a table nor the list of free pages has; return where it begins."""
    data = bytearray(path.read_bytes())
    (size,), start = struct.unpack_from(">H", data, 16), len(data)
    data += page.ljust(size, b"\0")[:size]
    struct.pack_into(">I", data, 28, len(data) // size)
    path.write_bytes(data)
    return start


def test_a_page_that_nothing_has_is_left_if_it_is_coded(tmp_path: Path) -> None:
    path = built(tmp_path)
    page = random.Random(4).randbytes(4096)
    start = with_page(path, page)
    found, content = told(path)
    assert (("sakura.lost-page-left" in found), content) == (True, "residue")
    assert path.read_bytes()[start : start + len(page)] == page[: len(path.read_bytes()) - start]


def test_a_page_that_nothing_has_goes_if_it_is_text(tmp_path: Path) -> None:
    path = built(tmp_path)
    told_before = {finding.id for finding in pipeline.inspect(path, key=KEY).findings}
    with_page(path, b"Thaddeon Mossgarden, Ozymandel Road 7, 1931 " * 40)
    assert told(path) == ({"sakura.free-pages", *told_before}, "clean")
    assert b"Mossgarden" not in path.read_bytes()
