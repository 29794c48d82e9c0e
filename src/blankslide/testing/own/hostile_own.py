"""Runs the hostile slides of our own through the command line, in this process, and says what is wrong.

They fill the cells of `hostile_table` for which the shared folder has no builder. `trials` lists them, so that a test
can take a few, and ``make trust`` all.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.bench import contents
from blankslide.testing.own.hostile_plants import PLANTS, SAMPLES, Cannot, Draw, Sample
from blankslide.testing.own.hostile_sets import SETS, WHOLE, Files, Made, Set, files_of
from blankslide.testing.own.hostile_texts import TEXTS
from blankslide.testing.own.tiffplant import Plant

if TYPE_CHECKING:
    from click import Command

#: Kinds of which what is put in is science, and stays on a slide that is not refused.
SCIENCE = frozenset((20,))
#: Kinds that end clean: nothing of theirs is unusual. Generic TIFF keeps what it does not understand, and says so.
CLEAN = frozenset((17, 25, 26, 51))
#: Kinds that are answered within seconds; a busy machine takes longer, so it is the processor's time that counts.
FAST, SECONDS = frozenset((19,)), 4.0


class Trial(NamedTuple):
    """One slide: number of its kind, its format, the sample, what is put in, and what makes its files."""

    kind: int
    format: str
    sample: str
    plant: str
    make: Callable[[Path, Draw], tuple[Files, Made]]


class Tried(NamedTuple):
    """What became of a trial; ``cannot`` says why the sample has no place for it."""

    trial: Trial
    code: int = 0
    wrong: tuple[str, ...] = ()
    cannot: str = ""


def trials() -> Iterator[Trial]:
    """Yield every slide of ours; nothing is built."""
    for sample in SAMPLES:
        for kind, plants in (*PLANTS.items(), *TEXTS.items()):
            for name in plants:
                put = plants[name]
                yield Trial(kind, sample.format, sample.name, name, lambda f, d, s=sample, p=put: _planted(f, d, s, p))  # type: ignore[misc]
    for whole in SETS:
        for kind, changes in WHOLE.items():
            for name in changes:
                change = changes[name]
                yield Trial(kind, whole.format, whole.main, name, lambda f, d, s=whole, c=change: _changed(f, d, s, c))  # type: ignore[misc]
        yield Trial(51, whole.format, whole.main, "same key", lambda f, d, s=whole: (files_of(f, s), Made()))  # type: ignore[misc]


def _planted(folder: Path, draw: Draw, sample: Sample, put: Callable[..., tuple[bytes, ...]]) -> tuple[Files, Made]:
    files = {sample.name: (folder / sample.name).read_bytes()}
    if sample.member:
        files = files_of(folder, Set(sample.format, sample.name, sample.name.partition(".")[0]))
    name = sample.member or sample.name
    plant = Plant(files[name])
    planted = put(plant, sample.level, draw)
    files[name] = bytes(plant)
    return files, Made(planted)


def _changed(folder: Path, draw: Draw, sample: Set, change: Callable[..., Made]) -> tuple[Files, Made]:
    files = files_of(folder, sample)
    made = change(files, sample.main, draw)
    return files, made


def tried(command: Command, samples: Path, trial: Trial, seed: int = 1) -> Tried:
    """Build the slide of a trial, anonymize it in place, and say what is wrong."""
    draw = Draw(f"{seed}:{trial.sample}:{trial.kind}:{trial.plant}")
    try:
        files, made = trial.make(samples, draw)
    except Cannot as reason:
        return Tried(trial, cannot=str(reason))
    with tempfile.TemporaryDirectory() as name:
        place, home = Path(name, "slide"), Path(name, "home")
        home.mkdir()
        for file, data in files.items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(data)
        key = ["--key", str(home / "key")] if trial.kind == 51 else []
        start = time.process_time()
        code, said = _run(command, ["anonymize", "--in-place", str(place / trial.sample), *key], home)
        seconds, after = time.process_time() - start, contents(place)
        wrong = list(_wrong(trial, code, made, files, after))
        if trial.kind in FAST and seconds > SECONDS:
            wrong.append(f"{seconds:.1f} s")
        wrong += [f"{name} is not named" for name in made.beside if code != 3 and name not in said]
        if key and code == 0 and _run(command, ["verify", str(place / trial.sample), *key], home)[0] != 0:
            wrong.append("not clean under its own key")
        return Tried(trial, code, tuple(wrong))


def _wrong(trial: Trial, code: int, made: Made, before: Files, after: Files) -> Iterator[str]:
    whole = b"".join(after.values())
    left = [value for value in made.planted if value in whole]
    if trial.kind in SCIENCE:
        if code == 3 or len(left) < len(made.planted):
            yield f"exit {code}, and science is lost"
    elif code == 0 and left:
        yield "clean, and something planted is left"
    if code not in ((0, 1) if trial.kind in CLEAN and trial.format == "generic_tiff" else _codes(trial, made)):
        yield f"exit {code}"
    if code == 3 and after != before:
        yield "refused, and changed"


def _codes(trial: Trial, made: Made) -> tuple[int, ...]:
    return (0,) if trial.kind in CLEAN else made.codes


def _run(command: Command, told: list[str], home: Path) -> tuple[int, str]:
    from click.testing import CliRunner

    environment = {"HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with contextlib.redirect_stderr(io.StringIO()):
        result = CliRunner().invoke(command, told, env=environment)
    return result.exit_code, result.output
