"""Whether a slide, looked at once, is whole in the eyes of at least one independent reader.

Without a "before" there is nothing to compare with; but a reader that opens the slide must
have decoded tissue, and every picture that it lists must decode, because one undecodable
strip makes OpenSlide give up the whole slide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.verification.compare import Agreement, barcodes, no_judge_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.verification.views import ReaderView

__all__ = ["judge_once"]


def judge_once(views: Sequence[ReaderView]) -> Agreement:
    """Judge one observation.

    Parameters
    ----------
    views
        From `observe`.

    Returns
    -------
    Agreement
        Readers that saw tissue, and sentences about what does not decode.
    """
    agreed: list[str] = []
    problems: list[str] = []
    for view in views:
        if not view.opened:
            continue
        broken = [p for p in view.pictures if not p.decodes]
        problems.extend(f"{view.reader} cannot decode a picture that the slide still lists" for _ in broken[:1])
        if view.has_seen_tissue and not broken:
            agreed.append(view.reader)
    problems += barcodes(views)
    if not agreed and not problems:
        problems.append(no_judge_message(views))
    return Agreement(agreed, problems)
