"""Candidates from files and from arrays, for tests of what pictures are proven to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.verification.census.decode import Grid, Pixels, look_at, tiff_look
from blankslide.verification.census.roles import Candidate

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.verification.census.pixels import Look


def look_of(array: Any, segment: int = 0, few: int = 8) -> Look:
    """Return the look at an array; cut into square tiles of `segment` pixels, or in one piece."""
    height, width = array.shape[:2]
    side = segment or max(height, width)
    wide, high = min(side, width), min(side, height)
    columns, rows = -(-width // wide), -(-height // high)
    array = array if array.ndim == 3 else array[..., None]

    def decode(data: bytes, index: int, exact: bool) -> Pixels:
        y, x = index // columns * high, index % columns * wide
        return Pixels(array[y : y + high, x : x + wide])

    ones = [1] * (columns * rows)
    return look_at(width, height, Grid(wide, high, columns, rows, ones, ones), lambda o, n: b"x", decode, few=few)


def candidate(array: Any, said: str, *, tiled: bool = True, segment: int = 64, few: int = 8) -> Candidate:
    """Return an array as a picture of a slide."""
    height, width = array.shape[:2]
    count = -(-width // segment) * -(-height // segment)
    return Candidate(width, height, look_of(array, segment, few), tiled, count, said)


def pages_of(file: Path | bytes) -> list[tuple[Any, bytes]]:
    """Return all pages of a TIFF, subdirectories behind their page, each with the file's bytes."""
    from tifffile import TiffFile

    data = file if isinstance(file, bytes) else file.read_bytes()
    found: list[tuple[Any, bytes]] = []
    with TiffFile(BytesIO(data)) as tiff:
        for page in tiff.pages:
            found += [(member, data) for member in (page, *(getattr(page, "pages", None) or ()))]
    return found


def looked(page: Any, data: bytes, few: int = 8) -> Look | None:
    """Return the look at one page."""
    return tiff_look(page, lambda offset, count: data[offset : offset + count], few=few)


def slide_of(file: Path, said: Sequence[str], few: int = 8) -> list[Candidate]:
    """Return the pages of a slide as candidates, with the plan's words."""
    pages = pages_of(file)
    assert len(pages) == len(said)
    return [
        Candidate(p.imagewidth, p.imagelength, looked(p, data, few), bool(p.is_tiled), len(p.dataoffsets), word)
        for (p, data), word in zip(pages, said, strict=True)
    ]


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """Return these functions; test files cannot import each other."""
    return SimpleNamespace(
        look_of=look_of, candidate=candidate, pages_of=pages_of, looked=looked, slide_of=slide_of, tissue=tissue
    )


def tissue(width: int, height: int, seed: int = 1) -> Any:
    """Return tissue on glass as an array."""
    from blankslide.samples.kit.drawing import tissue as draw

    return np.asarray(draw(width, height, seed))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that builds one of our samples, once."""
    from blankslide.testing.built import builders

    built: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in built:
            built[name] = tmp_path_factory.mktemp("sample") / name
            builders()[name](built[name])
        return built[name]

    return get
