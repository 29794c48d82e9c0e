"""What no command says itself: an argument that is empty, and an error that nobody expected.

An empty word is what a shell makes of ``"$SLIDE"`` where nobody has set it, and a path that is empty means the folder
that a person is in: a run in place would edit every slide below it. No command has a use for one.

An error that reaches this place is told in one line, without its text, which may hold a value or a path, and without
a traceback; the exit code is never that of a slide with something left in it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

import click

_EMPTY_OPTION = re.compile(r"(--[a-z-]+)=")


def refuse_empty(words: Sequence[str]) -> None:
    """Refuse a command line with an empty word.

    Raises
    ------
    click.UsageError
        If there is one.
    """
    for before, word in zip(("", *words), words, strict=False):
        option = _EMPTY_OPTION.fullmatch(word)
        if word and option is None:
            continue
        given = option[1] if option is not None else before if len(before) > 2 and before.startswith("--") else ""
        what = f"the word behind {given} is empty" if given else "one of the words is empty"
        raise click.UsageError(f"{what}: is a variable of your shell not set? Nothing was changed")


def tell(error: Exception) -> int:
    """Say what has gone wrong on standard error; return the exit code."""
    from blankslide.errors import EnvironmentProblem
    from blankslide.pipeline import problem_of

    problem = problem_of(error)
    if isinstance(error, FileNotFoundError) and _is_nowhere():
        problem = EnvironmentProblem("the folder that you are in is not there any more", "go into another one: cd")
    parts = [problem.message, *([_place(error)] if problem.exit_code == 70 else []), problem.hint or problem.next_step]
    print(" \u00b7 ".join(filter(None, parts)), file=sys.stderr)
    return problem.exit_code


def _is_nowhere() -> bool:
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _place(error: Exception) -> str:
    """Return the innermost place in our own code that the error came through."""
    trace, found = error.__traceback__, ""
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] == "blankslide":
            found = f"{module}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
