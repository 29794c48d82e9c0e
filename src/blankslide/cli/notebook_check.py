"""Notebooks that are to be passed on: a line for each, and what is left in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from blankslide import pipeline
from blankslide.errors import BlankslideError, worst_code
from blankslide.model.shown import plain_text
from blankslide.presentation import wording as words
from blankslide.records import notebook_check

_CLEAN = "no picture, no value, and no state of a widget but summaries"
_STRIP = "press Finish in the card, or take outputs out (jupyter nbconvert --clear-output --inplace), and save again"


def check(files: tuple[str, ...], slides: tuple[str, ...], as_json: bool) -> int:
    """Look at every notebook; return the exit code."""
    try:
        values = _values(slides)
    except BlankslideError as error:
        print(error.sentence(), file=sys.stderr)
        return error.exit_code
    told: list[dict[str, Any]] = []
    codes = []
    for file in files:
        path = Path(file)
        found, code, trouble = _looked(path, values)
        codes.append(code)
        told.append({"path": plain_text(path), "left": [one._asdict() for one in found], "error": trouble or None})
        if not as_json:
            _tell(path, found, trouble, bool(slides))
    if as_json:
        print(json.dumps({"notebooks": told}, ensure_ascii=True))
    return worst_code(codes)


def _looked(path: Path, values: set[str]) -> tuple[list[notebook_check.Left], int, str]:
    try:
        found = notebook_check.left_in(notebook_check.read(path), values)
    except BlankslideError as error:
        return [], error.exit_code, error.sentence()
    return found, int(bool(found)), ""


def _values(slides: tuple[str, ...]) -> set[str]:
    """Return what identifies in slides, and their own names."""
    values: set[str] = set()
    for name in slides:
        found = pipeline.inspect(Path(name))
        values |= {v.reveal() for f in found.findings if f.value is not None for v in (f.value, *f.values)}
        values |= {file.name for file in found.files} | {Path(name).name}
    return values


def _tell(path: Path, found: list[notebook_check.Left], error: str, with_slides: bool) -> None:
    name = words.shown(path)
    if error:
        print(f"{name} · {error}", file=sys.stderr)
    elif not found:
        more = "" if with_slides else "; values of a slide are looked for with --slide"
        print(f"{name} · clean: {_CLEAN}{more}")
    else:
        print(f"{name} · NOT clean: {'; '.join(f'{one.where}: {one.what}' for one in found)} · {_STRIP}")
