"""Akoya QPTIFF: the XML of every page, channels, unlinked pictures, a real file."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.errors import ContradictorySlide
from blankslide.formats.ome.format_qptiff import FORMAT
from blankslide.samples.kit.tiff_values import ascii as text
from blankslide.testing.built import build_qptiff
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import has_piece
from blankslide.testing.own.linked import differences
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

KEY = b"k" * 32
SMALL: dict[str, Any] = {
    "size": (256, 192), "factors": (1, 2), "tile": 64, "label_size": (64, 80), "overview_size": (128, 48),
}  # fmt: skip


class TestBrightfield(FormatConformance):
    format = FORMAT
    suffix = ".qptiff"
    flavour = "brightfield"
    vendor = "generic-tiff"
    small = SMALL
    expected = frozenset(
        {
            "picture.label", "picture.macro", "picture.thumbnail", "qptiff.slideid", "qptiff.barcode",
            "qptiff.identifier", "qptiff.computername", "qptiff.operatorname", "qptiff.sampledescription",
            "qptiff.validation-code", "qptiff.algorithmpath", "tiff.date-time",
        }
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_qptiff(path, self.flavour, **overrides)

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        """The common judge knows label and overview by a tag that these slides leave at 0."""
        old, new = before[path.name], path.read_bytes()
        out = [f"{r.value!r} is left" for r in planted.removed if r.value and places_of(r.value, new)]
        out += differences(old, path, self.vendor)
        if typed(old, without=("Overview", "Label")) != typed(new):
            out.append("other pages than label and overview have changed or gone")
        for picture in planted.pictures:
            strips = b"".join(old[at : at + size] for at, size in picture.strips)
            if picture.role != "thumbnail" and has_piece(strips, new):
                out.append(f"a piece of the old {picture.role} is left")
        return out


class TestFluorescence(TestBrightfield):
    whole = False
    flavour = "fluorescence"
    vendor = ""
    expected = TestBrightfield.expected | {"qptiff.date"}


def typed(data: bytes, without: tuple[str, ...] = ()) -> list[tuple[str, bytes]]:
    """Type and pixels of each page."""
    with TiffFile(io.BytesIO(data)) as tiff:
        kinds = [(re.search(r"<ImageType>(\w+)<", p.aspage().description)[1], p) for p in tiff.pages]
        return [(kind, p.asarray().tobytes()) for kind, p in kinds if kind not in without]


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(flavour: str = "brightfield", **overrides: Any) -> Path:
        path = tmp_path / "slide.qptiff"
        build_qptiff(path, flavour, **{**SMALL, **overrides})
        return path

    return build


def texts(path: Path) -> list[str]:
    with TiffFile(path) as tiff:
        return [p.aspage().description for p in tiff.pages]


SCIENCE = re.compile(
    r"<(?:ExposureTime|SignalUnits|Color|Response|FilterID|Objective|PixelSizeMicrons|Magnification|PartNumber"
    r"|Wavelength|Min|Max|ImageType|MsiFocusBand|ScanColorTable-[kv]|BandNames-i|Exposure-i|ROI)>[^<]*<"
)


def test_every_copy_on_every_page_goes_and_all_stay_alike(slide: Callable[..., Path]) -> None:
    """peer-failures 32: copies on many pages were counted into a list of sixteen."""
    path = slide("fluorescence")
    before = texts(path)
    assert pipeline.anonymize_in_place(path, pipeline.Options(key=KEY)).content == "clean"
    after = texts(path)
    assert [SCIENCE.findall(t) for t in after] == [SCIENCE.findall(t) for t in before[: len(after)]]
    assert len({re.search(r"<Identifier>(.*?)<", t)[1] for t in after}) == 1
    assert all(re.fullmatch(r"\s*", re.search(r"<Barcode>(.*?)<", t)[1]) for t in after)
    assert pipeline.anonymize_in_place(path, pipeline.Options(key=KEY)).writes == 0


def test_the_slide_id_is_never_empty(slide: Callable[..., Path]) -> None:
    """slideio crashes the whole process over an id of blanks."""
    path = slide()
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert all(re.fullmatch("0+", re.search(r"<SlideID>(.*?)<", t)[1]) for t in texts(path))


def test_channels_are_named_once_as_levels(slide: Callable[..., Path]) -> None:
    found = pipeline.inspect(slide("fluorescence"))
    assert [(v.width, v.height, v.page) for v in found.levels] == [(256, 192, 0), (128, 96, 4)]
    assert found.mpp == (0.5, 0.5)
    assert found.objective == 20.0


def test_label_and_overview_leave_the_chain(slide: Callable[..., Path]) -> None:
    path = slide()
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert [re.search(r"<ImageType>(\w+)<", t)[1] for t in texts(path)] == [
        "FullResolution", "Thumbnail", "ReducedResolution",
    ]  # fmt: skip
    with TiffFile(path) as tiff:
        assert tiff.is_qpi


def test_label_in_the_middle_of_the_chain_leaves_it_too(slide: Callable[..., Path]) -> None:
    """peer-failures 3: the last or a middle page was unlinked with the wrong pointer."""
    path = slide(types={1: "Label"})
    assert [a.role for a in pipeline.inspect(path).associated] == ["label", "macro", "label"]
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        assert len(tiff.pages) == 2


@pytest.mark.parametrize("kind", ["Unknown", "CoverslipMask", "label of somebody"])
def test_a_page_of_another_type_is_left_and_needs_review(slide: Callable[..., Path], kind: str) -> None:
    path = slide(types={1: kind})
    for _ in range(2):
        outcome = pipeline.anonymize_in_place(path)
        assert (outcome.content, outcome.exit_code) == ("residue", 1)
        assert any("picture.unknown" in r for r in outcome.residue)


@pytest.mark.parametrize(("number", "kind"), [(0, "Label"), (1, "FullResolution"), (3, "ReducedResolution")])
def test_a_type_that_contradicts_the_size_is_refused(slide: Callable[..., Path], number: int, kind: str) -> None:
    path = slide(types={number: kind})
    before = path.read_bytes()
    with pytest.raises(ContradictorySlide):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def test_label_as_large_as_the_tissue_is_refused(slide: Callable[..., Path]) -> None:
    with pytest.raises(ContradictorySlide, match="as large as"):
        pipeline.anonymize_in_place(slide(label_size=(300, 300)))


def test_words_behind_the_software_go_and_the_mark_stays(slide: Callable[..., Path]) -> None:
    path = slide(tags={0: {305: text("PerkinElmer-QPI on SCANPC-4711")}, 1: {305: text("PerkinElmer-QPI 2.0")}})
    assert pipeline.anonymize_in_place(path, pipeline.Options(profile="strict")).content == "clean"
    assert b"SCANPC" not in path.read_bytes()
    assert pipeline.inspect(path).format == "qptiff"


def test_base64_may_be_numbers_only(slide: Callable[..., Path]) -> None:
    word = base64.b64encode(b"Mossgarden 12").decode()
    profile = f"<Exposure-i>AAAWQwAAFkM=</Exposure-i><Exposure-i>{word}</Exposure-i>"
    path = slide(profile=profile, spots={})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert word.encode() not in path.read_bytes()


def test_profile_as_json_goes_whole(slide: Callable[..., Path]) -> None:
    path = slide(profile='{"operator": "Mossgarden", "pixelSize": 0.5}')
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Mossgarden" not in path.read_bytes()


def test_a_stain_stays_and_a_name_in_its_place_goes(slide: Callable[..., Path]) -> None:
    path = slide("fluorescence", channels=("DAPI", "Mossgarden", "Cy3 or TRITC"))
    assert pipeline.anonymize_in_place(path).content == "clean"
    data = path.read_bytes()
    assert b"Mossgarden" not in data
    assert b"<Name>DAPI</Name>" in data
    assert b"<Name>Cy3 or TRITC</Name>" in data


def test_real_file_comes_out_clean(slide_copy: Callable[[str], Path]) -> None:
    path = slide_copy("qptiff/small_vectra.qptiff")
    before, pages = texts(path), typed(path.read_bytes(), without=("Overview", "Label"))
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean", outcome.residue
    after = texts(path)
    assert [SCIENCE.findall(t) for t in after] == [SCIENCE.findall(t) for t in before[:4]]
    assert len(after[0]) == len(before[0])
    assert typed(path.read_bytes()) == pages
    data = path.read_bytes()
    for word in (
        b"RTM61_1",
        b"WIN-518",
        b"688b0669",
        b"2020-09-22",
        b"2020:10:30",
        b"albert_einstein",
        b"4E37D078595B",
    ):
        assert word not in data
    assert pipeline.anonymize_in_place(path).writes == 0


def test_a_reader_of_unrelated_code_sees_the_same_tissue(slide_copy: Callable[[str], Path]) -> None:
    slideio = pytest.importorskip("slideio", reason="slideio is not installed: it judges QPTIFF beside tifffile")
    path = slide_copy("qptiff/small_vectra.qptiff")

    def seen() -> tuple[list[str], tuple[Any, ...]]:
        opened = slideio.open_slide(str(path), "QPTIFF")
        scene = opened.get_scene(0)
        pixels = scene.read_block(size=(240, 0)).tobytes()
        return list(opened.get_aux_image_names()), (scene.size, scene.num_channels, scene.resolution, pixels)

    names, before = seen()
    assert names == ["Thumbnail", "Overview", "Label"]
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert seen() == (["Thumbnail"], before)
