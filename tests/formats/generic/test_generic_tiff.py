"""Generic TIFF: one pyramid is clean, anything else is left and needs review, on every run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from openslide import OpenSlide
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.formats.generic.format import FORMAT
from blankslide.samples.kit.tiff_values import ascii as text
from blankslide.samples.kit.tiff_values import double, long, short
from blankslide.samples.kit.tiff_writer import Page
from blankslide.testing.built import build_generic
from blankslide.testing.conformance import FormatConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (256, 192), "factors": (1, 2), "tile": 64}
AT = "generic.description."


class TestVips(FormatConformance):
    format = FORMAT
    suffix = ".tif"
    flavour = "vips"
    small = SMALL
    expected = frozenset({f"{AT}property.aperio-filename", f"{AT}property.filename", f"{AT}date", "tiff.date-time"})

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_generic(path, self.flavour, **overrides)


class TestTifffile(TestVips):
    whole = False
    flavour = "tifffile"
    expected = frozenset({f"{AT}operator", f"{AT}caseref", "tiff.date-time"})


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(flavour: str = "vips", **overrides: Any) -> Path:
        path = tmp_path / "slide.tif"
        build_generic(path, flavour, **{**SMALL, **overrides})
        return path

    return build


def page(width: int, height: int, tile: int = 0, **tags: Any) -> Page:
    """One grey page, stripped unless a tile size is given."""
    basics = {256: long(width), 257: long(height), 258: short(8, 8, 8), 259: short(1), 262: short(2), 277: short(3)}
    if not tile:
        return Page({**basics, 278: long(height), **tags}, [bytes(range(256)) * (width * height * 3 // 256 + 1)])
    count = -(-width // tile) * -(-height // tile)
    return Page({**basics, 322: short(tile), 323: short(tile)}, [bytes(tile * tile * 3)] * count, tiled=True)


def needs_review(path: Path, what: str) -> None:
    """Hold that a slide is called unclean for one reason, on every run, and that its page stays."""
    before = path.read_bytes()
    for _ in range(2):
        outcome = pipeline.anonymize_in_place(path)
        assert (outcome.content, outcome.exit_code) == ("residue", 1)
        assert any(what in r for r in outcome.residue), outcome.residue
    assert len(path.read_bytes()) == len(before)


def test_a_stripped_page_is_left_and_needs_review(slide: Callable[..., Path]) -> None:
    """peer-failures: every stripped page taken for a label and deleted, or kept without a word."""
    path = slide(extra=(page(100, 80),))
    with TiffFile(path) as tiff:
        pixels = tiff.pages[2].asarray()
    needs_review(path, "picture.unknown")
    with TiffFile(path) as tiff:
        assert (tiff.pages[2].asarray() == pixels).all()


@pytest.mark.parametrize("size", [(100, 80), (170, 128), (300, 225)])
def test_a_tiled_page_that_is_no_whole_fraction_needs_review(slide: Callable[..., Path], size: tuple[int, int]) -> None:
    """peer-failures A2.5: tiled pages were taken for the main image, so tiled labels stayed."""
    path = slide(extra=(page(*size, tile=64),))
    assert [a.role for a in pipeline.inspect(path).associated] == ["unknown"]
    needs_review(path, "picture.unknown")


def test_levels_with_rounded_sizes_are_levels(slide: Callable[..., Path]) -> None:
    path = slide(size=(301, 251), factors=(1, 2, 4, 8))
    assert [(v.width, v.height, v.page) for v in pipeline.inspect(path).levels] == [
        (301, 251, 0), (150, 125, 1), (75, 62, 2), (37, 31, 3),
    ]  # fmt: skip
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_an_unknown_description_is_left_and_needs_review(slide: Callable[..., Path]) -> None:
    path = slide(description="Acme Slide Maker\nMPP=0.25;Patient=Nobody, Anna")
    needs_review(path, "generic.description")
    assert b"MPP=0.25" in path.read_bytes(), "a description that nobody understands was destroyed"


def test_private_texts_are_left_and_need_review(slide: Callable[..., Path]) -> None:
    needs_review(slide(tags={0: {65001: text("Dr. Nonesuch")}}), "tiff.tag-65001")


def test_private_numbers_do_not_need_review(slide: Callable[..., Path]) -> None:
    path = slide(tags={0: {65002: double(0.25, 0.25)}})
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_unowned_bytes_are_listed_and_never_zeroed(slide: Callable[..., Path]) -> None:
    path = slide()
    end = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"vendor structure that we do not know")
    needs_review(path, "slide.unowned")
    assert path.read_bytes()[end:] == b"vendor structure that we do not know"


def test_known_text_tags_go(slide: Callable[..., Path]) -> None:
    tags = {
        0: {269: text("/data/S19-1.tif"), 315: text("A. Nother"), 285: text("Mossgarden"), 700: text("<x>secret</x>")}
    }
    path = slide(tags=tags)
    assert pipeline.anonymize_in_place(path).content == "clean"
    data = path.read_bytes()
    assert not [w for w in (b"S19-1", b"Nother", b"Mossgarden", b"secret") if w in data]


def test_json_stays_json_and_keeps_the_shape(slide: Callable[..., Path]) -> None:
    path = slide("tifffile")
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        told = json.loads(tiff.pages[0].description)
    assert told == {"shape": [192, 256, 3], "mpp": 0.5}


def test_json_whose_shape_comes_last_or_first(slide: Callable[..., Path]) -> None:
    for told in ('{"who": "Nobody", "shape": [1, 2]}', '{"shape": [1, 2], "a": {"b": ["Nobody"]}, "who": "Nobody"}'):
        path = slide(description=told)
        assert pipeline.anonymize_in_place(path).content == "clean"
        with TiffFile(path) as tiff:
            assert json.loads(tiff.pages[0].description) == {"shape": [1, 2]}


def test_lines_of_imagej(slide: Callable[..., Path]) -> None:
    path = slide(description="ImageJ=1.53c\nimages=3\nunit=micron\nInfo=Nobody, Anna\nspacing=1.5\nS19-1\n")
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        lines = [line.strip() for line in tiff.pages[0].description.splitlines() if line.strip()]
    assert lines == ["ImageJ=1.53c", "images=3", "unit=micron", "spacing=1.5"]


def test_xml_of_libvips_keeps_its_science(slide: Callable[..., Path]) -> None:
    from xml.etree import ElementTree

    path = slide()
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        root = ElementTree.fromstring(tiff.pages[0].description)  # noqa: S314 - our own sample
    names = [e.text for e in root.iter() if e.tag.endswith("}name")]
    assert names == ["width", "openslide.mpp-x", "aperio.AppMag", "vips-loader"]


def test_declines_what_is_not_tiled(tmp_path: Path) -> None:
    from blankslide.formatkit.protocol import Probe
    from blankslide.samples.kit.tiff_writer import write_tiff
    from blankslide.testing.memory import MemorySlide

    path = tmp_path / "x.tif"
    write_tiff(path, [page(32, 32)])
    reason = FORMAT.detect(Probe(MemorySlide({"x": path.read_bytes()}, "x")))
    assert reason == "the first page is not tiled"


@pytest.mark.parametrize("name", ["generic/openslide-python-boxes.tiff", "generic/slaid-test.tif"])
def test_real_files_come_out_clean(slide_copy: Callable[[str], Path], name: str) -> None:
    path = slide_copy(name)
    with OpenSlide(path) as before:
        sizes, properties = before.level_dimensions, dict(before.properties)
        pixels = before.read_region((0, 0), 0, before.dimensions).tobytes()
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile="strict"))
    assert outcome.content == "clean", outcome.residue
    with OpenSlide(path) as after:
        assert after.level_dimensions == sizes
        assert after.read_region((0, 0), 0, after.dimensions).tobytes() == pixels
        assert {k: v for k, v in after.properties.items() if "tiff.Res" in k or "mpp" in k} == {
            k: v for k, v in properties.items() if "tiff.Res" in k or "mpp" in k
        }
    assert set(outcome.readers) == {"OpenSlide", "tifffile"}
