"""Every malformed slide of tests/cases is broken again, and the same must be said of it; none may lose tissue."""

from __future__ import annotations

import shutil
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest

from blankslide.formats import all_formats
from blankslide.testing.built import builders
from blankslide.testing.own.fuzzing.cases import Case, read_cases, replayed
from blankslide.testing.own.fuzzing.changes import Change, applied, put, untouched
from blankslide.testing.own.fuzzing.seeds import Seed, files_in
from blankslide.testing.own.fuzzing.tiff_places import TiffPlaces

CASES = read_cases(Path(__file__).resolve().parents[1] / "cases")
LEAST, EACH = 300, 25


@lru_cache
def seed_of(sample: str, folder: Path) -> Seed:
    """The intact sample."""
    home = folder / sample
    home.mkdir()
    builders()[sample](home / sample)
    return Seed(sample, files_in(home))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.mark.parametrize("sample", sorted({case.sample for case in CASES}))
def test_of_each_malformed_slide_the_same_is_said_and_no_tissue_is_planned_for(
    sample: str, drawn: Path, tmp_path: Path
) -> None:
    seed = seed_of(sample, drawn)
    wrong = []
    for case in (case for case in CASES if case.sample == sample):
        folder = tmp_path / case.name
        folder.mkdir()
        outcome = replayed(case, seed.files, seed.tissue, folder)
        shutil.rmtree(folder)
        if outcome.wrong or outcome.error != case.error or case.says not in outcome.message:
            wrong.append(f"{case.name}: {outcome.wrong or outcome.error}: {outcome.message}")
        if not set(case.findings) <= set(outcome.findings):
            wrong.append(f"{case.name}: finds only {', '.join(outcome.findings)}")
    assert not wrong, "\n".join(wrong)


def test_there_are_enough_malformed_slides_of_every_format() -> None:
    names = sorted((f.name for f in all_formats()), key=len, reverse=True)
    count = Counter(next(n for n in names if case.name.startswith(f"{n}-")) for case in CASES)
    assert sum(count.values()) >= LEAST
    assert {name: count[name] for name in names if count[name] < EACH} == {}


def test_every_case_says_what_is_to_come_of_it() -> None:
    silent = [case.name for case in CASES if not case.findings and not (case.error and len(case.says) > 8)]
    assert silent == []


def test_a_case_that_loses_tissue_is_seen(drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from blankslide.formatkit import tiff_byte_map

    case = next(case for case in CASES if case.name == "aperio-level-out-of-the-chain")
    seed = seed_of(case.sample, drawn)
    monkeypatch.setattr(tiff_byte_map, "like_tissue", lambda *_: [])
    assert replayed(case, seed.files, seed.tissue, tmp_path).wrong == "a plan for what was tissue"


def test_a_case_whose_place_is_not_there_is_no_case(drawn: Path, tmp_path: Path) -> None:
    seed = seed_of("aperio-classic.svs", drawn)
    for place in ("page 0 tag 60000 data", "somewhere"):
        with pytest.raises(ValueError, match=r"place|tag 60000"):
            replayed(Case("x", seed.name, ({"at": place, "hex": "00"},)), seed.files, seed.tissue, tmp_path)


def test_changes_are_made_one_after_the_other_and_what_they_move_is_known() -> None:
    files = {"a": b"0123456789"}
    changes = [put("a", 8, b"xyz"), Change("a", 2, 3, b"-"), Change("a", 6, 1 << 62, b""), Change("b", 0, 0, b"new")]
    assert applied(files, changes) == {"a": b"01-567", "b": b"new"}
    assert untouched([(0, 2), (2, 4), (8, 9)], changes, "a") == [(0, 2)]
    assert untouched([(0, 4), (4, 6)], [put("a", 4, b"x")], "a") == [(0, 4)]


def test_places_of_a_tiff_are_those_that_tifffile_finds(drawn: Path) -> None:
    import io

    from tifffile import TiffFile

    for sample in ("aperio-gt450.svs", "ome-pyramid.ome.tif"):
        data = seed_of(sample, drawn).files[sample]
        places = TiffPlaces(data)
        with TiffFile(io.BytesIO(data)) as tif:
            assert [page.at for page in places.pages] == [page.offset for page in tif.pages]
            for ours, theirs in zip(places.pages, tif.pages, strict=True):
                assert {f.tag: f.value for f in ours.fields.values()} == {t.code: t.valueoffset for t in theirs.tags}
