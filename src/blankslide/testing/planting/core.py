"""Run the product on slides in which something was planted, and say how each of them ended.

A planter copies a sample with one thing hidden in it, and says by which bytes that thing is known again. The product
cleans the copy in place, as a user would. Then the bytes are looked for in all files of the slide's folder, by means
that the product has no part in: as they are, in whatever a zlib stream there unpacks to, and for pictures in the
pixels that tifffile sees. A slide that ends clean with one of them left is the fault that all of this is for.

Each slide is drawn from the seed and its number alone, so that one can be made again, and several processes share them.
"""

from __future__ import annotations

import contextlib
import io
import re
import signal
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click import Command

LONGEST = 60
"""Seconds after which a run is said to hang."""
QUICK, SMALL = 2.0, 1 << 20
"""A slide of so many bytes is to be answered in so many seconds of the processor."""
STRICT = 0.25
"""How many of the slides are cleaned under the strict profile."""

CLEAN, TOLD, REFUSED, LEFT, CHANGED, CRASH, SLOW = "clean", "told", "refused", "LEFT", "CHANGED", "CRASH", "SLOW"
FAULTS = (LEFT, CHANGED, CRASH, SLOW)


@dataclass(frozen=True)
class Plant:
    """One thing that was planted.

    Attributes
    ----------
    format
        The column of the table: the vendor or format of the sample.
    where
        The row of the table: what kind of place it stands in.
    encoding
        How it is written there.
    ordinary
        Whether a scanner or a converter writes there, so that the slide has to end clean.
    needles
        Bytes of which none may be left in the outcome's files. A needle that the sample has by itself does not count.
    picture
        Whether pages are decoded, and the needles looked for in their pixels too.
    beside
        Name of a file beside the slide that holds it: it may stay there if the product names it.
    """

    format: str
    where: str
    encoding: str
    ordinary: bool
    needles: tuple[bytes, ...]
    picture: bool = False
    beside: str = ""


@dataclass(frozen=True)
class Verdict:
    """How a slide with a plant ended.

    Attributes
    ----------
    plant
        What was planted.
    code
        The exit code; -1 if the run hung.
    left
        The needles that are still there.
    changed_on_refusal
        Whether a file is not as it was although the slide was refused.
    seconds
        Time of the processor.
    number
        Which slide of the seed it is.
    profile
        What it was cleaned under.
    size
        Bytes of the slide's files.
    text
        What the product printed.
    """

    plant: Plant
    code: int
    left: tuple[bytes, ...]
    changed_on_refusal: bool
    seconds: float
    number: int = 0
    profile: str = "research"
    size: int = 0
    text: str = ""

    @property
    def word(self) -> str:
        """One of the words above; faults first."""
        if self.code not in (0, 1, 3, 4):
            return CRASH
        if self.code == 0 and self.left:
            return TOLD if self.plant.beside and self.plant.beside in self.text else LEFT
        if self.changed_on_refusal:
            return CHANGED
        if self.seconds > QUICK and self.size <= SMALL:
            return SLOW
        return {0: CLEAN, 1: TOLD}.get(self.code, REFUSED)


Planter = Callable[[Path, Path, Random], Plant | None]
"""Copies the sample to the target with something planted, with all files beside it that belong to it; says what.

None if it cannot occur in this sample; then nothing need be written. The target stands in an empty folder of its own.
"""

_planters: dict[str, dict[str, Planter]] = {}


def planter(family: str) -> Callable[[Planter], Planter]:
    """Register a planter for a family of formats, as ``tiff`` or ``sets``; a decorator."""

    def register(function: Planter) -> Planter:
        _planters.setdefault(family, {})[function.__name__] = function
        return function

    return register


def planters(family: str) -> Mapping[str, Planter]:
    """Return all planters of a family by name; they are in the module of this package that is called like it."""
    import_module(f"blankslide.testing.planting.{family}")
    return _planters.get(family, {})


def format_of(sample: Path) -> str:
    """Return the table's column for a sample: what its name begins with."""
    return re.split(r"[-.]", sample.name)[0]


