"""Invented patients and the answer key."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from blankslide import samples
from blankslide.samples.kit.answer_key import Kept, Picture, Planted, Removed, read_key, slug, tiles_digest, write_key
from blankslide.samples.kit.patients import invent

if TYPE_CHECKING:
    from pathlib import Path


def test_patient_depends_on_the_seed_alone() -> None:
    assert invent(4) == invent(4)
    for one, two in zip(range(1, 30), range(2, 31), strict=True):
        assert invent(one).family != invent(two).family
    assert len({invent(seed).mrn for seed in range(200)}) == 200


def test_patient_of_seed_one_is_the_same_on_every_machine() -> None:
    patient = invent(1)
    assert (patient.mrn, patient.case, patient.scanner) == ("MRN80103774", "S21-87653-B6", "SS72343X")


@pytest.mark.parametrize("seed", range(40))
def test_patient_is_whole_and_long_enough_to_search_for(seed: int) -> None:
    patient = invent(seed)
    for field in fields(patient):
        value = getattr(patient, field.name)
        if isinstance(value, str) and field.name not in ("sex", "block"):
            assert len(value) >= 5
            assert value.isascii()
    assert patient.birth_date.year < patient.scanned.year - 10


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("User", "user"),
        ("Scanner ID", "scanner-id"),
        ("CustomField.First_Name", "customfield-first-name"),
        (" a//b ", "a-b"),
    ],
)
def test_slug(key: str, expected: str) -> None:
    assert slug(key) == expected


def test_key_survives_json(tmp_path: Path) -> None:
    name, text = "å [1,\n 2].svs", 'Ångström "[\n1,\n2\n]"'
    removed = (Removed("x.y", text, "latin-1", ((7, 3), (900, 3))), Removed("picture.label", "", "picture", ()))
    pictures = (Picture("label", 4, 10, 20, ((1, 2),), ("words",), "other.dat"),)
    slide = Planted(name, "aperio", removed, (Kept("aperio.MPP", "0.5"),), pictures, (tiles_digest([b"a", b"b"]),))
    write_key(tmp_path, [slide])
    assert read_key(tmp_path) == [slide]


def test_tiles_digest_depends_on_order() -> None:
    assert tiles_digest([b"a", b"b"]) == tiles_digest([b"ab"]) != tiles_digest([b"b", b"a"])


def test_a_builder_module_is_found_without_being_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zz_late.py").write_text(
        "from blankslide.samples.kit.answer_key import Planted\n"
        "BUILDERS = {'late.bin': lambda path: (path.write_bytes(b'x'), Planted(path.name, 'late', (), ()))[1]}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(samples, "__path__", [*samples.__path__, str(tmp_path)])
    assert "late.bin" in samples.builders()
    (tmp_path / "zz_twin.py").write_text("BUILDERS = {'late.bin': None}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="another module"):
        samples.builders()


def test_write_samples_writes_every_slide_and_the_key(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    slides = samples.write_samples(folder)
    assert {p.name for p in folder.iterdir()} >= {s.file for s in slides} | {"planted.json"}
    assert {s.file for s in slides} >= {"aperio-classic.svs", "aperio-big.svs", "aperio-gt450.svs"}
    assert samples.read_key(folder) == slides
