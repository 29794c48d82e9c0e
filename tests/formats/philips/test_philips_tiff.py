"""Philips TIFF: each way of storing pictures passes the suite, and what the suite cannot know."""

from __future__ import annotations

from base64 import b64encode
from itertools import permutations
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from openslide import OpenSlide
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.containers.xml import Element, parse
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formats.philips.format_tiff import FORMAT
from blankslide.samples.kit.tiff_values import ascii
from blankslide.testing.built import build_philips
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import Before, judge, tiles_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome
    from blankslide.samples.kit.answer_key import Planted

FIELDS = frozenset(
    f"philips.xml.{key}"
    for key in (
        "pim-dp-ufs-barcode dicom-acquisition-datetime dicom-device-serial-number dicom-derivation-description "
        "dicom-date-of-last-calibration dicom-time-of-last-calibration piim-dp-scanner-operator-id "
        "piim-dp-scanner-rack-number piim-dp-scanner-slot-number pim-dp-source-file"
    ).split()
)
SMALL = {"size": (128, 128), "tile": 64, "factors": (1, 2), "label_size": (48, 40), "macro_size": (96, 40)}


class Way(FormatConformance):
    """The suite over one way of storing label and macro."""

    format = FORMAT
    way: ClassVar[dict[str, Any]] = {}
    suffix = ".tiff"
    small = SMALL
    expected = FIELDS | {"picture.label", "picture.macro", "tiff.date-time"}

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_philips(path, **{"size": (512, 384), "tile": 128, **self.way, **overrides})

    def tissue(self, before: Any, name: str) -> list[tuple[int, int, int]]:
        """Sparse tiles have no bytes."""
        return [span for span in super().tissue(before, name) if span[2]]


class TestPagesAndBase64(Way):
    pass


class TestPagesOfBigTiff(Way):
    whole = False
    way: ClassVar[dict[str, Any]] = {"base64": (), "big": True, "seed": 8}


class TestBase64Only(Way):
    whole = False
    way: ClassVar[dict[str, Any]] = {"pages": (), "data_first": True, "seed": 9}


def _anonymized(path: Path) -> Outcome:
    return pipeline.anonymize_in_place(path, pipeline.Options())


def _xml(path: Path) -> bytes:
    with TiffFile(path) as tiff:
        tag = tiff.pages[0].tags[270]
        path_data = path.read_bytes()
        return path_data[tag.valueoffset : tag.valueoffset + tag.count]


def _texts(root: Element, name: str) -> list[str]:
    return [e.text for e in root.walk() if e.value("Name") == name]


# -- what other tools got wrong ----------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(("level", "label", "macro"))))
@pytest.mark.parametrize("data_first", [False, True])
def test_wsianon_26_objects_in_any_order(tmp_path: Path, order: tuple[str, ...], data_first: bool) -> None:
    """Whole pictures were left untouched, or the tool crashed, depending on the order of the objects."""
    path = tmp_path / "a.tiff"
    planted = build_philips(path, pages=(), objects=order, data_first=data_first, **SMALL)
    before = path.read_bytes()
    assert _anonymized(path).content == "clean"
    after = path.read_bytes()
    pictures = [r for r in planted.removed if r.encoding == "picture"]
    assert len(pictures) == 2
    for picture in pictures:
        for at, size in picture.places:
            assert len(before[at : at + size].strip()) == size
            assert after[at : at + size] == b" " * size


def test_wsianon_27_a_description_inside_its_entry(tmp_path: Path) -> None:
    """BigTIFF keeps ``Label`` in the directory; it was read as an offset and the picture stayed."""
    path = tmp_path / "a.tiff"
    planted = build_philips(path, base64=(), big=True, **SMALL)
    assert planted.layout is not None
    assert planted.layout.pages[2].entries[270].inline
    assert _anonymized(path).content == "clean"
    with TiffFile(path) as tiff:
        assert len(tiff.pages) == 2


