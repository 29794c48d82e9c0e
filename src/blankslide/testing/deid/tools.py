"""Command lines that take a slide and leave a copy somewhere, each as its own process: ours, and anybody's.

A tool is a command with the words ``{in}`` and ``{out}``: a slide's main file, or its folder for ``{folder}``, and an
empty folder. Nothing goes through a shell.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import UsageError
from blankslide.testing.deid.audited import with_audit
from blankslide.testing.deid.score import Result, judge

if TYPE_CHECKING:
    from blankslide.testing.deid.key import Case

_LONGEST = 300
OURS = "blankslide"


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool.

    Attributes
    ----------
    name
        As the results call it.
    command
        Its words.
    version
        What it says of itself, if it was asked.
    """

    name: str
    command: tuple[str, ...]
    version: str = ""


def ours() -> Tool:
    """Return Blankslide itself, as a user would run it for copies."""
    from blankslide.version import __version__

    options = ("--ledger", "none", "--link-table", "none", "--key", "{home}/site.key")
    command = (sys.executable, "-m", "blankslide", "anonymize", *options, "--out", "{out}", "{in}")
    return Tool(OURS, command, __version__)


def parse(text: str) -> Tool:
    """Read ``NAME=COMMAND`` or ``NAME VERSION=COMMAND``.

    Raises
    ------
    UsageError
        If it is none, or the command lacks a place for slide or result.
    """
    name, equals, command = text.partition("=")
    words = tuple(shlex.split(command))
    has_in = any("{in}" in word or "{folder}" in word for word in words)
    if not (equals and name.strip() and has_in and any("{out}" in word for word in words)):
        raise UsageError("a tool is NAME=COMMAND with {in} and {out}", "such as 'mine=mytool {in} -o {out}'")
    called, _, version = name.strip().partition(" ")
    return Tool(called, words, version)


def run(tool: Tool, folder: Path, cases: Sequence[Case]) -> Iterator[Result]:
    """Let a tool do each slide of a folder, and judge what it has made."""
    with tempfile.TemporaryDirectory() as home:
        for case in cases:
            with tempfile.TemporaryDirectory() as out:
                yield _one(tool, folder / case.file, case, Path(out), Path(home))


def _one(tool: Tool, slide: Path, case: Case, out: Path, home: Path) -> Result:
    known = {"{in}": str(slide), "{folder}": str(slide.parent), "{out}": str(out), "{home}": str(home)}
    words = [_filled(word, known) for word in tool.command]
    try:
        code = subprocess.run(words, capture_output=True, check=False, timeout=_LONGEST).returncode  # noqa: S603 - as named
    except (OSError, subprocess.TimeoutExpired):
        return Result(case, "failed")
    made = _main_of(out, slide)
    if made is None:
        return judge(case, slide, None, "refused" if code else "failed")
    return with_audit(judge(case, slide, made, "told" if code else "done"), made)


def _filled(word: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        word = word.replace(name, value)
    return word


def _main_of(out: Path, slide: Path) -> Path | None:
    """Return the main file of what a tool has made: called as before, or the first slide there is."""
    found = sorted(path for path in out.rglob("*") if path.is_file() and path.suffix.lower() == slide.suffix.lower())
    same = [path for path in found if path.name == slide.name]
    return next(iter(same or found), None)
