"""The end of a spot-check: its result goes into the ledger, with what each reviewer said of each slide of the sample.

A sample that was not looked at whole is not signed, nor one of which a slide was changed after somebody had looked at
it. The entry holds no name: slides stand in their order in the sample, by the keyed digest under which the ledger knows
a finished slide, and those that failed by their pseudonyms. It also holds the digests of the report's data, by which a
report is held against the ledger later (`report_check`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from blankslide.errors import SlideChanged
from blankslide.review.page import seen_now
from blankslide.review.report_data import digests

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline import Options
    from blankslide.records.ledger import Ledger
    from blankslide.review.check import SpotCheck

_LETTERS = {"pass": "P", "fail": "F"}


def sign(
    check: SpotCheck,
    ledger: Ledger,
    names: Mapping[int, str] | None = None,
    seen: Callable[[int], str] | None = None,
) -> int:
    """Write the result into the ledger.

    Parameters
    ----------
    names
        How the ledger knows the slides that failed, by position.
    seen
        Asked by what the slide at a position is known now; None if the slides are not at hand.

    Returns
    -------
    int
        The number of the entry.

    Raises
    ------
    UsageError
        If the sample was not looked at whole, by as many as have to.
    SlideChanged
        If a slide is not the one any more that somebody has looked at.
    EnvironmentProblem
        If the ledger cannot be written.
    """
    from blankslide.version import __version__

    check.require_complete()
    _require_unchanged(check, seen)
    result = check.result()
    verdicts = {who: "".join(_LETTERS[said[p].word] for p in range(check.size)) for who, said in check.done().items()}
    number = ledger.append(
        {
            "kind": "spot-check",
            "transaction": f"spot-check-{os.urandom(12).hex()}",
            "tool": __version__,
            "reviewer": check.reviewer,
            "reviewers": list(result.reviewers),
            "of": result.of,
            "size": result.size,
            "seed": result.seed,
            "slides": check.slides,
            "confidence": result.confidence,
            "verdicts": verdicts,
            "sample": [check.own[p].seen for p in range(check.size)],
            "failed": [(names or {}).get(position, "") for position in result.failed],
            "failures": len(result.failed),
            "bad_at_most": result.bad,
            "differ": len(result.differ),
            "reports": digests(check),
        }
    )
    check.mark_signed()
    return number


def _require_unchanged(check: SpotCheck, seen: Callable[[int], str] | None) -> None:
    """Refuse if a verdict was given on other bytes than another one's, or than stand there now."""
    changed = []
    for position in range(check.size):
        known = {said[position].seen for said in check.done().values()} - {""}
        if known and seen is not None:
            known.add(seen(position))
        if len(known) > 1:
            changed.append(position + 1)
    if changed:
        numbers = ", ".join(map(str, changed))
        raise SlideChanged(
            f"slides of the sample were changed after somebody had looked at them: {numbers}",
            "begin the check anew, with another record" if check.stands else "look at them again, and say what you see",
        )


def sign_slides(check: SpotCheck, slides: Mapping[str, Path], ledger: Ledger, options: Options) -> int:
    """Sign a check whose slides are at hand: none of them may have changed since it was looked at.

    Parameters
    ----------
    slides
        All slides by the names that the check was begun with.
    options
        With which the slides were looked at: the key makes pseudonyms.

    Raises
    ------
    UsageError, SlideChanged, EnvironmentProblem
        As in `sign`.
    """
    from blankslide.policy.pseudonyms import slide_name

    check.require_complete()
    failed = check.result().failed
    last = {position: check.sample[position].rpartition("/")[2] for position in failed}
    names = {p: slide_name(name, options.key) for p, name in last.items()} if options.key else {}
    return sign(check, ledger, names, lambda position: seen_now(slides[check.sample[position]], options))
