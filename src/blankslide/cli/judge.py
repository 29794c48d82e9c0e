"""Judging slides as they are, and finishing interrupted runs.

Whoever recovers wants to know that no run is left half-done. So a journal whose slide is not there
any more is named too, in every folder that was looked into.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from blankslide import pipeline
from blankslide.cli.settling import settle
from blankslide.cli.slides import Row, Runner, from_outcome
from blankslide.model import Action
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.pipeline import Options


def verify(paths: tuple[str, ...], options: Options, as_json: bool) -> int:
    """Judge every slide; return the exit code."""

    def work(path: Path) -> Row:
        outcome = pipeline.verify(path, options)
        if not as_json:
            print(words.after_line(path, outcome, wrote=False).replace(" · nothing to do", ""))
        return from_outcome(path, outcome)

    runner = Runner(as_json)
    code = runner.run(paths, work)
    slides = sum(row.content == "residue" and _is_to_do(row) for row in runner.rows)
    if slides and not as_json:
        from blankslide.cli.next_steps import after_verify

        if line := after_verify(slides):
            print(line)
    return code


def _is_to_do(row: Row) -> bool:
    """Whether the profile would remove something: what was kept on purpose, nobody has to be told to remove."""
    return any(decision.action is not Action.KEEP for decision in row.decisions)


def recover(paths: tuple[str, ...], options: Options, as_json: bool) -> int:
    """Finish every interrupted run; return the exit code."""

    def work(path: Path) -> Row:
        outcome = pipeline.recover(path, options)
        if not as_json and outcome.content == "untouched":
            print(f"{words.shown(path)} · nothing to recover: no run was interrupted here")
        elif not as_json:
            print(words.after_line(path, outcome, wrote=outcome.writes > 0))
        return from_outcome(path, outcome)

    code = Runner(as_json, writes=True).run(paths, work)
    settle(options.ledger)
    lost = list(_lost(paths))
    for path in lost:
        print(
            f"{words.shown(path)} · an interrupted run waits here for a slide that is not in this folder any more"
            " · nothing is lost · bring the slide back and run: blankslide recover; or remove the journal, if the"
            " slide was begun again with the original",
            file=sys.stderr,
        )
    return 5 if lost else code


def _lost(paths: Iterable[str]) -> Iterator[Path]:
    """Yield the journals without a slide, in the folders of what was named and below."""
    from blankslide.storage.pending import orphans

    for folder in dict.fromkeys(place for name in paths for place in _places(name)):
        try:
            yield from orphans(folder)
        except OSError:  # it has its own line already
            continue


def _places(name: str) -> Iterator[str]:
    real = os.path.realpath(name)
    yield os.path.dirname(real)
    if os.path.isdir(real):
        yield from (place for place, _, _ in os.walk(real))
