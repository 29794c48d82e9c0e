"""What happened to one slide: three answers that are never merged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from blankslide.model.shown import html_of

if TYPE_CHECKING:
    from blankslide.model.plan import Decision

Content = Literal["clean", "untouched", "pending", "residue"]
Medium = Literal["overwritten", "relocated", "shared", "unknown"]
NameVerdict = Literal["plain", "identifying", "unknown"]


OTHER_KEY = "ids in it were replaced under another key"
"""A note: what looks like ids are replacements, so nothing is left, but they are not those of this key."""

COPY_LEFTOVER = "a folder with a dot that the copy was made in could not be removed; the next run removes it"
"""A note: the copy is whole, and beside it stands something of ours that means nothing any more."""

FINISHED = "an interrupted run was finished first"
"""A note: the slide had waited to be recovered."""

LEFTOVER = "what is left of the journal could not be removed; the next run removes it"
"""A note: the slide is finished, and beside it stands a file of ours that means nothing any more."""


@dataclass(slots=True)
class Outcome:
    """What happened to one slide. Three answers that are never merged.

    Attributes
    ----------
    content
        State of the bytes in the file.
    medium
        Whether the old bytes can still be on the storage device.
    name
        Whether the file name itself can identify.
    readers
        Independent readers that agreed before and after.
    residue
        Ids or sentences of what is left, without values.
    coincidences
        Ids whose removed value also occurs inside a kept field's own legal value.
    seconds
        Time for each stage, by the name of the `Stage`.
    target
        Name of the finished copy, or the new name of a slide that was renamed; else empty.
    copied
        Whether the result is a copy; the slide itself still holds everything.
    tissue
        BLAKE2b-256 of all coded tissue before and after, where all of it was read.
    sidecars
        Names of files that belong to the slide and were left as they are.
    """

    content: Content
    medium: Medium = "unknown"
    name: NameVerdict = "unknown"
    format: str = ""
    title: str = ""
    profile: str = ""
    decisions: tuple[Decision, ...] = ()
    readers: tuple[str, ...] = ()
    residue: tuple[str, ...] = ()
    coincidences: tuple[str, ...] = ()
    bytes_written: int = 0
    writes: int = 0
    transaction: str = ""
    ledger_sequence: int | None = None
    notes: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    strict_name: bool = False
    target: str = field(default="", repr=False)
    copied: bool = False
    tissue: tuple[str, str] = ("", "")
    sidecars: tuple[str, ...] = field(default=(), repr=False)

    @property
    def exit_code(self) -> int:
        """Exit code of the command-line contract."""
        if self.content == "pending":
            return 5
        if self.content == "residue":
            return 1
        return 1 if self.strict_name and (self.name == "identifying" or self.sidecars) else 0

    def __repr__(self) -> str:
        # Titles of unknown fields can be names, so decisions are counted, not listed.
        judges = ", ".join(self.readers) or "nobody"
        return f"<Outcome {self.content}, judged by {judges}: {len(self.decisions)} findings, {self.writes} writes>"

    def _repr_html_(self) -> str | None:
        """Show the read-only card in a notebook."""
        return html_of(self)
