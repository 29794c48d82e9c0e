"""What the census found, as data: texts, pictures, and what does not add up.

Values travel in plain strings here; whoever hands them on wraps them. An `Account` never leaves the
process and is never written down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.pixels import Look


class Text(NamedTuple):
    """One thing that can be read.

    Attributes
    ----------
    file
        Number of the file.
    path
        Its place, without values: ``270/AppMag``, ``Slidedat.ini/GENERAL/SLIDE_ID``, ``loose``.
    value
        What stands there.
    start, end
        Bytes of the value in the file, or of what wraps it.
    where
        The place in words: ``page 2``.
    """

    file: int
    path: str
    value: str
    start: int
    end: int
    where: str

    def __repr__(self) -> str:
        return f"<Text of {len(self.value)} characters in {self.where}>"


class Picture(NamedTuple):
    """One thing that decodes as a picture, and what its pixels prove it to be.

    ``proven`` is "stream" for a picture that was found by content and was not yet held against the slide. ``digest`` is
    the SHA-256 of all of the value that it is, where it is a value and its place in the file is not known.
    """

    file: int
    where: str
    width: int
    height: int
    proven: str
    start: int
    end: int
    reason: str = ""
    look: Look | None = None
    digest: bytes = b""


class Claimed(NamedTuple):
    """A whole coded picture that the plan claims as a tile: its file, the place in words, its size and its bytes."""

    file: int
    where: str
    width: int
    height: int
    start: int
    end: int


@dataclass(slots=True)
class Account:
    """All that was found in the files of one slide.

    Attributes
    ----------
    texts, pictures
        In no particular order.
    troubles
        Sentences, without values, about what could not be looked at.
    proven
        For each file the spans of proven tissue, sorted.
    claimed
        Pieces of claimed tissue that were walked and are whole pictures.
    """

    texts: list[Text] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    proven: dict[int, list[Span]] = field(default_factory=dict)
    claimed: list[Claimed] = field(default_factory=list)

    def add(self, part: Account) -> None:
        """Take in the account of one file."""
        self.texts += part.texts
        self.pictures += part.pictures
        self.troubles += part.troubles
        self.claimed += part.claimed
        self.proven.update(part.proven)

    def __repr__(self) -> str:
        return f"<Account: {len(self.texts)} texts, {len(self.pictures)} pictures, {len(self.troubles)} troubles>"
