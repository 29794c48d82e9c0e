"""Which bytes will change, and why. A plan holds no removed value."""

# No `from __future__ import annotations`: each field of a tuple would be compiled again at every start.
import re
from collections.abc import Sequence
from typing import NamedTuple

from blankslide.model.classes import Action, PhiClass
from blankslide.model.edits import Room
from blankslide.model.shown import html_of


class Rank:
    """Order of writing: any prefix of it leaves a slide that still parses."""

    PAYLOAD = 0
    LENGTH = 1
    POINTER = 2
    RELEASED = 3


class Patch(NamedTuple):
    """New bytes for ``[offset, offset + length)`` of one file.

    ``data`` is None for a fill with ``byte``; in a copy its length may be another. Never holds a removed value.
    """

    file: int
    offset: int
    length: int
    data: bytes | None
    byte: int = 0
    rank: int = Rank.PAYLOAD


class Decision(NamedTuple):
    """What the policy says of one finding."""

    id: str
    title: str
    cls: PhiClass
    action: Action
    place_count: int
    where: str
    identifying: bool

    @property
    def public_id(self) -> str:
        """The id for others' eyes: an unknown field's key may itself be somebody's name."""
        if self.cls is not PhiClass.UNKNOWN:
            return self.id
        kept = self.id.split(".")[:-1][:2]  # vendor and store: an element around the field may be a name too
        return ".".join((*kept, "unknown"))


UNKNOWN_TITLE = "unknown field"


def public_sentence(sentence: str, decisions: Sequence[Decision]) -> str:
    """Take the names of unknown fields out of a sentence that others will read.

    The one rule for reports, ledgers and the cards that notebooks save: where a finding is named by
    its id, its `Decision.public_id` stands instead, and where by its title, `UNKNOWN_TITLE`.
    """
    unknown = [d for d in decisions if d.cls is PhiClass.UNKNOWN]
    for decision in sorted(unknown, key=lambda d: -len(d.id)):
        sentence = sentence.replace(decision.id, decision.public_id)
    for title in sorted({d.title for d in unknown if len(d.title) > 2}, key=len, reverse=True):
        sentence = re.sub(rf"(?<!\w){re.escape(title)}(?!\w)", UNKNOWN_TITLE, sentence)
    return sentence


class Plan(NamedTuple):
    """Which bytes will change, and why. Holds no removed value.

    Attributes
    ----------
    profile
        Name of the policy profile.
    decisions
        One for each finding.
    patches
        Sorted by rank, then file, then offset; disjoint; proven to meet no tissue.
    left
        Sentences naming what stays although it may identify; empty when clean is possible.
    labels
        Pictures in whose room a new label is drawn.
    notes
        Sentences for the person, without values.
    masks
        Pictures of which a part is made blank, with the rectangle that really goes.
    """

    profile: str
    decisions: tuple[Decision, ...]
    patches: tuple[Patch, ...]
    left: tuple[str, ...] = ()
    labels: tuple[Room, ...] = ()
    notes: tuple[str, ...] = ()
    masks: tuple[tuple[Room, tuple[int, int, int, int]], ...] = ()

    @property
    def bytes_changed(self) -> int:
        """Number of bytes that the patches cover."""
        return sum(p.length for p in self.patches)

    def __repr__(self) -> str:
        # Patches hold whole kept texts, and a notebook saves what a cell shows.
        return f"<Plan {self.profile}: {len(self.decisions)} findings, {len(self.patches)} patches>"

    def _repr_html_(self) -> str | None:
        """Show the read-only card in a notebook."""
        return html_of(self)
