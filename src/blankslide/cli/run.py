"""Many slides, one exit code: each slide has its own line and one bad slide never stops the others."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blankslide import wording as words
from blankslide.errors import BlankslideError, EnvironmentProblem, NoPermission, UsageError

if TYPE_CHECKING:
    from blankslide.model import Decision, Inspection, Outcome


@dataclass(slots=True)
class Row:
    """What is to be said of one slide."""

    path: Path
    format: str = ""
    content: str = "untouched"
    medium: str = "unknown"
    name: str = "unknown"
    decisions: tuple[Decision, ...] = ()
    error: str | None = None
    code: int = 0
    values: dict[str, list[str]] = field(default_factory=dict)
    target: str = ""
    sidecars: tuple[str, ...] = ()
    outcome: Outcome | None = None

    def as_json(self) -> dict[str, Any]:
        """The contract's object for this slide."""
        findings = []
        for d in self.decisions:
            item: dict[str, Any] = {"id": d.id, "class": d.cls.value, "action": d.action.value, "count": d.number}
            if d.id in self.values:
                item["values"] = self.values[d.id]
            findings.append(item)
        return {
            "path": plain_text(self.path),
            "format": self.format or None,
            "content": self.content,
            "medium": self.medium,
            "name": self.name,
            "findings": findings,
            "target": plain_text(self.target) or None,
            "sidecars": [plain_text(name) for name in self.sidecars],
            "error": self.error,
        }


def plain_text(path: str | Path) -> str:
    """Return a path as text that any encoding can hold: odd bytes are escaped."""
    return words.plain_text(path)


def from_outcome(path: Path, outcome: Outcome) -> Row:
    """Make a row of an outcome."""
    return Row(
        path,
        outcome.format,
        outcome.content,
        outcome.medium,
        outcome.name,
        outcome.decisions,
        "; ".join(outcome.residue) or None if outcome.content == "residue" else None,
        outcome.exit_code,
        target=outcome.target,
        sidecars=outcome.sidecars,
        outcome=outcome,
    )


def values_of(inspection: Inspection) -> dict[str, list[str]]:
    """Every finding's values in clear: only for ``--show-values``."""
    return {f.id: [v.reveal() for v in (f.value, *f.values)] for f in inspection.findings if f.value is not None}


def slides_in(paths: Iterable[str], unclaimed: Callable[[Path], None], outside: str | None = None) -> Iterator[Path]:
    """Yield each slide: files as named, a slide's data folder as the slide, directories recursed.

    Parameters
    ----------
    unclaimed
        Called with each file of a directory that is no slide, nor part of one.
    outside
        A folder that is left out where a directory holds it: the one that copies go to.
    """
    from blankslide.pipeline import main_file, slides_below

    for name in paths:
        path = Path(name)
        if not path.is_dir():
            yield path
        elif _is_data_folder(path):
            yield main_file(path)
        else:
            yield from slides_below(path, unclaimed, lambda inner: _is_inside(inner, outside))


def _is_data_folder(path: Path) -> bool:
    """Whether the folder is where a slide beside it has its data."""
    from blankslide.pipeline import main_file

    try:
        main = main_file(path)
    except BlankslideError:  # several slides
        return False
    return main != path and os.path.realpath(main.parent) != os.path.realpath(path)


def _is_inside(path: Path, folder: str | None) -> bool:
    return folder is not None and (os.path.realpath(path) + os.sep).startswith(
        os.path.join(os.path.realpath(folder), "")
    )


class Runner:
    """Runs one command over many slides and keeps the score.

    Parameters
    ----------
    as_json
        Print one JSON object at the end instead of lines.
    outside
        Folder whose slides are left out when a directory around it is gone through.
    failed
        Called with the row of each slide that was refused.
    """

    def __init__(self, as_json: bool, outside: str | None = None, failed: Callable[[Row], None] | None = None) -> None:
        self.as_json = as_json
        self.failed = failed
        self.outside = outside
        self.rows: list[Row] = []
        self.skipped: list[Path] = []

    def run(self, paths: Iterable[str], work: Callable[[Path], Row]) -> int:
        """Do ``work`` for every slide; return the contract's exit code."""
        for path in slides_in(paths, self.skipped.append, self.outside):
            self.rows.append(self._one(path, work))
        if self.as_json:
            import json

            print(json.dumps({"slides": [r.as_json() for r in self.rows]}, ensure_ascii=True, indent=1))
        else:
            for path in self.skipped:
                print(f"{words.shown(path)} · not a slide, left alone", file=sys.stderr)
            if not self.rows:
                print("no slide found", file=sys.stderr)
        return exit_code(r.code for r in self.rows)

    def _one(self, path: Path, work: Callable[[Path], Row]) -> Row:
        try:
            return work(path)
        except BlankslideError as error:
            problem = error
        except FileNotFoundError:
            problem = UsageError("there is no such file")
        except PermissionError:
            problem = NoPermission("reading or writing is not allowed")
        except BrokenPipeError:  # whoever reads our lines has left: that is no fault of the slide
            raise
        except OSError as error:
            problem = EnvironmentProblem(f"the system refused: {error.strerror or 'unknown error'}")
        if not self.as_json:
            print(words.error_line(path, problem), file=sys.stderr)
        content = "pending" if problem.exit_code == 5 else "untouched"
        row = Row(path, content=content, error=problem.sentence(), code=problem.exit_code)
        if self.failed is not None:
            self.failed(row)
        return row


def exit_code(codes: Iterable[int]) -> int:
    """Of several: 5 if any, else 1 if any, else the highest."""
    seen = set(codes)
    for first in (5, 1):
        if first in seen:
            return first
    return max(seen, default=0)
