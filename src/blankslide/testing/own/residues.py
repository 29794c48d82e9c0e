"""Residues in every format: whatever was removed, put back; and things planted into slides that are clean.

Each sample is cleaned once, by the command line. Then its answer key is gone through: what stood in a place before is
put back there, in one place or in all, of a picture a piece too. Each of its files gets a person's name behind its end,
and where it is made of lines in a line of its own, in each spelling that there is. And each planter of
`testing.planting` plants its things into the clean slide: texts, numbers, pictures in all codings, in tags, fields,
streams, gaps and files beside it. That a residue is one is shown before anybody is asked, by what the product has no
part in: the value or the needle stands in the files, and did not in those of the clean slide. What cannot be shown is
no case.

`verify` has to say so of each: NOT clean, or refused. It may not call one clean, and it writes nothing.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from blankslide.testing.own.tally import Tally
from blankslide.testing.planting.core import ended, files, left_of, planters, without_chance
from blankslide.testing.planting.invented import ENCODINGS, person
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from click import Command

    from blankslide.samples.kit.answer_key import Planted, Removed

FLAGGED, REFUSED, MISSED, CHANGED, CRASH, NO_CASE = "flagged", "refused", "MISSED", "CHANGED", "CRASH", "no case"
FAULTS = (MISSED, CHANGED, CRASH)
PUT_BACK, SPELLED, PLANTED = "put back", "spelled", "planted"
LEAST = 500
"""So many residues there have to be if all samples are tried."""
_TRIES, _VARIETY = 5, 8
_LINES = (".vms", ".vmu", ".ndpis", ".ini")
_FORMAT = re.compile(r'"format": "(\w+)"')


@dataclass(frozen=True)
class Clean:
    """A cleaned sample.

    Attributes
    ----------
    path
        Its main file, in a folder that holds nothing else than its files.
    before
        Its files before, by names relative to that folder; empty if there is no answer key.
    key
        The answer key, or None.
    family
        Which planters suit it; empty if none do.
    format
        What `verify` calls it: the row of the table.
    """

    path: Path
    before: Mapping[str, bytes]
    key: Planted | None
    family: str = ""
    format: str = ""


class Case(NamedTuple):
    """One residue to be left: in which sample, by which way, and what of it; ``round`` draws a plant anew."""

    sample: int
    way: str
    what: str
    round: int = 0


class Verdict(NamedTuple):
    """How a case ended: one of the words above, where and how it was written, and what was printed."""

    case: Case
    format: str
    word: str
    where: str = ""
    how: str = ""
    text: str = ""


# -- clean slides --------------------------------------------------------------------------


def cleaned(command: Command, folder: Path, words: Sequence[str] = ()) -> list[Clean]:
    """Write the samples of all formats, those of the planters too, and clean them.

    Parameters
    ----------
    folder
        An empty one.
    words
        Samples are left out whose names hold none of them; none means all.

    Raises
    ------
    RuntimeError
        If one does not end clean, or is not called so.
    """
    from blankslide.samples import builders
    from blankslide.testing.planting import set_samples, tiff

    out = []
    for name, build in sorted(builders().items()):
        if _named(name, words):
            place = folder / "keys" / name.replace(".", "-")
            place.mkdir(parents=True)
            out.append(_clean(command, place / name, build(place / name)))
    (folder / "tiff").mkdir()
    for sample in tiff.samples(folder / "tiff"):
        if _named(sample.name, words):
            place = folder / "tiffs" / sample.name.replace(".", "-")
            place.mkdir(parents=True)
            out.append(_clean(command, sample.rename(place / sample.name), None, "tiff"))
    for sample in set_samples.write_samples(folder / "sets"):
        if _named(sample.name, words):
            out.append(_clean(command, sample, None, "sets"))
    return out


def _named(name: str, words: Sequence[str]) -> bool:
    return not words or any(word in name for word in words)


def _clean(command: Command, path: Path, key: Planted | None, family: str = "") -> Clean:
    before = {p.relative_to(path.parent).as_posix(): d for p, d in files(path.parent).items()} if key else {}
    for verb in (["anonymize", "--in-place"], ["verify", "--json"]):
        code, text = ended(command, [*verb, str(path)], _home(path))
        if code:
            raise RuntimeError(f"{path.name}: {' '.join(verb)} ends with {code}: {text}")
    return Clean(path, before, key, family, *_FORMAT.findall(text)[:1])


def _home(path: Path) -> Path:
    """One home for all, beside the folders of the slides."""
    return path.parent.parent / "home"


# -- cases ---------------------------------------------------------------------------------


def cases(samples: Sequence[Clean], rounds: int = 1) -> list[Case]:
    """Return what can be put back, and ``rounds`` drawings of each planter in each sample that it may suit."""
    out = []
    for number, clean in enumerate(samples):
        if clean.key:
            whats = (f"{entry}/{part}" for entry in range(len(clean.key.removed)) for part in _PARTS)
            out += [Case(number, PUT_BACK, what) for what in whats]
            out += [Case(number, SPELLED, what) for what in _spellings(clean)]
        for turn in range(rounds if clean.family else 0):
            out += [Case(number, PLANTED, name, turn) for name in planters(clean.family)]
    return out


_PARTS: Mapping[str, Callable[[Removed], Sequence[tuple[int, int]]]] = {
    "every place": lambda entry: entry.places,
    "first place": lambda entry: entry.places[:1] if len(entry.places) > 1 else (),
    "last place": lambda entry: entry.places[-1:] if len(entry.places) > 2 else (),
    "a piece": lambda entry: [_piece(*max(entry.places, key=lambda p: p[1]))] if entry.encoding == "picture" else (),
}
"""Which places of an entry of the answer key are put back; none is no case."""


def _piece(at: int, size: int) -> tuple[int, int]:
    """Return the fifth in the middle of a stream."""
    return at + 2 * size // 5, size // 5


def judged(command: Command, samples: Sequence[Clean], case: Case, seed: int = 1) -> Verdict:
    """Leave one residue, show that it is one, and ask `verify`."""
    clean = samples[case.sample]
    with tempfile.TemporaryDirectory() as name:
        slide = Path(name) / "slide" / clean.path.name
        slide.parent.mkdir()
        left = _WAYS[case.way](clean, case, slide, seed)
        if left is None:
            return Verdict(case, clean.format, NO_CASE)
        where, how, beside = left
        before = files(slide.parent)
        code, text = ended(command, ["verify", "--json", str(slide)], Path(name) / "home")
        changed = files(slide.parent) != before
    word = CHANGED if changed else {0: MISSED, 1: FLAGGED, 3: REFUSED}.get(code, CRASH)
    if word == MISSED and beside and beside in text:
        word = FLAGGED  # a file that the slide does not need is named, and may stay
    return Verdict(case, clean.format, word, where, how, text)


def _put_back(clean: Clean, case: Case, slide: Path, seed: int) -> tuple[str, str, str] | None:
    """Put back what an entry of the answer key says; None if nothing can be shown to be back."""
    assert clean.key is not None
    number, _, part = case.what.partition("/")
    entry = clean.key.removed[int(number)]
    after = {p.relative_to(clean.path.parent).as_posix(): d for p, d in files(clean.path.parent).items()}
    name = entry.file or clean.path.name
    places, old, new = _PARTS[part](entry), clean.before[name], bytearray(after.get(name, b""))
    for at, size in places:
        new[len(new) : at + size] = bytes(max(at + size - len(new), 0))
        new[at : at + size] = old[at : at + size]
    if not _is_back(entry, places, after.get(name, b""), bytes(new)):
        return None
    for member, data in {**after, name: bytes(new)}.items():
        (slide.parent / member).parent.mkdir(parents=True, exist_ok=True)
        (slide.parent / member).write_bytes(data)
    return f"{entry.id}, {part}", entry.encoding, ""


def _is_back(entry: Removed, places: Sequence[tuple[int, int]], clean: bytes, now: bytes) -> bool:
    """Whether the value can be read and could not before, or the bytes of the picture are there that were not."""
    if entry.encoding == "picture":
        spans = ((clean[at : at + size], now[at : at + size]) for at, size in places)
        return any(was != shown and len(set(shown)) > _VARIETY for was, shown in spans)
    return bool(entry.value and places and places_of(entry.value, now) and not places_of(entry.value, clean))


def _spellings(clean: Clean) -> Iterator[str]:
    """Yield each place of a name and each spelling."""
    for member in sorted(files(clean.path.parent)):
        name = member.relative_to(clean.path.parent).as_posix()
        for place in ("the end", "a line") if member.suffix in _LINES else ("the end",):
            yield from (f"{name}/{place}/{spelling}" for spelling in ENCODINGS)


def _spelled(clean: Clean, case: Case, slide: Path, seed: int) -> tuple[str, str, str] | None:
    """Write a person's name into one of the files; None if it is no line in that spelling."""
    name, place, spelling = case.what.rsplit("/", 2)
    raw = person(Random(f"{seed}/{case.sample}/{case.what}")).written(spelling)
    for member, data in files(clean.path.parent).items():
        target = slide.parent / member.relative_to(clean.path.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.relative_to(slide.parent).as_posix() == name:
            if raw in data or (place == "a line" and set(raw) & set(b"\0\r\n")):
                return None
            at = len(data) if place == "the end" else data.rindex(b"\n", 0, len(data) - 1) + 1
            data = (
                data[:at] + raw + data[at:] if place == "the end" else data[:at] + b"Note=" + raw + b"\r\n" + data[at:]
            )
        target.write_bytes(data)
    return f"{place} of {name}", spelling, ""


def _planted(clean: Clean, case: Case, slide: Path, seed: int) -> tuple[str, str, str] | None:
    """Let a planter plant something; None if it does not suit, or leaves nothing that was not there before."""
    plant = planters(clean.family)[case.what]
    for turn in range(_TRIES):
        found = plant(clean.path, slide, Random(f"{seed}/{case.round}/{turn}/{case.what}/{clean.path.name}"))
        if found is None:
            continue
        own = without_chance(found, clean.path)
        if list(left_of(own, files(slide.parent))):
            return own.where, own.encoding, own.beside
    return None


_WAYS: Mapping[str, Callable[[Clean, Case, Path, int], tuple[str, str, str] | None]] = {
    PUT_BACK: _put_back,
    SPELLED: _spelled,
    PLANTED: _planted,
}
"""Each leaves a residue, and says where, how it is written, and which file beside the slide holds it, if it can."""


# -- all of them ---------------------------------------------------------------------------


def run(
    command: Callable[[], Command], samples: Sequence[Clean], seed: int, rounds: int, jobs: int = 2
) -> Iterator[Verdict]:
    """Yield the verdicts on all cases, in their order, judged by several processes."""
    _here[:] = [(command(), samples, seed)]
    some = cases(samples, rounds)
    if jobs < 2:
        yield from map(_one, some)
        return
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        yield from pool.map(_one, some, chunksize=8)


_here: list[tuple[Command, Sequence[Clean], int]] = []


def _one(case: Case) -> Verdict:
    command, samples, seed = _here[0]
    return judged(command, samples, case, seed)


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield how all ended: a line for each format, and one for all."""
    shape = "{:20} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7}"
    yield shape.format("format", PUT_BACK, SPELLED, PLANTED, "flagged", "refused", "wrong")
    known = [verdict for verdict in verdicts if verdict.word != NO_CASE]
    for name in (*sorted({verdict.format for verdict in known}), "all"):
        own = [verdict for verdict in known if name in (verdict.format, "all")]
        words, ways = Counter(v.word for v in own), Counter(v.case.way for v in own)
        wrong = sum(words[word] for word in FAULTS)
        yield shape.format(name, ways[PUT_BACK], ways[SPELLED], ways[PLANTED], words[FLAGGED], words[REFUSED], wrong)
    kinds = {(v.format, v.where) for v in known}
    yield f"residues: {len(known)}, at {len(kinds)} kinds of places, written in {len({v.how for v in known})} ways"


def worth_telling(verdict: Verdict) -> str:
    """Say in one line of a fault what it is; of all others nothing."""
    if verdict.word not in FAULTS:
        return ""
    said = " ".join(verdict.text.split())[-300:]
    where = f"{verdict.where}, {verdict.how} ({verdict.case.what})"
    return f"{verdict.word} {verdict.format} #{verdict.case.sample}: {where}: {said}"


def residues(command: Callable[[], Command], words: Sequence[str], rounds: int, seed: int) -> list[Tally]:
    """Try all of them, in samples whose names hold one of the words; print faults and the table.

    Parameters
    ----------
    command
        Called for the command line.
    words
        None means all samples.
    rounds, seed
        How often each planter plants in each sample, and what from.
    """
    verdicts = []
    with tempfile.TemporaryDirectory() as name:
        samples = cleaned(command(), Path(name), words)
        for verdict in run(command, samples, seed, rounds):
            verdicts.append(verdict)
            if said := worth_telling(verdict):
                print(said, flush=True)
    print("\n".join(table(verdicts)), f"(rounds of planters: {rounds}, seed {seed})", flush=True)
    known = [verdict.word for verdict in verdicts if verdict.word != NO_CASE]
    note = f"{len(samples)} samples, seed {seed}"
    wrong = sum(word in FAULTS for word in known) + (not words and len(known) < LEAST)
    return [Tally("residues in every format", len(known), wrong, note)]
