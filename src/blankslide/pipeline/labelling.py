"""The new label of one slide: its text is made before anything is planned, and refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import UsageError
from blankslide.model.changed import changed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blankslide.pipeline.options import Options

__all__ = ["refuse_telling", "with_label"]


def with_label(options: Options, present: str, name: str | None = None) -> Options:
    """Return the options for one slide, with the text of its label; as they are where no label is asked for.

    Parameters
    ----------
    present
        What the slide's main file is called now.
    name
        What it will be called, if the person said so.

    Raises
    ------
    UsageError
        If the label cannot be printed, or there is no key for a pseudonym.
    """
    if options.label is None:
        return options
    from blankslide.policy.file_names import name_verdict
    from blankslide.policy.labels import LabelPattern, is_pseudonym
    from blankslide.policy.pseudonyms import slide_name

    pattern = LabelPattern(options.label)
    key = options.planning_key
    if "pseudonym" in pattern.fields and key is None:
        raise UsageError("a pseudonym on a label needs the site's key", "name one with --key")
    called = name or present
    own = Path(present).stem
    pseudonym = own if is_pseudonym(own) else "" if key is None else slide_name(present, key)
    is_plain = name is not None or name_verdict(present) == "plain"
    made = pattern.label(pseudonym, Path(called).stem, is_plain)
    return changed(options, new_label=made)


def refuse_telling(options: Options, removed: dict[str, list[str]]) -> None:
    """Refuse a label that holds what is removed from the slide, or what looks like a case's number.

    Raises
    ------
    UsageError
        If so.
    """
    if options.new_label is not None:
        options.new_label.require_harmless(_all(removed.values()))


def _all(values: Iterable[list[str]]) -> list[str]:
    return [value for some in values for value in some]
