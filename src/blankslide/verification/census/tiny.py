"""Pages of so few pixels that no word has room in them: the last steps of a pyramid.

Of 8 × 6 pixels nobody can say what they show: what a codec rounds is more than what is to be seen. They are taken
for a level by their shape alone, if they are a step of the slide's pyramid. A tile can be larger than such a page by
far, and what is beside the page is decoded by whoever asks; so there, nothing may be drawn but the page's last row and
column again and again, or one colour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blankslide.verification.census.roles import MUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.verification.census.tiff_pages import Page

SIDE = 8
"""Pixels each way of a page whose shape is enough: two letters of the smallest print are wider."""
_BLOCK = 16  # pixels of a JPEG's unit each way: in it, the page's pixels ring
_ROUNDED = 16  # of 255, that a codec may round where one colour is meant: print is darker than that


def is_small(page: Page) -> bool:
    """Whether a page has one tile, and so few pixels that there is no word in them."""
    return page.tiled and len(page.offsets) == 1 and page.width * page.height <= MUTE


def is_last_step(page: Page, slide: Sequence[Page]) -> bool:
    """Whether a page is a step of a slide's pyramid that is too small to show anything.

    Parameters
    ----------
    slide
        The pages that are proven levels.
    """
    return max(page.width, page.height) <= SIDE and any(_is_step(page, level) for level in slide)


def is_quiet(page: Page, pixels: Any) -> bool:
    """Whether what is beside a page in its tile repeats the page's edge, or is of one colour.

    Parameters
    ----------
    pixels
        Its only tile, decoded whole: rows, columns, samples.
    """
    low, right = _filled(page.height), _filled(page.width)
    below, beside, corner = pixels[low:, :right], pixels[:low, right:], pixels[low:, right:]
    return all(
        not part.size or int((part.max(axis=axis).astype(int) - part.min(axis=axis).astype(int)).max()) <= _ROUNDED
        for part, axis in ((below, 0), (beside, 1), (corner, (0, 1)))
    )


def _is_step(page: Page, level: Page) -> bool:
    """Whether a page is a level, halved some times, up to a pixel."""
    step = max(1, level.width // page.width)
    steps = (1 << (step.bit_length() - 1), 1 << step.bit_length())
    return any(abs(level.width / s - page.width) <= 1 and abs(level.height / s - page.height) <= 1 for s in steps)


def _filled(length: int) -> int:
    return -(-length // _BLOCK) * _BLOCK
