"""What a reviewer sees of one slide: its pictures, the corners of the tissue at full resolution, every string left.

Pixels and strings live here as long as a page is shown, and are written nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blankslide import pipeline
from blankslide.errors import BlankslideError
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.model import Inspection
    from blankslide.pipeline import Options, Readable

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]

CORNER = 256
"""Pixels along the side of a corner crop."""

WHERE = ("top left", "top right", "bottom left", "bottom right")
PICTURE = (480, 320)
"""Width and height that a picture is made to fit into."""


@dataclass(frozen=True, slots=True)
class Page:
    """One slide, ready to be looked at.

    Attributes
    ----------
    headline
        What `verify` says of it, or why it was refused.
    clean
        Whether it is clean by that.
    pictures, corners
        (what it is, pixels): rows, columns and red, green, blue of 8 bits. Corners are of level 0.
    strings
        Every string that stands in it; those that nothing explains come first.
    trouble
        Why its pictures cannot be shown, or empty.
    seen
        By what the slide is known again that was looked at: a digest as the ledger has it; empty if nobody can tell.
    """

    headline: str
    clean: bool
    pictures: tuple[tuple[str, Pixels], ...] = field(default=(), repr=False)
    corners: tuple[tuple[str, Pixels], ...] = field(default=(), repr=False)
    strings: tuple[Readable, ...] = field(default=(), repr=False)
    trouble: str = ""
    seen: str = field(default="", repr=False)

    @property
    def unexplained(self) -> int:
        """How many strings nothing explains."""
        return sum(not line.explained for line in self.strings)


def page_of(path: Path, options: Options) -> Page:
    """Make the page of a slide; one that is refused, or cannot be shown, has a page that says so."""
    try:
        certified = pipeline.certify(path, options)
        outcome, seen = certified.outcome, certified.evidence.after
        headline = words.after_line(path, outcome, wrote=False).replace(" · nothing to do", "")
        inspection, _ = pipeline.plan(path, options)
        strings = tuple(pipeline.readable(path, options))
    except BlankslideError as error:
        return Page(words.error_line(path, error), clean=False)
    try:
        pictures, corners = _shown(pipeline.main_file(path), inspection)
    except BlankslideError as error:
        return Page(headline, bool(outcome), strings=strings, trouble=f"cannot be shown: {error.message}", seen=seen)
    return Page(headline, bool(outcome), pictures, corners, strings, seen=seen)


def seen_now(path: Path, options: Options) -> str:
    """Return by what a slide is known as it is now; empty if nobody can tell."""
    try:
        return pipeline.evidence_of(path, options).after
    except BlankslideError:
        return ""


def _shown(path: Path, inspection: Inspection) -> tuple[tuple[tuple[str, Pixels], ...], tuple[tuple[str, Pixels], ...]]:
    from blankslide.viewing import open_pyramid
    from blankslide.viewing.picture import in_order, small

    with open_pyramid(path, inspection) as pyramid:
        roles = in_order(pyramid.pictures)
        pictures = tuple((role, small(pyramid.pictures[role], *PICTURE)) for role in roles)
        corners = tuple(zip(WHERE, _corners(pyramid.levels[0]), strict=True)) if pyramid.levels else ()
    return pictures, corners


def _corners(level: Any) -> Sequence[Pixels]:
    """Cut the four corners out of level 0, as they are."""
    from blankslide.viewing.picture import small

    height, width = level.shape[:2]
    rows = (slice(0, min(CORNER, height)), slice(max(0, height - CORNER), height))
    columns = (slice(0, min(CORNER, width)), slice(max(0, width - CORNER), width))
    return [small(level[row, column], CORNER, CORNER) for row in rows for column in columns]
