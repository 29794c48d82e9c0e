"""By what a slide is known again: the same for a copy and after a rename, another after any change, in every format."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.pipeline import Options
from blankslide.pipeline.digests import _places
from blankslide.records.ledger import Ledger
from blankslide.testing import built

if TYPE_CHECKING:
    from pathlib import Path

KINDS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "Aperio": ("slide.svs", lambda path: built.aperio(path, size=(512, 384), factors=(1, 2))),
    "DICOM": ("slide", built.build_dicom),
    "MRXS": ("slide.mrxs", built.build_mirax),
    "VMS": ("slide.vms", built.build_hamamatsu_vms),
}


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(key=bytes(range(32)), ledger=Ledger(tmp_path / "ledger.jsonl"))


def entry(options: Options) -> dict[str, object]:
    assert options.ledger is not None
    *_, (_, last) = options.ledger.entries()
    found: dict[str, object] = last["entry"]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_knows_the_finished_slide_again(kind: str, tmp_path: Path, options: Options) -> None:
    name, build = KINDS[kind]
    build(tmp_path / name)
    outcome = pipeline.anonymize_in_place(tmp_path / name, options)
    known = pipeline.certify(tmp_path / name, options).evidence
    assert entry(options)["after"] == known.after != ""
    assert set(entry(options)["versions"]) == set(outcome.readers)  # type: ignore[call-overload]
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path, elsewhere)
    assert pipeline.evidence_of(elsewhere / name, options).after == known.after


def test_an_entry_knows_a_copy_under_another_name(tmp_path: Path, options: Options) -> None:
    built.aperio(tmp_path / "slide.svs", size=(512, 384), factors=(1, 2))
    pipeline.anonymize_copy(tmp_path / "slide.svs", tmp_path / "out", options, name="sample.svs")
    assert entry(options)["after"] == pipeline.evidence_of(tmp_path / "out" / "sample.svs", options).after


def test_one_bit_of_tissue_or_of_a_field_makes_another_slide(tmp_path: Path, options: Options) -> None:
    path = tmp_path / "slide.svs"
    built.aperio(path, size=(256, 256), factors=(1,))
    pipeline.anonymize_in_place(path, options)
    clean, before = path.read_bytes(), pipeline.evidence_of(path, options)
    start, _ = pipeline.inspect(path).maps[0].tissue()[0]
    for place in (start, clean.index(b"AppMag")):
        changed = bytearray(clean)
        changed[place] ^= 1
        path.write_bytes(changed)
        after = pipeline.evidence_of(path, options)
        assert after.after != before.after
        assert after.sha256 != before.sha256


def test_another_key_knows_nothing_but_the_plain_digest(tmp_path: Path, options: Options) -> None:
    path = tmp_path / "slide.svs"
    built.aperio(path, size=(256, 256), factors=(1,))
    other = Options(key=bytes(32))
    assert pipeline.evidence_of(path, options).after != pipeline.evidence_of(path, other).after
    assert pipeline.evidence_of(path, options).sha256 == pipeline.evidence_of(path, other).sha256


def test_samples_are_taken_from_the_first_to_the_last_byte_of_tissue() -> None:
    spans = [(100, 110), (200, 5000), (9000, 9001)]
    assert list(_places(spans, [0, 9, 10, 4809, 4810])) == [
        (100, 10), (109, 1), (200, 4096), (4999, 1), (9000, 1),
    ]  # fmt: skip
    assert list(_places([], [])) == []
