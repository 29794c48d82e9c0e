"""Trestle: the conformance suite over slide and side file, and side files that cannot be edited."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from openslide import OpenSlide
from PIL import Image

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable
from blankslide.formats.trestle import FORMAT
from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.drawing import tissue
from blankslide.samples.kit.tiff_values import ascii as text
from blankslide.testing.built import build_trestle
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import has_piece

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (300, 256), "factors": (1, 2), "tile": 128, "macro_size": (240, 80)}


class TestWithSideFile(FormatConformance):
    format = FORMAT
    suffix = ".tif"
    small: ClassVar[dict[str, Any]] = SMALL
    gone = frozenset[str]()
    expected = frozenset(
        {
            "picture.macro", "trestle.description.case-name", "trestle.description.tray-note",
            "trestle.description.reader", "trestle.description.unnamed", "tiff.date-time",
        }
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_trestle(path, **overrides)

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        # the common judge looks at the old slide without its side file, so it expects no macro at all
        alone = "OpenSlide lists the pictures ['macro'] instead of []"
        found = [c for c in super().complaints(before, planted, path) if c != alone]
        side = path.with_name(path.stem + ".Full")
        if not planted.pictures:
            return found
        with Image.open(side) as picture, Image.open(io.BytesIO(before[side.name])) as old:
            if picture.size != old.size or any(low != high for low, high in picture.convert("RGB").getextrema()):
                found.append("the macro shows something, or has another size")
        if has_piece(before[side.name].partition(b"\xff\xda")[2], side.read_bytes()):
            found.append("a piece of the old macro is left")
        with OpenSlide(path) as opened:
            if set(opened.associated_images) != {"macro"}:
                found.append("OpenSlide does not list the macro any more")
        return found


class TestWithoutSideFile(TestWithSideFile):
    whole = False
    small: ClassVar[dict[str, Any]] = SMALL | {"macro_size": None}
    expected = TestWithSideFile.expected - {"picture.macro"}

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_trestle(path, **{"macro_size": None, **overrides})


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(**overrides: Any) -> Path:
        path = tmp_path / "slide.tif"
        build_trestle(path, **{**SMALL, **overrides})
        return path

    return build


def test_the_real_description_keeps_every_key(shared: Path, slide: Callable[..., Path]) -> None:
    real = (shared / "metadata" / "nvimagecodec" / "CMU-1.tif.ifd0.txt").read_text("latin-1")
    path = slide(text=real, factors=(1, 2, 4))
    found = pipeline.inspect(path)
    assert found.objective == 10
    assert found.mpp == (0.5, 0.5)
    assert not [f.id for f in found.findings if f.id.startswith("trestle.")]
    with OpenSlide(path) as opened:
        before = {k: v for k, v in opened.properties.items() if k.startswith("trestle.")}
    assert len(before) == 5
    assert pipeline.anonymize_in_place(path).content == "clean"
    with OpenSlide(path) as opened:
        assert {k: v for k, v in opened.properties.items() if k.startswith("trestle.")} == before


def test_the_side_file_is_no_sidecar_but_the_tables_are(slide: Callable[..., Path]) -> None:
    path = slide()
    path.with_name("slide.tif-1b").write_bytes(b"\0\1" * 40)
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean"
    assert outcome.sidecars == ("slide.tif-1b",)
    assert path.with_name("slide.tif-1b").read_bytes() == b"\0\1" * 40


def test_a_side_file_that_is_a_link_is_refused(slide: Callable[..., Path], tmp_path: Path) -> None:
    path = slide()
    side = path.with_name("slide.Full")
    side.rename(tmp_path / "elsewhere.jpg")
    side.symlink_to(tmp_path / "elsewhere.jpg")
    before = path.read_bytes()
    with pytest.raises(NotEditable, match="link"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def test_a_folder_of_the_slides_name_hides_no_side_file(slide: Callable[..., Path]) -> None:
    path = slide()
    path.with_suffix("").mkdir()
    assert pipeline.anonymize_in_place(path, dry_run=True).decisions
    assert len(pipeline.inspect(path).files) == 2
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_two_side_files_of_one_name_are_a_contradiction(slide: Callable[..., Path]) -> None:
    path = slide()
    path.with_suffix("").mkdir()
    (path.with_suffix("") / "slide.Full").write_bytes(b"another")
    before = path.read_bytes()
    with pytest.raises(ContradictorySlide, match="stands twice"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def test_a_side_file_that_is_no_jpeg_is_damage(slide: Callable[..., Path]) -> None:
    path = slide()
    path.with_name("slide.Full").write_bytes(b"who knows" * 9)
    with pytest.raises(DamagedSlide, match="not a JPEG"):
        pipeline.anonymize_in_place(path)
    assert path.with_name("slide.Full").read_bytes() == b"who knows" * 9


def test_a_page_in_strips_is_refused(slide: Callable[..., Path]) -> None:
    extra = tiff_pages.stripped(tissue(60, 200, 5), 0, tiff_pages.recipe(46, None, SMALL))
    with pytest.raises(ContradictorySlide, match="not tiled"):
        pipeline.anonymize_in_place(slide(extra=(extra,)))


def test_what_hangs_on_the_software_goes(slide: Callable[..., Path]) -> None:
    path = slide(tags={0: {305: text("MedScan v3.4.2.1 - Release, station Utopia 7")}})
    assert "trestle.software" in {f.id for f in pipeline.inspect(path).findings}
    assert pipeline.anonymize_in_place(path).content == "clean"
    with OpenSlide(path) as opened:
        assert opened.properties["tiff.Software"] == "MedScan v3.4.2.1 - Release"
        assert opened.properties["openslide.vendor"] == "trestle"


def test_a_kept_macro_is_not_clean(slide: Callable[..., Path]) -> None:
    path = slide()
    before = path.with_name("slide.Full").read_bytes()
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(keep=["macro"]))
    assert outcome.content == "residue"
    assert "kept: macro shows the label" in outcome.residue
    assert path.with_name("slide.Full").read_bytes() == before


def test_what_stands_behind_the_macros_end_goes_too(slide: Callable[..., Path]) -> None:
    path = slide()
    side = path.with_name("slide.Full")
    side.write_bytes(side.read_bytes() + b"\0Nonesuch")
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Nonesuch" not in side.read_bytes()
    with OpenSlide(path) as opened:
        assert opened.associated_images["macro"].size == (240, 80)


def test_a_grey_macro_is_blanked_as_grey(slide: Callable[..., Path]) -> None:
    path = slide()
    side = path.with_name("slide.Full")
    with Image.open(side) as picture:
        picture.convert("L").save(side, "JPEG", quality=90)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert pipeline.anonymize_in_place(path).writes == 0
    with Image.open(side) as picture:
        assert picture.mode == "L"
        assert picture.getextrema() in {(255, 255), (254, 254)}


def test_a_description_of_endless_fields_is_damage(slide: Callable[..., Path]) -> None:
    path = slide(text="a;" * 5000)
    with pytest.raises(DamagedSlide, match="more fields"):
        pipeline.inspect(path)


def test_a_name_that_has_no_room_for_a_side_file_has_none(slide: Callable[..., Path]) -> None:
    path = slide(macro_size=None)
    path = path.rename(path.with_name("n" * 251 + ".tif"))
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_a_copy_of_a_slide_without_its_side_file_is_clean(tmp_path: Path) -> None:
    """The copy has a name of ours until it is whole, and a side file called after that is nobody's."""
    path = tmp_path / "trestle.tif"
    build_trestle(path)
    path.with_suffix(".Full").unlink()
    outcome = pipeline.anonymize_copy(path, tmp_path / "out")
    assert (outcome.content, outcome.residue, outcome.target) == ("clean", (), "trestle.tif")
