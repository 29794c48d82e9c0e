"""The three ways to edit a slide: where it stands, into a copy, or only as a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import UsageError
from blankslide.pipeline.options import Mode

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome
    from blankslide.pipeline.options import Options


class Spelling(NamedTuple):
    """How the three ways are asked for, so that an error can name them."""

    in_place: str = "in_place=True"
    out: str = "out=FOLDER"
    dry_run: str = "dry_run=True"


def mode_of(in_place: bool, out: str | Path | None, dry_run: bool, spelling: Spelling | None = None) -> Mode:
    """Return the mode that a person asked for.

    Parameters
    ----------
    spelling
        As they say it; that of Python by default.

    Raises
    ------
    UsageError
        If they asked for none, or for two that exclude each other.
    """
    said = spelling or Spelling()
    if in_place and out is not None:
        raise UsageError(f"{said.in_place} and {said.out} exclude each other")
    if not (in_place or dry_run) and out is None:
        raise UsageError(
            f"say {said.in_place} to overwrite the slide itself, {said.out} for a copy, or {said.dry_run} to only plan"
        )
    if out == "":
        raise UsageError(f"the folder of {said.out} is empty", "`.` is the folder that you are in")
    return Mode(out, dry_run)


def anonymize(path: str | Path, options: Options, mode: Mode, name: str | None = None) -> Outcome:
    """De-identify one slide as the mode says.

    Parameters
    ----------
    name
        Name of the copy, or new name of the slide.

    Raises
    ------
    BlankslideError
        As `anonymize_in_place` and `anonymize_copy` do.
    """
    from blankslide.pipeline.copying import anonymize_copy
    from blankslide.pipeline.in_place import anonymize_in_place

    if mode.out is not None:
        return anonymize_copy(path, mode.out, options, name=name, dry_run=mode.dry_run, more=mode)
    return anonymize_in_place(path, options, name=name, dry_run=mode.dry_run, asks=mode.asks)
