"""What a person asks for beside the profile: in place or a copy, which name, which label, what of the pictures stays.

A `Wish` is plain data, so that a form, a menu and a script say the same thing in the same words. It is looked at
before any slide is: what is wrong with it is said in one sentence, and no plan is made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError, UsageError
from blankslide.model.changed import changed
from blankslide.pipeline.options import Mode, Options

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.policy.profiles import Profile

IN_PLACE, COPY = "in place", "copy"
MODES = (IN_PLACE, COPY)
_PICTURES = ("mask_macro", "keep_label")


class Wish(NamedTuple):
    """What is wanted of a run.

    Attributes
    ----------
    mode
        ``in place`` or ``copy``.
    folder
        Where a copy goes.
    name
        Pattern of the new name, such as ``STUDY-7`` or ``{pseudonym}``; empty to leave the name.
    label
        Text of a new label, such as ``{pseudonym}|HE``; empty for a blank one.
    mask_macro
        Part of the macro that goes, ``auto`` or ``X,Y,W,H``; empty for all of it.
    keep_label
        Part of the label that stays, as ``X,Y,W,H``; empty for none.
    """

    mode: str = IN_PLACE
    folder: Path | None = None
    name: str = ""
    label: str = ""
    mask_macro: str = ""
    keep_label: str = ""

    @property
    def copies(self) -> bool:
        """Whether the slide itself is only read."""
        return self.mode == COPY

    def mode_for(self, dry_run: bool) -> Mode:
        """Return the mode of a run.

        Raises
        ------
        UsageError
            If a copy is wanted and nobody said where.
        """
        if self.mode not in MODES:
            raise UsageError(f"there is no way of working {self.mode!r}", f"say {IN_PLACE!r} or {COPY!r}")
        if not self.copies:
            return Mode(None, dry_run)
        if self.folder is None:
            raise UsageError("a copy needs a folder to go to", "choose one")
        if self.folder.parts[:1] and self.folder.parts[0].startswith("~"):
            raise UsageError("the folder begins with the home of somebody who has none here", "write it out")
        return Mode(self.folder, dry_run)

    def options(self, chosen: Options) -> Options:
        """Return options that ask for the new label and for the mask."""
        return changed(chosen, label=self.label or None, mask=self.mask_macro or None)

    def profile(self, chosen: Profile) -> Profile:
        """Return a profile that keeps the part of the label that is to stay.

        Raises
        ------
        UsageError
            If it is no rectangle.
        """
        if not self.keep_label:
            return chosen
        from blankslide.policy.label_part import parse

        return chosen._replace(label_part=parse(self.keep_label))

    def name_for(self, path: Path, options: Options) -> str | None:
        """Return the new name of one slide, or None if it keeps its own.

        Raises
        ------
        UsageError
            If the pattern makes no sense, or asks for what the present name does not have.
        """
        if not self.name:
            return None
        from blankslide.batch.single import task_of

        return task_of(self.name, path, options, in_place=not self.copies).name

    def problem(self, profile: Profile) -> BlankslideError | None:
        """Return what is wrong with it whichever slide it is for, or None."""
        try:
            self.mode_for(dry_run=True)
            self.profile(profile)
            if self.name:
                from blankslide.batch import Pattern

                Pattern(self.name, profile.identifiers)
            if self.mask_macro:
                from blankslide.pipeline.masking import ask_for

                ask_for(Options(profile=profile), self.mask_macro)
            if self.label:
                from blankslide.policy.labels import LabelPattern

                LabelPattern(self.label)
        except BlankslideError as error:
            return error
        return None


def typed_path(text: str) -> Path | None:
    """Return the path that a person typed, ``~`` for the home; None for nothing. What cannot be resolved stays."""
    from pathlib import Path

    if not text.strip():
        return None
    path = Path(text.strip())
    try:
        return path.expanduser()
    except RuntimeError:  # nobody has such a home: whoever uses the path says that there is no such folder
        return path


def offered() -> tuple[str, ...]:
    """Return which parts of pictures can be asked for."""
    return _PICTURES


def way_of(options: Options) -> tuple[object, ...]:
    """Return what options say of the new label and of parts of pictures, beside the profile."""
    return options.label, options.mask
