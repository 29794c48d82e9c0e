"""Every string that can be read in a slide, for the eyes of whoever checks it.

The strings are those of the census, which knows no format; beside each stands why it may be there: it is a word or
number of the format, a value that the plan keeps, or a replacement of ours. What nothing explains comes first.
A list costs an account of all bytes of the slide that are not tissue, so it is made when somebody asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from blankslide.model import Action
from blankslide.pipeline.balancing import Accounts, accounts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blankslide.pipeline.options import Options
    from blankslide.verification.census.account import Text

Why = Literal["", "kept", "ours", "format"]
_ORDER: tuple[Why, ...] = ("", "kept", "ours", "format")


class Readable(NamedTuple):
    """One string in one place.

    Attributes
    ----------
    where, place
        The place in words, and its path.
    text
        The string.
    explained
        Whether something explains it.
    why
        What does: the plan keeps it, it is ours, or it belongs to the format; empty if nothing does.
    field
        Title of the finding that is kept, if it is one.
    """

    where: str
    place: str
    text: str
    explained: bool
    why: Why
    field: str

    def __repr__(self) -> str:
        return f"<Readable of {len(self.text)} characters in {self.where}>"


def readable(path: str | Path, options: Options) -> list[Readable]:
    """List every string that stands in a slide, once for each place; those that nothing explains come first.

    Raises
    ------
    BlankslideError
        If the slide cannot be inspected or waits to be recovered.
    """
    both = accounts(path, options)
    reason = _reasons(both)
    found = dict.fromkeys(
        Readable(text.where, text.path, text.value, why != "", why, field)
        for text, (why, field) in ((text, reason(text)) for text in both.account.texts)
    )
    return sorted(found, key=lambda line: _ORDER.index(line.why))


def _reasons(both: Accounts) -> Callable[[Text], tuple[Why, str]]:
    """Return what says why a text may be there."""
    from blankslide.verification.census.grammar import Kept, explained

    rules = both.rules
    titles = {d.id: d.title for d in both.plan.decisions if d.action is Action.KEEP}
    kept = [
        (titles[found.id], Kept((p.file, p.start, p.end) for p in found.places))
        for found in both.inspection.findings
        if found.id in titles
    ]

    def reason(text: Text) -> tuple[Why, str]:
        if not explained(text, rules):
            return "", ""
        if rules.ours(text.value.strip(" \0\r\n\t")):
            return "ours", ""
        field = next((title for title, places in kept if places.covers(text.file, text.start, text.end)), "")
        if field or rules.kept.covers(text.file, text.start, text.end):
            return "kept", field
        return "format", ""

    return reason
