"""The nouns that pass between the stages: finding, edit, patch, plan, outcome.

Everything here is data. Nothing here reads a file, decides or writes. Small tuples
(`NamedTuple`) are used where nothing changes, classes with slots elsewhere.
``file`` is always an index into ``Inspection.files``; offsets and lengths are bytes.
"""

from typing import TYPE_CHECKING, Any

from blankslide.model.classes import Action, PhiClass
from blankslide.model.edits import (
    Blank,
    Chain,
    Coding,
    Cut,
    Drop,
    Edit,
    Fill,
    Held,
    Link,
    Part,
    Pointers,
    Rewrite,
    Room,
    Slot,
    Slots,
    TextBlock,
    Write,
)
from blankslide.model.notes import (
    COPY_LEFTOVER,
    DONE_BEFORE,
    FINISHED,
    FOLDER_STAYS,
    KEPT_PART,
    LEFTOVER,
    MASKED,
    MASKED_BEFORE,
    NO_LABEL_PART,
    NO_LABEL_PLACE,
    NO_LABEL_ROOM,
    NO_MACRO,
    OTHER_KEY,
    PSEUDONYM,
)
from blankslide.model.plan import Decision, Patch, Plan, Rank
from blankslide.model.slide import AssociatedImage, Finding, Inspection, Level, OwnPicture, Place, SlideFile
from blankslide.model.stage import Stage

if TYPE_CHECKING:
    from blankslide.model.outcome import Content, Medium, NameVerdict, Outcome

__all__ = [
    "COPY_LEFTOVER",
    "DONE_BEFORE",
    "FINISHED",
    "FOLDER_STAYS",
    "KEPT_PART",
    "LEFTOVER",
    "MASKED",
    "MASKED_BEFORE",
    "NO_LABEL_PART",
    "NO_LABEL_PLACE",
    "NO_LABEL_ROOM",
    "NO_MACRO",
    "OTHER_KEY",
    "PSEUDONYM",
    "Action",
    "AssociatedImage",
    "Blank",
    "Chain",
    "Coding",
    "Content",
    "Cut",
    "Decision",
    "Drop",
    "Edit",
    "Fill",
    "Finding",
    "Held",
    "Inspection",
    "Level",
    "Link",
    "Medium",
    "NameVerdict",
    "Outcome",
    "OwnPicture",
    "Part",
    "Patch",
    "PhiClass",
    "Place",
    "Plan",
    "Pointers",
    "Rank",
    "Rewrite",
    "Room",
    "SlideFile",
    "Slot",
    "Slots",
    "Stage",
    "TextBlock",
    "Write",
]

_LATER = ("Content", "Medium", "NameVerdict", "Outcome")


def __getattr__(name: str) -> Any:
    """Load what tells of a run on first use: looking at a slide needs none of it, and it takes long to make."""
    if name in _LATER:
        from blankslide.model import outcome

        found = globals()[name] = getattr(outcome, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