def test_wsianon_23_no_header_slack_survives(tmp_path: Path) -> None:
    """A header that an earlier tool shortened still has its old end behind the NUL."""
    path = tmp_path / "a.tiff"
    slack = b"PIM_DP_UFS_BARCODE>Whimsley 4711</Attribute></DataObject>"
    build_philips(path, behind=slack, **SMALL)
    outcome = _anonymized(path)
    assert outcome.content == "clean"
    assert "philips.xml.remainder" in {d.id for d in outcome.decisions}
    assert b"Whimsley" not in path.read_bytes()


def test_wsianon_24_xml_keeps_its_length_and_stays_well_formed(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, **SMALL)
    before = _xml(path)
    _anonymized(path)
    after = _xml(path)
    assert len(after) == len(before)
    assert [e.path for e in parse(after[:-1]).walk()] == [e.path for e in parse(before[:-1]).walk()]


def test_wsianon_17_a_serial_of_one_digit_mangles_nothing(tmp_path: Path) -> None:
    """Serial ``1`` made XML version 1.0 into X.0 and broke dates and element numbers."""
    path = tmp_path / "a.tiff"
    build_philips(path, values={"serial": "1", "operator": "0"}, **SMALL)
    assert _anonymized(path).content == "clean"
    after = _xml(path)
    assert after.startswith(b'<?xml version="1.0" encoding="UTF-8" ?>')
    assert b'Element="0x1001"' in after
    assert _texts(parse(after[:-1]), "PIM_DP_UFS_INTERFACE_VERSION") == ["3.0"]


def test_pathsafe_the_word_labelimage_does_not_make_level_0_a_label(tmp_path: Path) -> None:
    """The XML of page 0 speaks of LABELIMAGE: level 0 was zeroed and the XML left behind."""
    path = tmp_path / "a.tiff"
    planted = build_philips(path, values={"hospital": "Label Macro Hospital"}, **SMALL)
    before = Before.of(path, planted)
    tiles = list(tiles_of(before.data))
    assert _anonymized(path).content == "clean"
    assert judge(before, path) == []
    after = path.read_bytes()
    assert all(after[at : at + size] == before.data[at : at + size] for at, size in tiles)


@pytest.mark.parametrize("way", [{}, {"base64": ()}, {"pages": ()}])
def test_two_unrelated_readers_agree(tmp_path: Path, way: dict[str, Any]) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, **way, **SMALL)
    found = pipeline.inspect(path).associated
    assert sorted(a.role for a in found) == ["label", "macro"]
    assert {a.page for a in found} == ({0} if "pages" in way else {2, 3})
    assert set(_anonymized(path).readers) == {"OpenSlide", "tifffile"}


# -- traps of the format -----------------------------------------------------------------


def test_the_bar_code_is_looked_for_in_clear_too(tmp_path: Path) -> None:
    """What the base64 says stands in the file name as well, in clear."""
    path = tmp_path / "a.tiff"
    build_philips(path, values={"barcode": "BJCTEA-994", "source": "BJCTEA-994 of today.ndpi"}, **SMALL)
    assert _anonymized(path).content == "clean"
    data = path.read_bytes()
    assert b"BJCTEA-994" not in data
    assert b64encode(b"BJCTEA-994")[:12] not in data
    with OpenSlide(path) as slide:
        assert not slide.properties.get("openslide.barcode")


def test_the_derivation_loses_the_file_name_only(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, **SMALL)
    _anonymized(path)
    (text,) = _texts(parse(_xml(path)[:-1]), "DICOM_DERIVATION_DESCRIPTION")
    assert text.startswith("tiff-useBigTIFF=1-useRgb=0-levels=10003,10002,10000,10001-processing=0-q80-sourceFilename=")
    assert text.partition("sourceFilename=")[2].strip('" ') == ""


def test_a_derivation_in_other_words_goes_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, values={"source": 'x" for Dr. Whimsley "'}, **SMALL)
    assert _anonymized(path).content == "clean"
    assert b"Whimsley" not in path.read_bytes()


