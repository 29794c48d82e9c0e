"""One answer for six makers: which page is what, and what may be tissue is never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide
from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.drawing import tissue
from blankslide.testing.own.six_makers import MAKERS, Maker, build

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.tiff_writer import Page

FIVE = pytest.mark.parametrize("maker", [m for m in MAKERS.values() if m.vendor != "trestle"], ids=lambda m: m.vendor)
WITH_HEADER = pytest.mark.parametrize("maker", [m for m in MAKERS.values() if m.head], ids=lambda m: m.vendor)


def strips(width: int, height: int, kind: int = 0) -> Page:
    return tiff_pages.stripped(tissue(width, height, 5), kind, tiff_pages.recipe(41, None, {}))


@FIVE
def test_a_page_in_strips_of_the_slides_shape_may_be_tissue_and_is_left(tmp_path: Path, maker: Maker) -> None:
    """A level that somebody saved in strips: never unlinked, never blanked, and never called clean."""
    extra = strips(75, 64)
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.5", "Barcode = S21-4711"), [extra])
    for _ in range(2):
        outcome = pipeline.anonymize_in_place(path)
        assert (outcome.content, outcome.exit_code) == ("residue", 1)
        assert any("picture.unknown" in sentence for sentence in outcome.residue)
    assert all(bytes(strip) in path.read_bytes() for strip in extra.strips)  # type: ignore[arg-type]
    assert b"4711" not in path.read_bytes()
    (picture,) = pipeline.inspect(path).associated
    assert (picture.role, picture.width, picture.page) == ("unknown", 75, 2)
    assert pipeline.inspect(path).notes


def test_trestle_refuses_it(tmp_path: Path) -> None:
    maker = MAKERS["trestle"]
    path = build(tmp_path / "x.tif", maker, maker.text("Quality = 70", "Barcode = S21-4711"), [strips(75, 64)])
    before = path.read_bytes()
    with pytest.raises(ContradictorySlide, match="not tiled"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


@FIVE
@pytest.mark.parametrize(("size", "kind"), [((60, 200), 0), ((75, 64), 1), ((75, 64), 9)])
def test_a_page_of_another_shape_or_of_a_pictures_type_goes(
    tmp_path: Path, maker: Maker, size: tuple[int, int], kind: int
) -> None:
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.5"), [strips(*size, kind)])
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert pipeline.inspect(path).associated == ()
    assert len(pipeline.inspect(path).levels) == 2


@WITH_HEADER
@pytest.mark.parametrize("line", ["thumbnail 75x64", "300x256 -> 75x64 - "])
def test_a_picture_described_as_one_thing_and_typed_as_another_is_refused(
    tmp_path: Path, maker: Maker, line: str
) -> None:
    """A label of the slide's shape behind a thumbnail's description would stay."""
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.5"), [strips(75, 64, 1)], {2: f"Any\n{line}"})
    before = path.read_bytes()
    with pytest.raises(ContradictorySlide, match="typed as label"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


@WITH_HEADER
@pytest.mark.parametrize(
    ("description", "role"),
    [
        ("Any\nlabel 75x64", "label"),
        ("Any\nmacro 75 x 64|MPP = 1", "macro"), ("Any\nthumbnail 75x64\r\n", "thumbnail"),
        ("Any\nlabel 75x64;Any\nmacro 1x1", "label"), ("Any\n300x256 -> 75x64 - ;Any", "thumbnail"),
        ("Any label 75x64", "unknown"), ("Any\nlabel of macro 75x64", "unknown"), ("Any|x\nlabel 75x64", "unknown"),
        ("Any;x\nlabel 75x64", "unknown"), ("Any" * 200 + "\nlabel 75x64", "label"),
    ],
)  # fmt: skip
def test_the_second_line_of_the_first_header_states_the_role(
    tmp_path: Path, maker: Maker, description: str, role: str
) -> None:
    path = build(tmp_path / "x.tif", maker, maker.text("MPP = 0.5"), [strips(75, 64)], {2: description})
    assert [a.role for a in pipeline.inspect(path).associated] == [role]
