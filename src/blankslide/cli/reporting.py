"""The report of a run, after the run: a failure is told and counts, but undoes nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.presentation import wording as words
from blankslide.records import report

if TYPE_CHECKING:
    from blankslide.records.report import Section


def write_report(file: str, sections: Sequence[Section], others: Sequence[Path], with_names: bool) -> int:
    """Write it; return the exit code of that alone."""
    path = Path(file)
    try:
        report.write(path, sections, with_names, [other.name for other in others])
    except BlankslideError as error:
        print(f"{words.shown(path)} · {error.message}", file=sys.stderr)
        return error.exit_code
    return 0