@dataclass(frozen=True)
class Drawing:
    """Where slides are drawn from: a family's planters, samples, a seed, and words that choose planters and samples."""

    family: str
    samples: tuple[Path, ...]
    seed: int
    words: tuple[str, ...] = ()

    def plant(self, number: int, folder: Path) -> tuple[Plant, Path, str]:
        """Make one slide in an empty folder; return the plant, the slide and the profile it is to be cleaned under.

        Each planter has its turn, with a sample drawn anew until something can be planted in it. Needles that the
        sample has by itself are left out.

        Raises
        ------
        RuntimeError
            If no sample suits.
        """
        functions = planters(self.family)
        names = sorted(n for n in functions if not self.words or any(w in n for w in self.words)) or sorted(functions)
        Random(f"{self.seed}/{number // len(names)}").shuffle(names)
        random = Random(f"{self.seed}/{self.family}/{number}")
        samples = list(self.samples)
        for name in [names[number % len(names)], *names]:
            for sample in random.sample(samples, len(samples)):
                found = functions[name](sample, folder / sample.name, random)
                if found is not None:
                    profile = "strict" if random.random() < STRICT else "research"
                    return without_chance(found, sample), folder / sample.name, profile
        raise RuntimeError("no sample suits any planter")


def without_chance(plant: Plant, sample: Path) -> Plant:
    """Leave out the needles that the sample has by itself, in its file or in the folder that is called like it."""
    folder = sample.with_suffix("")
    own = [sample.read_bytes(), *(files(folder).values() if folder.is_dir() else ())]
    return replace(plant, needles=tuple(n for n in plant.needles if not any(n in data for data in own)))


def judged(main: Command, drawing: Drawing, number: int) -> Verdict:
    """Make one slide, run the product on it, and judge."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "slide"
        place.mkdir()
        plant, slide, profile = drawing.plant(number, place)
        return judge(main, plant, slide, profile, Path(name) / "home", number)


def judge(main: Command, plant: Plant, slide: Path, profile: str, home: Path, number: int = 0) -> Verdict:
    """Run the product on a slide in which something was planted, and judge by the files of its folder."""
    before = files(slide.parent)
    start = time.process_time()
    code, text = ended(main, ["anonymize", "--in-place", str(slide), "--profile", profile], home)
    seconds, after = time.process_time() - start, files(slide.parent)
    left = tuple(left_of(plant, after)) if code == 0 else ()
    changed = code in (3, 4) and any(after.get(path) != data for path, data in before.items())
    size = sum(map(len, before.values()))
    return Verdict(plant, code, left, changed, seconds, number, profile, size, text)


def files(folder: Path) -> dict[Path, bytes]:
    """Read all files below a folder."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def ended(main: Command, arguments: list[str], home: Path) -> tuple[int, str]:
    """Run the command line in this process; return its code and what it printed."""
    from click.testing import CliRunner

    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    try:
        with _no_longer_than(LONGEST), contextlib.redirect_stderr(io.StringIO()):
            result = CliRunner().invoke(main, arguments, env=environment)
    except TimeoutError:
        return -1, "it hangs"
    odd = "Traceback" in result.output or not isinstance(result.exception, SystemExit | None)
    return (70 if odd else result.exit_code), result.output + (repr(result.exception) if odd else "")


@contextlib.contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError

    old = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def left_of(plant: Plant, found: Mapping[Path, bytes]) -> Iterator[bytes]:
    """Yield the needles that stand in the files, in what they unpack to, or in the pixels of a picture."""
    hay = list(found.values())
    hay += [unpacked for data in found.values() for unpacked in inflated(data)]
    if plant.picture:
        hay += [pixels for path in found for pixels in decoded(path)]
    yield from (needle for needle in plant.needles if any(needle in data for data in hay))


def inflated(data: bytes) -> Iterator[bytes]:
    """Yield what each zlib stream in the data unpacks to, up to a bound."""
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(data[match.start() : match.start() + SMALL], SMALL)


def decoded(path: Path) -> Iterator[bytes]:
    """Yield the pixels of every page of a TIFF, and of what pages hold below them."""
    from tifffile import TiffFile

    with contextlib.suppress(Exception), TiffFile(path) as tiff:
        pages = list(tiff.pages)
        while pages:
            page = pages.pop()
            with contextlib.suppress(Exception):
                yield page.asarray(maxworkers=1).tobytes()
                pages += list(page.pages or ())


def run(main: Command, drawing: Drawing, count: int, first: int = 0) -> Iterator[Verdict]:
    """Judge ``count`` slides in this process, from the number ``first`` on."""
    return (judged(main, drawing, number) for number in range(first, first + count))


def faults(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts that say a fault."""
    return [verdict for verdict in verdicts if verdict.word in FAULTS]


def share(verdicts: Sequence[Verdict]) -> float:
    """Return which part of the ordinary plants ended clean; 1 if there are none."""
    ordinary = [verdict.word for verdict in verdicts if verdict.plant.ordinary]
    return ordinary.count(CLEAN) / len(ordinary) if ordinary else 1.0
