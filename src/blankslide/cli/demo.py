"""The demonstration: sample slides with invented patients, taken through all four steps.

A folder that cannot be made or written is told in one sentence, whatever step finds it out.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.cli import show
from blankslide.errors import BlankslideError, NotEditable, worst_code
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from collections.abc import Callable


_READERS = "'blankslide[readers]'"


def run_samples(directory: str) -> int:
    """Write the samples and their key into a folder, made if need be; return the exit code."""
    return _told(directory, "the samples", lambda: _samples(Path(directory)))


def run_demo(directory: str | None) -> int:
    """Build, inspect, anonymize and verify the samples; return the exit code."""
    if directory is not None:
        return _told(directory, "the demonstration", lambda: _demo(Path(directory)))
    return _told("demo", "the demonstration", _demo_somewhere)


def _demo_somewhere() -> int:
    """Show it in a new folder, which stays for a person to look at; nothing stays of a demonstration that broke off."""
    folder = tempfile.mkdtemp(prefix="blankslide-demo-")
    try:
        return _demo(Path(folder))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _told(where: str, what: str, work: Callable[[], int]) -> int:
    """Do it; what the system refuses is one sentence on stderr, and 4."""
    try:
        return work()
    except BlankslideError as error:
        problem, code = error.message, error.exit_code
    except BrokenPipeError:  # whoever reads our lines has left: the folder is not to blame
        raise
    except OSError as error:
        problem, code = f"{what} cannot be written: {error.strerror or type(error).__name__}", 4
    print(f"{words.shown(where)} · {problem}", file=sys.stderr)
    return code


def _samples(folder: Path) -> int:
    from blankslide.samples import write_samples

    folder.mkdir(parents=True, exist_ok=True)
    planted = write_samples(folder)
    for slide in planted:
        print(f"{slide.file} · {slide.format} · {len(slide.removed)} things planted")
    print(f"planted.json · the answer key of {len(planted)} slides")
    return 0


def _demo(folder: Path) -> int:
    from blankslide import pipeline
    from blankslide.api import options
    from blankslide.samples import write_samples

    folder.mkdir(parents=True, exist_ok=True)
    chosen = options(ledger=str(folder / "ledger.jsonl"), key=folder / "site.key", link_table="none")
    planted = write_samples(folder)
    codes: list[int] = []
    left_out = 0
    planted.sort(key=lambda slide: (not slide.file.startswith("aperio-classic"), slide.file))
    shown_whole = planted[0].file
    print(f"1. {len(planted)} slides with invented patients\n")
    for slide in planted:
        path = folder / slide.file
        found, plan = pipeline.plan(path, chosen)
        if slide.file == shown_whole:
            from blankslide.cli.slides import values_of

            print(f"2. what is in {slide.file}, with the values that nobody should see")
            show.inspection(path, found, plan, values_of(found))
            print("\n3. in place, judged anew, and every planted value searched for\n")
        try:
            outcome = pipeline.anonymize_in_place(path, chosen)
        except NotEditable as error:
            print(words.error_line(path, error))
            left_out += _READERS in error.hint
            codes += [error.exit_code] * (_READERS not in error.hint)
            continue
        print(words.after_line(path, outcome, wrote=outcome.writes > 0))
        judged = pipeline.verify(path, chosen)
        left = _still_there(path, [p.value for p in slide.removed if p.value])
        counted = f"{len(slide.removed)} things planted, {left} of their values left in the file"
        print(f"    {counted}; verify says {judged.content}")
        codes += [outcome.exit_code, judged.exit_code, 1 if left else 0]
    _end(folder, len(planted), left_out)
    return worst_code(codes)


def _end(folder: Path, count: int, left_out: int) -> None:
    """Say where everything is, what was left out, and what a person can do next."""
    if left_out:
        print(f"\n{left_out} of {count} slides need a reader that is not installed: pip install {_READERS}")
    place = shlex.quote(str(folder.absolute()))
    print(f"\nThe slides lie in {words.shown(place, whole=True)}: look at them with any viewer, and remove the folder.")
    print(f"next: blankslide verify {words.shown(place, whole=True)}; then blankslide inspect SLIDE, with one of yours")
    sys.stdout.flush()


def _still_there(path: Path, values: list[str]) -> int:
    data = path.read_bytes()
    return sum(len(v) > 4 and v.encode("latin-1", "ignore") in data for v in values)
