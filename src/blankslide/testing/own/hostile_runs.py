"""Runs hostile slides through the command line, in this process, and says what is wrong.

The slides are built by the shared folder's own builders. Whatever a case expects, three things are never
right: that it ends clean with something planted left, that its tissue loses a pixel, and that it hangs.
"""

from __future__ import annotations

import contextlib
import gc
import io
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.testing.bench import contents
from blankslide.testing.own.hostile_table import format_of

if TYPE_CHECKING:
    from click import Command

LONGEST = 60


class Hostile(NamedTuple):
    """What became of one hostile slide: its kind and name, the exit code, the seconds, and what is wrong."""

    kind: str
    name: str
    code: int
    seconds: float
    wrong: tuple[str, ...]

    @property
    def number(self) -> int:
        """Number of the kind."""
        return int(self.kind[1:3])

    @property
    def format(self) -> str:
        """Name of the slide's format."""
        return format_of(self.number, self.name)


@contextmanager
def builders(folder: Path, samples: Path) -> Iterator[Any]:
    """Import the builders of hostile slides, for the length of a ``with`` block; packages have some of their names."""
    from importlib import import_module

    others = {name: sys.modules.pop(name) for name in _own_names()}
    sys.path.insert(0, str(folder))
    try:
        build, kit = import_module("build"), import_module("kit")
        kit.SAMPLES = samples  # type: ignore[attr-defined]
        yield build
    finally:
        sys.path.remove(str(folder))
        for name in _own_names():
            del sys.modules[name]
        sys.modules.update(others)


def _own_names() -> list[str]:
    return [name for name in sys.modules if name in ("build", "kit", "sets") or re.fullmatch(r"k\d\d_?.*", name)]


def hostile_runs(
    command: Command, folder: Path, samples: Path, kinds: str = "all", seed: int = 1, most: int = 1 << 20
) -> Iterator[Hostile]:
    """Yield what ``command`` makes of each hostile slide of some kinds; of each kind at most ``most``."""
    with builders(folder, samples) as build:
        done: dict[str, int] = {}
        for kind, case in build.cases(kinds, seed):
            done[kind] = done.get(kind, 0) + 1
            if done[kind] <= most:
                with tempfile.TemporaryDirectory() as name:
                    yield _run(command, kind, case, Path(name))
        gc.collect()


def _run(command: Command, kind: str, case: Any, folder: Path) -> Hostile:
    from click.testing import CliRunner

    place, home = folder / "slide", folder / "home"
    for part in (place, home, folder / "copies"):
        part.mkdir()
    target = case.write(place)
    before = contents(place)
    options = [o.format(copies=folder / "copies", key=folder / "key") for o in case.options]
    copied = any("{copies}" in o for o in case.options)
    told = ["anonymize", *([] if copied else ["--in-place"]), str(target), "--profile", case.profile, *options]
    environment = {"HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    start = time.monotonic()
    try:
        with _no_longer_than(LONGEST), contextlib.redirect_stderr(io.StringIO()):
            result = CliRunner().invoke(command, told, env=environment)
    except _Late:
        return Hostile(kind, case.name, -1, LONGEST, ("it hangs",))
    seconds, after = time.monotonic() - start, contents(folder / "copies" if copied else place)
    wrong = [*_wrong(case, result.exit_code, before, after), *_answered(case, result, before, after)]
    return Hostile(kind, case.name, result.exit_code, seconds, tuple(wrong))


class _Late(BaseException):
    """It takes too long; nothing that is run may take this for an error of its own."""


@contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    """Interrupt what takes more than so many seconds of the processor: a busy machine is nobody's fault."""

    def late(*_: object) -> None:
        raise _Late

    old = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)


def _wrong(case: Any, code: int, before: dict[str, bytes], after: dict[str, bytes]) -> Iterator[str]:
    whole = b"".join(after.values())
    if code == 0 and any(planted in whole for planted in case.planted):
        yield "clean, and something planted is left"
    if code == 70:
        yield "an internal error"
    if code == 3 and any(after.get(name, data) != data for name, data in before.items()):
        yield "refused, and changed"
    for name, data in before.items():
        if name in after and after[name] != data and data[:2] in (b"II", b"MM"):
            yield from _lost(case, data, after[name])


def _answered(case: Any, result: Any, before: dict[str, bytes], after: dict[str, bytes]) -> Iterator[str]:
    """Hold a run against what the slide's own answer key says: exit code, science, files beside."""
    if result.exit_code not in case.codes:
        yield f"exit {result.exit_code} instead of {' or '.join(map(str, case.codes))}"
    if result.exit_code == 3:
        return
    whole = b"".join(after.values())
    if case.expect == "kept" and any(value not in whole for value in case.science):
        yield "science is lost"
    for name in case.beside:
        if after.get(name) == before[name] and name.rpartition("/")[2] not in result.output:
            yield f"{name} beside it is neither named nor emptied"


def _lost(case: Any, before: bytes, after: bytes) -> Iterator[str]:
    """Compare the pixels of the pages that hold tissue, as tifffile decodes them."""
    import numpy as np
    from tifffile import TiffFile

    with TiffFile(io.BytesIO(before)) as old, TiffFile(io.BytesIO(after)) as new:
        known = {page.dataoffsets[:1]: page for page in new.pages if page.dataoffsets}
        for number in case.tissue or (0,):
            if number >= len(old.pages):
                continue
            page = old.pages[number]
            try:
                pixels = page.asarray(maxworkers=1)
            except Exception:  # noqa: S112 what could not be decoded before cannot be compared
                continue
            same = known.get(page.dataoffsets[:1])
            if same is None or not np.array_equal(pixels, same.asarray(maxworkers=1)):
                yield f"the tissue of page {number} has changed"