def test_pixel_size_is_that_of_openslide(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, mpp=(0.25, 0.5), **SMALL)
    with OpenSlide(path) as slide:
        seen = tuple(float(slide.properties[f"openslide.mpp-{axis}"]) for axis in "xy")
    assert pipeline.inspect(path).mpp == seen == (0.25, 0.5)


def test_software_keeps_the_makers_name_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, tags={"all": {305: ascii("Philips DP v1.0 installed by jfictus9")}}, **SMALL)
    assert _anonymized(path).content == "clean"
    assert b"jfictus9" not in path.read_bytes()
    with TiffFile(path) as tiff:
        assert tiff.is_philips
        assert tiff.pages[0].software == "Philips DP v1.0"


def test_an_image_of_unknown_type_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, **SMALL)
    data = path.read_bytes().replace(b">MACROIMAGE<", b">OTHERIMAGE<")
    path.write_bytes(data)
    assert "picture.unknown" in {f.id for f in pipeline.inspect(path).findings}
    assert _anonymized(path).content == "clean"


def test_a_tiled_page_called_label_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, tags={"level1": {270: ascii("Label")}}, **SMALL)
    with pytest.raises(ContradictorySlide, match="tiled like a level"):
        pipeline.inspect(path)


def test_two_scans_of_tissue_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, objects=("level", "level"), pages=(), base64=(), **SMALL)
    with pytest.raises(ContradictorySlide, match="2 scans of tissue"):
        pipeline.inspect(path)


def test_broken_xml_is_damage_and_not_another_format(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, **SMALL)
    path.write_bytes(path.read_bytes().replace(b"</DataObject>\n\0", b"</DataObjekt>\n\0"))
    with pytest.raises(DamagedSlide, match="not well formed"):
        pipeline.inspect(path)


def test_words_in_a_level_description_go(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    build_philips(path, tags={"level1": {270: ascii("level=1 mag=20 quality=80 for Nobody77\0Dr. Whimsley")}}, **SMALL)
    assert _anonymized(path).content == "clean"
    data = path.read_bytes()
    assert b"Nobody77" not in data
    assert b"Whimsley" not in data


# -- the real text -----------------------------------------------------------------------


def test_the_real_text_loses_no_science(shared: Path, tmp_path: Path) -> None:
    """Philips-1.tiff: eight levels, bar code, and the source file's name inside the derivation."""
    real = (shared / "metadata/nvimagecodec/Philips-1.tiff.ifd0.txt").read_bytes()
    path = tmp_path / "real.tiff"
    factors = (1, 2, 4, 8, 16, 32, 64, 128)
    build_philips(path, xml=real, factors=factors, pages=(), base64=(), size=(512, 384), tile=64)
    with OpenSlide(path) as slide:
        assert slide.properties["openslide.barcode"] == "3311940"
    inspection = pipeline.inspect(path)
    assert {f.id for f in inspection.findings} == {
        "philips.xml.dicom-derivation-description",
        "philips.xml.pim-dp-ufs-barcode",
        "philips.xml.dicom-software-versions",
        "tiff.date-time",
    }
    outcome = _anonymized(path)
    assert outcome.content == "clean", outcome.residue
    assert set(outcome.readers) == {"OpenSlide", "tifffile"}
    old, new = parse(real), parse(_xml(path)[:-1])
    for before, after in zip(old.walk(), new.walk(), strict=True):
        assert [(a.name, a.value) for a in before.attributes] == [(a.name, a.value) for a in after.attributes]
        if before.value("Name") not in ("PIM_DP_UFS_BARCODE", "DICOM_DERIVATION_DESCRIPTION"):
            assert before.text == after.text
    data = path.read_bytes()
    assert b"T14-03469" not in data
    assert b"3311940" not in data
    assert b"MzMxMTk0MA" not in data
