"""The tree of everything that can go wrong, with exit code and what was changed.

    BlankslideError
    ├── UsageError            exit 2   the person asked for something that makes no sense
    │   └── ProfileError               a profile file says something we do not understand
    ├── SlideError            exit 3   the file; always untouched
    │   ├── NotASlide                  no format accepts it
    │   ├── DamagedSlide               a known format, but truncated, looping, overlapping
    │   ├── ContradictorySlide         a known format whose evidence disagrees with itself
    │   └── NotEditable                sound, but cannot be edited this way
    ├── EnvironmentProblem    exit 4   permission, disk, lock, link; always untouched
    │   ├── NoPermission
    │   ├── NoSpace
    │   ├── SlideLocked
    │   ├── SlideLinked
    │   └── SlideChanged               the file moved under us
    ├── SlidePending          exit 5   a journal waits: only ``recover`` may go on
    │   └── JournalRemains             all is done, but the journal could not be taken away
    ├── Cancelled             exit 130 the person stopped it before anything was written
    └── InternalError         exit 70  our own mistake; says so

A message is one sentence that names the cause. It never holds a value read from a slide,
so that it can be logged and shown anywhere; the slide's name is added by the face that
prints it. ``changed`` answers the one question that matters after a failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Changed = Literal["no", "maybe", "written", "finished", "copied", "unfinished"]
_STATES: dict[Changed, str] = {
    "no": "nothing was changed",
    "maybe": "the slide is interrupted, nothing is lost",
    "written": "the slide is finished but for its journal",
    "copied": "the slide was not changed; its copy is there, but may be lost if the power fails",
    "unfinished": "the slide was not changed; an unfinished copy is left, and the next run removes it",
    "finished": "an interrupted run was finished first, nothing else was changed",
}


class BlankslideError(Exception):
    """Root of the tree; never raised itself.

    Parameters
    ----------
    message
        One sentence without a value from the slide.
    hint
        What the person can do next; `next_step` of the class is said if it is empty.
    """

    exit_code: ClassVar[int] = 70
    next_step: ClassVar[str] = ""
    changed: Changed = "no"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the sentence: whoever prints an error wants to know what to do, too."""
        return self.sentence()

    def sentence(self) -> str:
        """Cause, what was changed, and what to do next, in that order."""
        parts = [self.message, _STATES[self.changed]]
        if self.hint or self.next_step:
            parts.append(self.hint or self.next_step)
        return " · ".join(parts)


class UsageError(BlankslideError):
    """The request itself is wrong."""

    exit_code = 2

    @property
    def line(self) -> int:
        """The line of a file that the message names, or 0."""
        _, _, behind = self.message.partition(", line ")
        number, _, rest = behind.partition(":")
        return int(number) if rest and number.isdigit() else 0


class ProfileError(UsageError):
    """A profile file is wrong; the message names file and line."""


class SlideError(BlankslideError):
    """The slide file is the problem."""

    exit_code = 3


class NotASlide(SlideError):
    """No format accepts the file."""

    next_step = "`blankslide formats` lists what can be edited"


class DamagedSlide(SlideError):
    """A known format whose structure is broken."""

    next_step = "copy it again from where it came from: nothing is done to a damaged slide"


class ContradictorySlide(SlideError):
    """A known format whose evidence disagrees with itself, so no page can be chosen safely."""

    next_step = "look at it with its scanner's viewer, and export it anew if it looks right there"


class NotEditable(SlideError):
    """A sound slide that this way of editing cannot handle."""

    next_step = "export it with its scanner's program, for example as DICOM or OME-TIFF, and edit that"


class EnvironmentProblem(BlankslideError):
    """The surroundings, not the slide."""

    exit_code = 4


class NoPermission(EnvironmentProblem):
    """Reading or writing is not allowed."""

    next_step = "change the permissions, or let its owner do it"


class NoSpace(EnvironmentProblem):
    """The journal or the copy does not fit on the disk."""

    next_step = "make room there, and run it again"


class SlideLocked(EnvironmentProblem):
    """Another run, or a writer, holds the slide."""


class SlideLinked(EnvironmentProblem):
    """The slide has a second name that would silently change with it."""


class SlideChanged(EnvironmentProblem):
    """The file changed between looking and writing."""

    next_step = "wait until nothing writes to it, and run it again"


class SlidePending(BlankslideError):
    """An earlier run was interrupted after its commit point."""

    exit_code = 5
    changed: Changed = "maybe"


class JournalRemains(SlidePending):
    """Everything is written, judged and recorded; only the journal could not be taken away, and still counts."""

    changed = "written"


class Cancelled(BlankslideError):
    """The person stopped the run before its commit point."""

    exit_code = 130


class InternalError(BlankslideError):
    """A promise inside Blankslide was broken; raised before anything is written."""


def worst_code(codes: Iterable[int]) -> int:
    """Return the exit code for several slides: 5 if any, else 1 if any, else the highest."""
    seen = set(codes)
    return next((first for first in (5, 1) if first in seen), max(seen, default=0))
