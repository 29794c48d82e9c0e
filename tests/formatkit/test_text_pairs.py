"""One reader of pairs for six makers: what holds for one of them holds for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.errors import DamagedSlide
from blankslide.testing.own.six_makers import MAKERS, Maker, build

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Finding

SIX = pytest.mark.parametrize("maker", MAKERS.values(), ids=list(MAKERS))
WITH_HEADER = pytest.mark.parametrize("maker", [m for m in MAKERS.values() if m.head], ids=lambda m: m.vendor)


def descriptions(path: Path) -> list[str]:
    with TiffFile(path) as tiff:
        return [page.description for page in tiff.pages]  # type: ignore[union-attr]


def found(path: Path, last: str) -> Finding:
    return next(f for f in pipeline.inspect(path).findings if f.id.endswith(f".description.{last}"))


def values(finding: Finding) -> set[str]:
    return {v.reveal() for v in (finding.value, *finding.values) if v is not None}


@WITH_HEADER
def test_a_header_in_mid_text_ends_the_value_before_it_and_stays(tmp_path: Path, maker: Maker) -> None:
    """Saving again puts a new header before the old one; the value before that is what it was."""
    text = maker.text("Barcode = S21-4711", "MPP = 0.5") + ";" + maker.text("Left = 3", "Date = 09/26/19")
    text += ";" + maker.text("Barcode = S20-0815", "Left = 7")
    path = build(tmp_path / "x.tif", maker, text)
    if maker.vendor != "threedhistech_tiff":  # it has keys of its own for that
        assert pipeline.inspect(path).mpp == (0.5, 0.5)
    assert pipeline.inspect(path).format == maker.vendor
    assert values(found(path, "date")) == {"09/26/19"}
    assert pipeline.anonymize_in_place(path).content == "clean"
    left = maker.text("MPP = 0.5") + ";" + maker.text("Left = 3") + ";" + maker.text("Left = 7")
    assert descriptions(path)[0] == left
    assert pipeline.anonymize_in_place(path).writes == 0


@WITH_HEADER
def test_words_of_a_header_in_mid_text_go_alone(tmp_path: Path, maker: Maker) -> None:
    text = maker.text("MPP = 0.5") + ";" + maker.text("Left = 7").replace("JPEG", "Nonesuch JPEG", 1)
    path = build(tmp_path / "x.tif", maker, text)
    assert values(found(path, "header")) == {"Nonesuch"}
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert descriptions(path)[0].replace("  ", " ") == text.replace("Nonesuch ", "")


@WITH_HEADER
def test_what_hangs_on_the_makers_name_goes_and_the_slide_stays_the_makers(tmp_path: Path, maker: Maker) -> None:
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.5").replace(maker.knows, maker.knows + "-Nonesuch", 1))
    assert pipeline.inspect(path).format == maker.vendor
    outcome = pipeline.anonymize_in_place(path)
    # tifffile knows Aperio by the name and a space, which was not there before
    assert set(outcome.residue) <= {"tifffile takes it for another format"}, outcome.residue
    assert descriptions(path)[0].startswith((f"{maker.knows} ", f"{maker.knows}\n"))
    assert b"Nonesuch" not in path.read_bytes()
    assert pipeline.inspect(path).format == maker.vendor
    assert pipeline.anonymize_in_place(path).writes == 0


def test_a_version_stays_motics_as_far_as_the_format_is_known_by_it(tmp_path: Path) -> None:
    maker = MAKERS["aperio"]
    path = build(tmp_path / "x.tif", maker, "Motic V1.0.0-Nonesuch\n300x256|MPP = 0.5")
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert pipeline.inspect(path).format == "aperio"
    assert b"Nonesuch" not in path.read_bytes()


@SIX
def test_pairs_that_every_level_repeats_are_found_and_cut_in_each(tmp_path: Path, maker: Maker) -> None:
    """The second page has another header before them, where there are headers, so they stand elsewhere."""
    pairs = ("MPP = 0.5", "Barcode = UzIxLTQ3MTE=", "Left of = Nonesuch", "just words")
    other = maker.text(*pairs).replace("300x256 (128x128)", "300x256 (128x128) -Ward-", 1)
    path = build(tmp_path / "x.tif", maker, maker.text(*pairs), texts={1: other})
    for last in ("barcode", "left-of", "unnamed"):
        finding = found(path, last)
        assert [p.where for p in finding.places] == ["page 0", "page 1"], last
        data = path.read_bytes()
        assert all(data[p.start : p.end].decode().strip() in values(finding) for p in finding.places)
    assert values(found(path, "barcode")) == {"UzIxLTQ3MTE=", "S21-4711"}
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert [t.strip().replace("  ", " ") for t in descriptions(path)] == [maker.text("MPP = 0.5")] * 2
    assert pipeline.anonymize_in_place(path).writes == 0


@SIX
def test_a_known_key_may_stay_without_a_value_and_an_unknown_one_may_not(tmp_path: Path, maker: Maker) -> None:
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.5", "Barcode =", "Ask Nonesuch =", "MPP ="))
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert descriptions(path)[0].strip() == maker.text("MPP = 0.5", "Barcode =", "MPP =")


@pytest.mark.parametrize(("vendor", "key"), [("aperio", "CustomField.jane_nonesuch"), ("mikroscan", "JROE75 SERIAL #")])
def test_a_key_that_comes_in_many_forms_does_not_stay_without_a_value(tmp_path: Path, vendor: str, key: str) -> None:
    """Its text is free, so it can tell something by itself."""
    maker = MAKERS[vendor]
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.5", f"{key} ="))
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert key.encode() not in path.read_bytes()


@pytest.mark.parametrize("vendor", ["aperio", "mikroscan", "motic"])
def test_a_size_of_zero_says_nothing(tmp_path: Path, vendor: str) -> None:
    maker = MAKERS[vendor]
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.000", "AppMag = 0", "MPP = 0,5", "AppMag = 20"))
    assert (pipeline.inspect(path).mpp, pipeline.inspect(path).objective) == ((0.5, 0.5), 20)


@SIX
def test_endless_fields_are_damage(tmp_path: Path, maker: Maker) -> None:
    path = build(tmp_path / "x.tif", maker, maker.text(*["a = b"] * 5000))
    before = path.read_bytes()
    with pytest.raises(DamagedSlide, match="more fields"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before
