"""Pictures that independent readers show of a slide, held against those that the census found in its files.

A reader opens files of its own choice, and follows names and indexes that nobody here reads. What it shows and no
account holds stands somewhere that was overlooked: in a file beside, or in bytes that were claimed as tissue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.verification.census.account import Picture
    from blankslide.verification.views import PictureView, ReaderView


def unaccounted(
    views: Sequence[ReaderView],
    pictures: Iterable[Picture],
    gone: Collection[str] = (),
    gone_sizes: Collection[tuple[int, int]] = (),
) -> list[str]:
    """Say which pictures readers show that are in no account.

    Parameters
    ----------
    views
        What readers see.
    pictures
        From the census: all of them, whatever they are proven to be, because those are told of by themselves.
    gone, gone_sizes
        Names and sizes of the pictures that a plan will remove, if the readers looked before that.

    Returns
    -------
    list of str
        Sentences without values.
    """
    sizes = Counter((p.width, p.height) for p in pictures)
    left: dict[str, None] = {}
    for view in views:
        free = sizes.copy()
        for picture in view.pictures:
            if _is_nothing(picture) or picture.name in gone or picture.size in gone_sizes:
                continue
            if free[picture.size] > 0:
                free[picture.size] -= 1
            else:
                width, height = picture.size
                left[f"{view.reader} shows a picture of {width} × {height} that is in no account"] = None
    return list(left)


def _is_nothing(picture: PictureView) -> bool:
    """Whether a reader shows one colour, or nothing: then there is nothing to explain."""
    return picture.blank or not picture.decodes
