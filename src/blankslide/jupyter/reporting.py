"""The report of one run, for whoever asked for one in the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.presentation import wording
from blankslide.records import report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blankslide.session import Session


def unwritable(file: Path) -> str:
    """Say why a report cannot be written there, before anything is done; empty if it can."""
    try:
        report.check(file)
    except BlankslideError as error:
        return error.sentence()
    return ""


def written(file: Path, session: Session) -> str:
    """Write the report of what a session did, and say so; a failure undoes nothing."""
    name = session.path.name if session.path is not None else ""
    if session.outcome is None:
        sections = [report.Section(name, None, session.error.sentence() if session.error is not None else "")]
    else:
        sections = [report.Section(name, session.outcome)]
    return written_many(file, sections)


def written_many(file: Path, sections: Sequence[report.Section]) -> str:
    """Write a report, and say so; a failure undoes nothing."""
    try:
        report.write(file, sections)
    except BlankslideError as error:
        return error.sentence()
    return f"report: {wording.shown(file)}"
