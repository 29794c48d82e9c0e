"""Tables and progress: Rich on a terminal, aligned plain text in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from blankslide.model import (
    MASKED,
    NO_LABEL_PLACE,
    NO_LABEL_ROOM,
    NO_MACRO,
    Action,
    Decision,
    Inspection,
    Plan,
    Stage,
)
from blankslide.presentation import wording as words
from blankslide.presentation.rows import in_order

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome
    from blankslide.pipeline import Progress, Readable


def inspection(
    path: Path,
    found: Inspection,
    plan: Plan,
    values: Mapping[str, Sequence[str]],
    sidecars: Sequence[str] = (),
) -> None:
    """Print what is in a slide and what the profile would do."""
    print(f"{words.shown(path)} · {found.title} · {words.shape_phrase(found)}")
    print(words.count_phrase(plan.decisions))
    rows = decision_rows(plan.decisions, values)
    header = ["!", "finding", "where", "class", plan.profile] + (["value"] if values else [])
    if rows:
        table(header, rows)
    stays = [d.title for d in plan.decisions if d.action is Action.KEEP and not d.identifying]
    names = (["µm per pixel"] if found.mpp else []) + (["objective power"] if found.objective else [])
    print("kept: " + ", ".join(dict.fromkeys([*names, "scan geometry", *stays])))
    for line in plan.left:
        print(f"left: {line}")
    for note in plan.notes:
        print(note)
    if sidecars:
        print(words.sidecar_phrase(sidecars))


def readable(lines: Sequence[Readable]) -> None:
    """Print every string that stands in a slide: what somebody who checks by eye has to look through."""
    print(words.strings_phrase([line.why for line in lines]))
    table(["!", "where", "place", "why", "text"], [
        [words.string_mark(line.why), line.where, line.place, words.string_reason(line.why, line.field),
         words.shown(line.text, whole=True)] for line in lines
    ])  # fmt: skip


def dry_run(path: Path, outcome: Outcome) -> None:
    """Print what would happen."""
    print(words.before_line(path, outcome.title, outcome.decisions))
    rows = decision_rows(outcome.decisions, {})
    if rows:
        table(["!", "finding", "where", "class", outcome.profile], rows)
    if outcome.target:
        print(f"{'copy' if outcome.copied else 'new name'}: {words.shown(outcome.target)}")
    elif outcome.copied:
        print("copy: under a pseudonym, made with the site's key by the first real edit")
    if outcome.sidecars:
        print(words.sidecar_phrase(outcome.sidecars))
    for note in outcome.notes:
        if note in (NO_LABEL_PLACE, NO_LABEL_ROOM, NO_MACRO) or note.startswith(MASKED):
            print(note)
    print("dry run: nothing was changed")


def decision_rows(decisions: Sequence[Decision], values: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Rows of what can identify, in the order of all faces; what is merely kept is not a row."""
    rows = []
    for d in in_order(words.sensitive(decisions)):
        row = [words.mark(d), words.shown(d.id, whole=True), d.where, words.class_word(d.cls), words.action_word(d)]
        if values:
            row.append(words.shown(" | ".join(values.get(d.id, ())), whole=True) if d.id in values else "")
        rows.append(row)
    return rows


def table(header: list[str], rows: list[list[str]]) -> None:
    """Print rows: a Rich table on a terminal, aligned columns elsewhere."""
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(*header, box=None, header_style="bold", pad_edge=False)
        for row in rows:
            style = {"●": "bold red", "?": "bold yellow", "!": "bold yellow"}.get(row[0], "")
            drawn.add_row(*(Text(cell, style=style if i < 2 else "") for i, cell in enumerate(row)))
        Console().print(drawn)
        return
    widths = [max(len(r[i]) for r in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print((" " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True))).rstrip())


def next_line(arguments: Sequence[str], short: str, why: str = "") -> str:
    """Say which command comes next, with the paths that were typed.

    Parameters
    ----------
    arguments
        Those of the command; quoted here, so that it can be copied from the screen.
    short
        Said instead if it would fill the screen.
    why
        What is to be known about it.
    """
    command = words.shown("blankslide " + " ".join(map(_quoted, arguments)), whole=True)
    return f"next: {command if len(command) <= _LONGEST else short}" + (f"   ({why})" if why else "")


def _quoted(word: str) -> str:
    if word.isascii() and word.translate(_PLAIN).isalnum():
        return word
    import shlex

    return shlex.quote(word)


_LONGEST = 240
_PLAIN = str.maketrans(dict.fromkeys("-_./=", "x"))


@contextmanager
def progress(path: Path, quiet: bool) -> Iterator[Progress]:
    """Show progress on stderr if that is a terminal; yields the function to call."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, part: None
        return
    name = words.shown(path)

    def step(stage: Stage, part: float) -> None:
        print(f"\r\x1b[K{name} · {stage} {part:4.0%}", end="", file=sys.stderr, flush=True)

    try:
        yield step
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def formats(as_json: bool) -> None:
    """List every format of the registry."""
    from blankslide.formats import all_formats

    rows = [
        {
            "name": f.name,
            "title": f.title,
            "suffixes": list(f.suffixes),
            "removes": f.removes,
            "keeps": f.keeps,
            "readers": list(f.readers),
        }
        for f in all_formats()
    ]
    if as_json:
        import json

        print(json.dumps({"formats": rows}, indent=1))
        return
    for row in rows:
        print(f"{row['title']} ({row['name']}) · {' '.join(row['suffixes'])}")
        print(f"  removed  {row['removes']}")
        print(f"  kept     {row['keeps']}")
        print(f"  judges   {', '.join(row['readers'])}")
