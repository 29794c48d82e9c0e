"""Ventana: each style passes the conformance suite, and what the suite cannot know of Ventana."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from openslide import OpenSlide
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.containers.xml import parse
from blankslide.errors import ContradictorySlide
from blankslide.formats.ventana import FORMAT
from blankslide.samples.kit.tiff_values import LONG, SHORT, ascii, byte, short
from blankslide.testing.built import build_ventana
from blankslide.testing.own.linked import LinkedConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection
    from blankslide.samples.kit.answer_key import Planted

FIELDS = frozenset(f"ventana.xmp.{key}" for key in "unitnumber username builddate slideannotation comment".split())
LEVEL0 = frozenset(
    f"ventana.xmp.{key}"
    for key in "rack slot basename jp2filename outputfilename serverdirectory-path labelimage-path dirpath".split()
)


class Style(LinkedConformance):
    """The suite over one style; page 0 stays, blank."""

    format = FORMAT
    style: ClassVar[str] = "dp"
    more: ClassVar[dict[str, Any]] = {}
    suffix = ".bif"
    blanked: ClassVar[frozenset[str]] = frozenset({"macro"})
    pictures: ClassVar[frozenset[int]] = frozenset({0, 1})
    vendor: ClassVar[str] = "ventana"
    small: ClassVar[dict[str, Any]] = {"size": (256, 128), "tile": 64, "factors": (1, 2), "macro_size": (48, 128)}

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_ventana(path, self.style, **{"size": (512, 384), "tile": 128, **self.more, **overrides})

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        """OpenSlide must show a blank macro and the science of the packet as it was."""
        found = super().complaints(before, planted, path)
        if self.vendor:
            with OpenSlide(path) as slide:
                if not _is_one_colour(slide.associated_images["macro"]):
                    found.append("OpenSlide sees something in the macro")
                wrong = [k.key for k in planted.kept if slide.properties.get(k.key) != k.value]
                found.extend(f"OpenSlide sees another {key}" for key in wrong)
        return found


class TestIscan(Style):
    whole = False
    style = "iscan"
    expected = FIELDS | LEVEL0 | {"picture.macro", "picture.thumbnail"}


class TestDp200(Style):
    style = "dp"
    expected = FIELDS | LEVEL0 | {"picture.macro", "picture.probability", "ventana.xmp.barcode1d"}


class TestDp200WithJointsToTheLeft(Style):
    """What a DP 200 really writes: OpenSlide declines it, tifffile judges, and fastslide where it is installed."""

    whole = False
    style = "dp"
    expected = TestDp200.expected
    more: ClassVar[dict[str, Any]] = {"joints": "LEFT"}
    vendor = ""


class TestTiledPortrait(Style):
    whole = False
    style = "iscan"
    expected = TestIscan.expected
    more: ClassVar[dict[str, Any]] = {"macro_tiled": True}


class TestPlainTiff(Style):
    whole = False
    style = "tif"
    suffix = ".tif"
    expected = FIELDS | {"picture.macro"}

    def build(self, path: Path, **overrides: Any) -> Planted:
        more = {700: byte(b"<Metadata><PrescanData SlideIdentifier='Nobody 77312' Z='a man' Y='so so'/></Metadata>")}
        return super().build(path, **{"tags": {"thumbnail": more}, **overrides})

    def test_reports_keys_that_nobody_has_heard_of(self) -> None:
        """The three of this style are not all in the key."""
        ids = {f.id for f in self._inspection().findings}
        assert {"ventana.xmp.prescandata.z", "ventana.xmp.prescandata.y", "ventana.xmp.iscan.hospitalcode"} <= ids
        assert "ventana.xmp.slideidentifier" in ids


def _is_one_colour(image: Any) -> bool:
    return all(low == high for low, high in image.getextrema())


def _anonymized(path: Path) -> Any:
    return pipeline.anonymize_in_place(path, pipeline.Options())


def _ids(inspection: Inspection) -> set[str]:
    return {f.id for f in inspection.findings}


def _packet(path: Path, page: int) -> bytes:
    with TiffFile(path) as tiff:
        value: bytes = tiff.pages[page].tags[700].value
        return value


# -- what other tools got wrong ----------------------------------------------------------


@pytest.mark.parametrize("quote", ["'", '"'])
def test_pathsafe_single_quotes_hide_nothing(tmp_path: Path, quote: str) -> None:
    """peer-failures A1.7: attributes in the other quotes were all kept."""
    scan = '<iScan Magnification="40" ScanRes="0.25" UserName="jfictus9" Barcode1D="S19-77123"/>'.replace('"', quote)
    path = tmp_path / "a.bif"
    build_ventana(path, "tif", scan=scan)
    assert _anonymized(path).content == "clean"
    data = path.read_bytes()
    assert b"jfictus9" not in data
    assert b"S19-77123" not in data


def test_wsianon_17_a_short_unit_number_leaves_the_resolution_alone(tmp_path: Path) -> None:
    """UnitNumber="5" made ScanRes="0.465000" into 0.46 000."""
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan", res="0.465000", values={"unit": "5"})
    outcome = _anonymized(path)
    assert outcome.content == "clean"
    assert _ids(pipeline.inspect(path)) & {"ventana.xmp.unitnumber"} == set()
    with OpenSlide(path) as slide:
        assert slide.properties["ventana.ScanRes"] == "0.465000"
        assert slide.properties["ventana.UnitNumber"].strip() == ""


@pytest.mark.parametrize("types", [{273: LONG, 279: LONG, 324: LONG, 325: LONG}, {279: SHORT, 325: SHORT}])
def test_wsianon_15_16_narrow_integer_types_in_bigtiff(tmp_path: Path, types: dict[int, int]) -> None:
    """BigTIFF with LONG or SHORT offsets and counts: everything was kept, or the file grew."""
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan", types=types)
    size = path.stat().st_size
    assert _anonymized(path).content == "clean"
    assert path.stat().st_size == size


def test_wsianon_misses_paths_rack_and_annotation(tmp_path: Path) -> None:
    """Fields that the other tool does not know: output file, rack, slot, directories, annotation."""
    path = tmp_path / "a.bif"
    planted = build_ventana(path, "dp")
    _anonymized(path)
    root = parse(_packet(path, 2))
    info = root.find("SlideInfo")
    assert info is not None
    assert (info.value("Rack"), info.value("Slot")) == ("0", "0")
    assert info.value("OutputFileName").strip() == ""
    assert {r.id for r in planted.removed} >= LEVEL0


@pytest.mark.parametrize("style", ["iscan", "dp", "tif"])
def test_two_unrelated_readers_agree(tmp_path: Path, style: str) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, style)
    assert set(_anonymized(path).readers) == {"OpenSlide", "tifffile"}


# -- traps of the format -----------------------------------------------------------------


def test_joints_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan")
    before = _packet(path, 2)
    _anonymized(path)
    after = _packet(path, 2)
    assert len(before) == len(after)
    assert before[before.index(b"<SlideStitchInfo") :] == after[after.index(b"<SlideStitchInfo") :]


def test_names_that_contain_other_names_are_told_apart(tmp_path: Path) -> None:
    scan = '<iScan ScanRes="0.25" Magnification="20" OldUserName="keep me not" UserNameType="12" UserName="nobody1"/>'
    path = tmp_path / "a.bif"
    build_ventana(path, "tif", scan=scan)
    found = {f.id: f for f in pipeline.inspect(path).findings}
    assert {"ventana.xmp.iscan.oldusername", "ventana.xmp.iscan.usernametype", "ventana.xmp.username"} <= found.keys()
    _anonymized(path)
    scan_after = parse(_packet(path, 0))
    assert scan_after.get("OldUserName") is None
    assert scan_after.get("UserNameType") is None
    assert scan_after.value("UserName").strip() == ""


def test_an_id_is_replaced_by_one_of_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "dp", values={"base": "9a65cc07-05f9-4dde-a4a3-2a349aad25d3"})
    options = pipeline.Options(key=bytes(range(32)))
    assert pipeline.anonymize_in_place(path, options).content == "clean"
    info = parse(_packet(path, 2)).find("SlideInfo")
    assert info is not None
    base = info.value("BaseName")
    assert len(base) == 36
    assert base != "9a65cc07-05f9-4dde-a4a3-2a349aad25d3"
    again = pipeline.anonymize_in_place(path, options)
    assert (again.content, again.writes) == ("clean", 0)


def test_words_in_a_level_description_go(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan", tags={"level1": {270: ascii("level=1 mag=20 for:Nobody77 quality=90\0Dr. Whimsley")}})
    assert _anonymized(path).content == "clean"
    data = path.read_bytes()
    assert b"Nobody77" not in data
    assert b"Whimsley" not in data
    with OpenSlide(path) as slide:
        assert slide.level_count == 3


def test_a_page_of_unknown_role_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan", portrait=True, tags={"thumbnail": {270: ascii("Dr. Whimsley's own picture")}})
    assert "picture.unknown" in _ids(pipeline.inspect(path))
    assert _anonymized(path).content == "clean"
    with TiffFile(path) as tiff:
        assert len(tiff.pages) == 4


def test_a_first_page_of_unknown_role_is_blanked_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "tif", tags={"macro": {270: ascii("portrait of Nobody77")}})
    assert [a.role for a in pipeline.inspect(path).associated] == ["macro", "thumbnail"]
    assert _anonymized(path).content == "clean"
    with TiffFile(path) as tiff:
        pixels = tiff.pages[0].asarray()
        assert (pixels == pixels[0, 0]).all()
        assert "Nobody77" not in tiff.pages[0].description


def test_repeated_levels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan", tags={"level2": {270: ascii("level=1 mag=10 quality=90")}})
    with pytest.raises(ContradictorySlide, match="not numbered"):
        pipeline.inspect(path)


def test_a_level_in_strips_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan", tags={"thumbnail": {270: ascii("level=3 mag=5 quality=90")}})
    with pytest.raises(ContradictorySlide, match="not tiled"):
        pipeline.inspect(path)


def test_an_iscan_deep_in_something_else_is_not_ventana(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "tif", scan='<Other><Deep><iScan ScanRes="0.25"/></Deep></Other>')
    assert pipeline.known_format(path) != "ventana"


# -- real texts --------------------------------------------------------------------------


def _science(data: bytes) -> list[tuple[str, str, str]]:
    """All that must survive: attributes of geometry, focus and resolution."""
    gone = set(
        "UserName UnitNumber BuildDate BaseName JP2FileName OutputFileName Path DirPath Rack Slot SlideAnnotation "
        "Barcode1D Barcode2D".split()
    )
    return [(e.path, a.name, a.value) for e in parse(data).walk() for a in e.attributes if a.name not in gone]


def _fewer(text: str) -> str:
    """Leave out most of thousands of joints and frames that differ in nothing but their numbers."""
    few = iter(range(1 << 30))
    return re.sub(r"<(?:TileJointInfo|Frame) [^>]*/>\s*", lambda one: one[0] if next(few) % 40 == 0 else "", text)


@pytest.mark.parametrize("name", ["os1", "ventana1"])
def test_real_texts_lose_no_science(shared: Path, tmp_path: Path, name: str) -> None:
    """The real packets describe other tiles than ours, so OpenSlide declines; the text is what is tested."""
    scan = (shared / f"metadata/bif/{name}_iscan.xml").read_text()
    info = _fewer((shared / f"metadata/bif/{name}_encodeinfo.xml").read_text())
    path = tmp_path / "real.bif"
    build_ventana(path, "iscan" if name == "os1" else "dp", scan=scan, info=info)
    before = [_packet(path, page) for page in (0, 2)]
    inspection = pipeline.inspect(path)
    assert not {f.id for f in inspection.findings if f.cls.value == "?"}, "a real key is not known"
    assert inspection.mpp == ((0.2325, 0.2325) if name == "os1" else (0.25, 0.25))
    outcome = _anonymized(path)
    assert outcome.content == "clean", outcome.residue
    for page, old in zip((0, 2), before, strict=True):
        new = _packet(path, page)
        assert len(new) == len(old)
        assert _science(new) == _science(old)
        for secret in (b"admin", b"BI10N0306", b"Customer", b"9a65cc07", b"thumb_bs0", b"2000515", b"Operator"):
            assert secret not in new
    assert _anonymized(path).writes == 0


def test_a_broken_packet_on_a_picture_page_goes_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "iscan", tags={"thumbnail": {700: byte(b"<Metadata><PrescanData SlideIdentifier='Nobody 7")}})
    assert "tiff.xmp" in _ids(pipeline.inspect(path))
    assert _anonymized(path).content == "clean"
    assert b"Nobody 7" not in path.read_bytes()


def test_what_stands_behind_the_packet_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    scan = '<iScan ScanRes="0.25" Magnification="20"/>\0Left by Dr. Whimsley'
    build_ventana(path, "tif", scan=scan)
    assert "ventana.xmp.remainder" in _ids(pipeline.inspect(path))
    assert _anonymized(path).content == "clean"
    assert b"Whimsley" not in path.read_bytes()


def test_software_that_names_the_vendor_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.bif"
    build_ventana(path, "dp", tags={"level1": {305: ascii("typed by Nobody77")}, "level2": {254: short(1)}})
    _anonymized(path)
    with TiffFile(path) as tiff:
        assert tiff.pages[0].software == "ScanOutputManager 1.1.0.15854"
        assert tiff.pages[3].software.strip("\0 ") == ""
