"""Runs a slide through a forgetful format, with and without the census, and says who noticed.

A run is judged from outside: every file of the slide's folder is read as plain bytes, and held against the
answer key of the sample. What is still there after a run of the format as it is does not count, and neither
does anything that such a run says: a mutant counts as found only by what nobody says of the healthy format.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.pipeline import Options
from blankslide.pipeline.balancing import Balance
from blankslide.pipeline.in_place import anonymize_in_place
from blankslide.pipeline.judging import verify
from blankslide.samples import builders
from blankslide.testing.bench import Original, contents
from blankslide.testing.own.forgetful import put, wrapped
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from blankslide.samples.kit.answer_key import Removed
    from blankslide.testing.own.forgetful import Mutant, Plant
    from blankslide.verification.census.account import Text

_REFUSED, _UNTOUCHED = 3, 4
_VARIETY = 8


@dataclass(frozen=True, slots=True)
class Ended:
    """How one run ended.

    Attributes
    ----------
    code
        The exit code that the command line would give: 0 clean, 1 not clean, else refused.
    said
        What the run and the check afterwards said is left.
    left
        What of the plants still stands in the files.
    changed
        Whether a file is not as it was.
    """

    code: int
    said: frozenset[str]
    left: frozenset[str]
    changed: bool

    @property
    def words(self) -> str:
        """The verdict in words."""
        return {0: "clean", 1: "NOT clean"}.get(self.code, f"refused ({self.code})")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant.

    Attributes
    ----------
    without, census
        How it ended without and with the census.
    left, stays
        What it leaves then, beyond what the healthy format leaves.
    told
        What was said with the census, beyond what is said of the healthy format.
    """

    mutant: Mutant
    without: Ended
    census: Ended
    left: frozenset[str]
    told: frozenset[str]
    stays: frozenset[str]

    @property
    def effective(self) -> bool:
        """Whether, without the census, a slide is written that has something planted left."""
        return bool(self.left) and self.without.code in (0, 1)

    @property
    def word(self) -> str:
        """``OK``, ``MISSED``, or why it does not count."""
        if not self.effective:
            return "no effect"
        if self.census.code in (_REFUSED, _UNTOUCHED):
            return "MISSED" if self.census.changed else "OK"
        if not self.stays:
            return "OK"  # the census had the plan remove it
        return "OK" if self.census.code != 0 and self.told else "MISSED"


# -- one run -----------------------------------------------------------------------------


def judged(mutant: Mutant) -> Verdict:
    """Run a mutant with and without the census, beside the healthy format."""
    original = built(mutant.sample, mutant.plant)
    usual = _healthy(mutant.sample, mutant.plant, False), _healthy(mutant.sample, mutant.plant, True)
    off, on = (run(original, mutant.forget(), census) for census in (False, True))
    return Verdict(mutant, off, on, off.left - usual[0].left, on.said - usual[1].said, on.left - usual[1].left)


@lru_cache(maxsize=64)
def built(sample: str, plant: Plant | None = None) -> Original:
    """Build a sample slide once, with something more planted in it if wanted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / sample
        planted = builders()[sample](path)
        if plant is not None:
            more = plant(path)
            planted.removed = (*planted.removed, *(_removed(text) for text in more))
        return Original(contents(Path(folder)), sample, planted)


def _removed(text: str) -> Removed:
    from blankslide.samples.kit.answer_key import Removed

    return Removed("planted", text, "latin-1", ())


@lru_cache(maxsize=128)
def _healthy(sample: str, plant: Plant | None, census: bool) -> Ended:
    return run(built(sample, plant), nullcontext(), census)


def run(original: Original, forgetful: AbstractContextManager[None], census: bool) -> Ended:
    """Anonymize a fresh copy of a slide in place, check it, and look what is in the files."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        path = original.place(folder)
        stack.enter_context(forgetful)
        stack.enter_context(all_told() if census else no_census())
        said: list[str] = []
        try:
            outcome = anonymize_in_place(path, Options())
            checked = verify(path, Options())
            said = [*outcome.residue, *checked.residue]
            code = int(bool(outcome.residue) or bool(checked.residue) or outcome.content != "clean")
        except BlankslideError as error:
            code, said = error.exit_code, [error.message]
        after = contents(folder)
    return Ended(code, frozenset(said), frozenset(left_of(original, after)), after != dict(original.files))


@contextmanager
def no_census() -> Iterator[None]:
    """Let nobody keep the second account."""

    def nothing(*_: object, **__: object) -> Balance:
        return Balance((), (), ())

    with ExitStack() as stack:
        stack.enter_context(put("pipeline.judging:balance", nothing))
        stack.enter_context(put("pipeline.in_place:balance", nothing))
        stack.enter_context(put("pipeline.in_place:would_be_left", lambda _: ()))
        yield


@contextmanager
def all_told() -> Iterator[None]:
    """Let the census say every sentence, and the text too, so that none of a mutant's hides behind others.

    Sentences of a healthy slide and of a mutant may be alike word for word, and be about two texts. The
    patients are invented, so their names may be said here.
    """

    def spoken(real: Callable[[Text], str]) -> object:
        return lambda text: f"{real(text)} ({text.value[:60]!r} at {text.path})"

    with ExitStack() as stack:
        stack.enter_context(put("pipeline.balancing:MOST", 1 << 20))
        stack.enter_context(wrapped("pipeline.balancing:_sentence", spoken))
        yield


# -- what is left ------------------------------------------------------------------------


def left_of(original: Original, after: dict[str, bytes]) -> Iterator[str]:
    """Yield what of the answer key still stands in the files, by id and file."""
    for planted in original.planted.removed:
        file = planted.file or original.name
        for name, data in after.items():
            if planted.value and places_of(planted.value, data):
                yield f"{planted.id} in {name}"
        for at, size in planted.places:
            was, now = (files.get(file, b"")[at : at + size] for files in (original.files, after))
            if was == now and _speaks(planted.encoding, was):
                yield f"{planted.id} in {file} at its place"


def _speaks(encoding: str, data: bytes) -> bool:
    """Whether bytes that did not change show something: a blank picture, or zeros, do not."""
    if encoding == "picture":
        return len(set(data)) > _VARIETY
    return bool(data.strip(b"\0 "))
