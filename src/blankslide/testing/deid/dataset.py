"""Slides with invented patients, from a seed, and the answer key to them.

Each slide stands in a folder of its own. Every other one has something planted beside what its vendor writes: where
some scanner or converter may write, or where nobody looks. The same seed makes the same slides.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from blankslide.samples import builders
from blankslide.samples.kit.patients import invent
from blankslide.testing.deid.key import HIDDEN, REMOVED, RETAINED, TISSUE, Case, Item, write

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples import Planted
    from blankslide.testing.planting.core import Plant

_TIFF = (".svs", ".tif", ".tiff", ".ndpi", ".scn", ".bif", ".qptiff", ".avs")
#: Words of finding ids, and what kind of thing they tell of; the first that fits counts.
_KINDS = (
    ("date", ("date", "time", "birth", "when", "created", "modified")),
    ("case", ("barcode", "accession", "case", "mrn", "patient-id", "specimen", "label", "slide-id", "container")),
    ("person", ("patient", "user", "operator", "physician", "person", "author", "name", "owner", "login")),
    ("place", ("institution", "hospital", "lab", "path", "folder", "file", "host", "computer", "address")),
    ("device", ("serial", "scanner", "device", "machine", "scan-scope", "scanscope", "camera")),
    ("id", ("uid", "guid", "uuid", "id", "token", "hash", "digest")),
)


def build(folder: Path, seed: int, slides: int = 0, words: Sequence[str] = ()) -> list[Case]:
    """Write slides and key into a folder.

    Parameters
    ----------
    folder
        Made if missing.
    slides
        How many; one of each kind, and one with more planted in it, if nothing is said.
    words
        Only kinds whose names hold one of them.

    Returns
    -------
    list of Case
        The key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for name in sorted(builders()) if not words or any(word in name for word in words)]
    cases = [_case(folder, seed, number, names) for number in range(slides or 2 * len(names))]
    write(folder, seed, cases)
    return cases


def _case(folder: Path, seed: int, number: int, names: Sequence[str]) -> Case:
    name, random = names[number % len(names)], Random(f"{seed}/{number}")
    place = folder / f"{number:04}"
    place.mkdir()
    planted = _built(place / name, seed, number)
    own = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    items = [*_items(planted, own, place), Item(TISSUE, "tissue", "ordinary", "levels as a reader shows them")]
    if number % (2 * len(names)) >= len(names):
        items += _more(place, name, random, seed)
    return Case(f"{number:04}/{name}", planted.format, tuple(items))


def _built(path: Path, seed: int, number: int) -> Planted:
    """Build a sample with a patient of its own; the set of channels has the patients of its members."""
    build: Any = builders()[path.name]
    patient = invent(10_000 * seed + number + 1)
    try:
        made: Planted = build(path, patient=patient)
    except TypeError:
        made = build(path)
    return made


def _items(planted: Planted, own: dict[Path, bytes], place: Path) -> Iterator[Item]:
    for each in planted.removed:
        if each.encoding == "picture":
            continue
        needles = _stored(each.value, each.encoding)
        if each.value.strip():
            yield Item(REMOVED, _kind(each.id), "ordinary", each.id, needles, each.value)
    for kept in planted.kept:
        yield Item(RETAINED, "science", "ordinary", kept.key, text=kept.value)
    for picture in planted.pictures:
        if picture.role in ("label", "macro", "preview", "whole"):
            data = own[place / picture.file if picture.file else place / planted.file]
            yield Item(
                HIDDEN, "picture", "ordinary", picture.role, tuple(_parts(data, picture.strips)), "", picture.role
            )


def _stored(value: str, encoding: str) -> tuple[bytes, ...]:
    """Return a value as it is stored; nothing where that is no plain text: the score looks for its spellings anyway."""
    try:
        return (value.encode(encoding, "replace"),)
    except LookupError:
        return ()


def _parts(data: bytes, strips: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """Yield parts of coded strips by which a picture is known again wherever it was moved to."""
    for offset, length in strips:
        for part in (1, 2, 3):
            at = offset + length * part // 4
            needle = data[at : at + 48]
            if len(set(needle)) >= 16 and data.count(needle) == 1:
                yield needle


def _kind(finding: str) -> str:
    return next((kind for kind, words in _KINDS if any(word in finding for word in words)), "text")


def _more(place: Path, name: str, random: Random, seed: int) -> list[Item]:
    """Plant one more thing in a slide, somewhere that its vendor does not write; nothing if none can be planted."""
    from blankslide.testing.planting.core import planters, without_chance

    sample = place / name
    functions = planters("tiff" if name.endswith(_TIFF) else "sets")
    order = random.sample(sorted(functions), len(functions))
    for which in order[:40]:
        other = place.with_name(f"{place.name}-planted")
        other.mkdir()
        plant = functions[which](sample, other / name, random)
        if plant is not None and not plant.beside:
            plant = without_chance(plant, sample)
            if plant.needles:
                shutil.rmtree(place)
                other.rename(place)
                return [_planted(plant)]
        shutil.rmtree(other)
    return []


def _planted(plant: Plant) -> Item:
    where = "rare" if plant.ordinary else "hostile"
    kind = "picture" if plant.picture else "text"
    return Item(HIDDEN if plant.picture else REMOVED, kind, where, f"{plant.where} ({plant.encoding})", plant.needles)
