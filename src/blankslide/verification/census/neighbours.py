"""Files beside a slide that the slide names itself: they are part of it, whatever a format opens.

A set names its files somewhere: in an index, in a key file, in XML. So each text of the census that is the name of a
file in the slide's own folder is held against the files that the account was drawn up on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.verification.census.account import Text

_LONGEST = 255


def unopened(texts: Iterable[Text], present: Collection[str], own: Collection[str]) -> list[str]:
    """Say how many files beside the slide are named in it and in no account.

    Parameters
    ----------
    texts
        From the census.
    present
        Names of all files in the slide's folder, or folders.
    own
        Names of the slide's files that the census was taken of.

    Returns
    -------
    list of str
        One sentence, without a name, if there are any.
    """
    strange = {name.casefold() for name in present} - {name.casefold() for name in own}
    if not strange:
        return []
    named = {name for text in texts if (name := _name(text.value)) in strange}
    if not named:
        return []
    return [f"the slide names {len(named)} file{'s' * (len(named) > 1)} beside it that nobody has opened"]


def _name(value: str) -> str:
    """Return what would be a file's name if the text were a path."""
    if "." not in value or len(value) > 16 * _LONGEST:
        return ""
    return value.replace("\\", "/").rpartition("/")[2].strip(" \t\r\n\0\"'").casefold()
