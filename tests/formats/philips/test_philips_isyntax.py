"""Philips iSyntax: both versions pass the suite, and what the suite cannot know."""

from __future__ import annotations

import io
import re
import struct
import xml.etree.ElementTree as ET
from base64 import b64decode, b64encode
from collections.abc import Mapping
from itertools import permutations
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from PIL import Image, ImageCms

from blankslide import pipeline
from blankslide.errors import NotEditable
from blankslide.formats.philips.format_isyntax import FORMAT
from blankslide.spans import subtract
from blankslide.testing.built import build_philips_isyntax
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.process import run_cli
from blankslide.testing.spellings import places_of
from blankslide.verification.observe import observe
from blankslide.viewing.areas.pyisyntax import asked

isyntax = pytest.importorskip("isyntax", reason="nobody else here reads iSyntax")

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome
    from blankslide.samples.kit.answer_key import Planted

FIELDS = frozenset(
    f"isyntax.header.{key}"
    for key in (
        "pim-dp-ufs-barcode dicom-acquisition-datetime dicom-device-serial-number dicom-date-of-last-calibration "
        "dicom-time-of-last-calibration piim-dp-scanner-operator-id piim-dp-scanner-rack-number "
        "piim-dp-scanner-slot-number comment"
    ).split()
) | {"picture.label", "picture.macro"}
SMALL: dict[str, Any] = {"levels": 2, "label_size": (48, 40), "macro_size": (96, 40)}
PIECE = 40


def profile() -> bytes:
    """A colour profile with a date and texts."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    struct.pack_into(">6H", data, 24, 2021, 3, 14, 15, 9, 26)
    return bytes(data)


def header_of(data: bytes) -> bytes:
    return data.partition(b"\4")[0]


def parsed(data: bytes) -> ET.Element:
    """Parse the header with a parser that is not ours."""
    return ET.fromstring(header_of(data))  # noqa: S314 - this test wrote it


def looks(path: Path) -> dict[str, Any]:
    """What libisyntax sees: levels and all their pixels, pictures, bar code."""
    return asked(_looks, path)


def _looks(path: Path) -> dict[str, Any]:
    with isyntax.ISyntax.open(path) as slide:
        sizes = slide.level_dimensions
        return {
            "sizes": sizes,
            "mpp": (slide.mpp_x, slide.mpp_y),
            "pixels": [slide.read_region(0, 0, *size, i).tobytes() for i, size in enumerate(sizes)],
            "label": slide.read_label_image_jpeg(),
            "macro": slide.read_macro_image_jpeg(),
            "barcode": slide.barcode,
        }


def colours(jpeg: memoryview) -> Any:
    with Image.open(io.BytesIO(bytes(jpeg))) as picture:
        picture.load()
        return picture.size, picture.convert("RGB").getextrema()


def pieces(old: bytes, new: bytes) -> set[bytes]:
    """All pieces of the old text, line breaks aside, that stand in the new one."""
    old, new = (re.sub(rb"\s", b"", text) for text in (old, new))
    known = {old[i : i + PIECE] for i in range(len(old) - PIECE + 1)}
    return {new[i : i + PIECE] for i in range(len(new) - PIECE + 1)} & known


def anonymized(path: Path, **options: Any) -> Outcome:
    return pipeline.anonymize_in_place(path, pipeline.Options(**options))


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.isyntax"
    build_philips_isyntax(path, **{**SMALL, **overrides})
    return path


class Isyntax(FormatConformance):
    format = FORMAT
    suffix = ".isyntax"
    small: ClassVar[dict[str, Any]] = SMALL
    recipe: ClassVar[dict[str, Any]] = {}
    expected = FIELDS

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_philips_isyntax(path, **{**self.recipe, **overrides})

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        """Everything behind the header's end mark."""
        at = len(header_of(before[name])) + 1
        return [(0, at, len(before[name]) - at)]

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        old = path.with_name("old")
        old.write_bytes(before[path.name])
        was, now = looks(old), looks(path)
        old.unlink()
        after = path.read_bytes()
        out = [f"other {key}" for key in ("sizes", "mpp", "pixels") if was[key] != now[key]]
        out += ["the bar code is read"] * bool(now["barcode"].strip("\0 "))
        for role in ("label", "macro"):
            (size, _), (new_size, extrema) = colours(was[role]), colours(now[role])
            out += [f"the {role} has another size"] * (size != new_size)
            out += [f"the {role} shows something"] * any(low != high for low, high in extrema)
        for picture in planted.pictures:
            ((at, size),) = picture.strips
            text = b"".join(after[at : at + size].split())
            old_text = b"".join(before[path.name][at : at + size].split())
            out += [f"the {picture.role} has shorter base64"] * (len(text) != len(old_text))
            out += [f"a piece of a {picture.role} is left"] * bool(pieces(before[path.name][at : at + size], after))
        out += [f"a value of {r.id} is left" for r in planted.removed if r.value and places_of(r.value, after)]
        parsed(after)
        return out


class TestVersion5(Isyntax):
    pass


class TestVersion100(Isyntax):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"version": "100.5", "grid": (2, 1), "data_first": True}


class TestSeveralPicturesInLinesAndProfile(Isyntax):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {
        "objects": ("label-2", "macro", "label", "level", "macro-2"),
        "wrap": 76,
        "profile": profile(),
        "pictures_first": True,
    }


# -- what other tools got wrong ----------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(("level", "label", "macro"))))
@pytest.mark.parametrize("data_first", [False, True])
def test_wsianon_23_not_one_piece_of_the_old_base64_is_left(
    tmp_path: Path, order: tuple[str, ...], data_first: bool
) -> None:
    """91 to 98 % of the macro stood behind the new header, in whatever order the objects came."""
    path = tmp_path / "s.isyntax"
    planted = build_philips_isyntax(path, objects=order, data_first=data_first, pictures_first=data_first, **SMALL)
    before = path.read_bytes()
    assert anonymized(path).content == "clean"
    after = path.read_bytes()
    pictures = [r.places for r in planted.removed if r.encoding == "picture"]
    assert len(pictures) == 2
    for ((at, size),) in pictures:
        assert pieces(before[at : at + size], before)
        assert not pieces(before[at : at + size], after)
    assert before[len(header_of(before)) :] == after[len(header_of(before)) :]


def test_wsianon_23_what_such_a_tool_left_behind_a_nul_goes(tmp_path: Path) -> None:
    path = built(tmp_path, values={"note": "UFS_BARCODE Whimsley 4711 " * 9})
    data = path.read_bytes()
    start, end = data.index(b"<!--"), len(header_of(data))
    shorter = b"</DataObject>\0"
    path.write_bytes(data[:start] + shorter + data[start + len(shorter) : end] + data[end:])
    outcome = anonymized(path)
    assert "isyntax.header.remainder" in {d.id for d in outcome.decisions}
    after = path.read_bytes()
    assert b"Whimsley" not in after
    assert b"\0" not in header_of(after)
    parsed(after)


@pytest.mark.parametrize("version", ["5.0", "100.5"])
def test_wsianon_24_the_header_keeps_its_length_and_stays_well_formed(tmp_path: Path, version: str) -> None:
    path = built(tmp_path, version=version, wrap=60)
    before = header_of(path.read_bytes())
    anonymized(path)
    after = header_of(path.read_bytes())
    assert len(after) == len(before)
    old, new = ([(e.tag, e.attrib) for e in parsed(h).iter()] for h in (before, after))
    assert old == new
    assert [len(line) for line in after.split(b"\n")] == [len(line) for line in before.split(b"\n")]


def test_wsianon_17_a_rack_of_one_digit_mangles_nothing(tmp_path: Path) -> None:
    """Values were replaced all over the header: rack ``1`` broke versions, dates and element numbers."""
    path = built(tmp_path, values={"rack": "1", "slot": "0x", "serial": "8", "operator": "DataObject"})
    before = header_of(path.read_bytes())
    outcome = anonymized(path)
    after = header_of(path.read_bytes())
    kept = r"PIM_DP_UFS_INTERFACE_VERSION|UFS_IMAGE_|DICOM_MANUFACTURER|DICOM_SAMPLES|DICOM_PIXEL|DP_WAVELET"
    for old, new in zip(parsed(before).iter(), parsed(after).iter(), strict=True):
        if re.match(kept, old.get("Name", "")):
            assert old.text == new.text
    # "DataObject" is what elements are called as well, which cannot go
    assert set(outcome.residue) <= {"left: isyntax.header.piim-dp-scanner-operator-id"}


def test_wsianon_10_the_run_ends_by_itself(tmp_path: Path) -> None:
    """In place, it aborted after the first iSyntax, with what was buffered lost."""
    path = built(tmp_path)
    ended = run_cli("anonymize", "--in-place", path)
    assert ended.code == 0, ended.text
    assert "clean –" in ended.out
    assert not looks(path)["barcode"]


# -- traps of the format -----------------------------------------------------------------


def test_inspection_and_libisyntax_see_the_same(tmp_path: Path) -> None:
    path = built(tmp_path, levels=3, grid=(2, 1), mpp=(0.25, 0.5), origin=65278)
    found, seen = pipeline.inspect(path), looks(path)
    assert [(v.width, v.height) for v in found.levels] == seen["sizes"]
    assert found.mpp == seen["mpp"] == (0.25, 0.5)
    assert [(a.role, a.width, a.height) for a in found.associated] == [("macro", 96, 40), ("label", 48, 40)]


@pytest.mark.parametrize("version", ["5.0", "100.5"])
def test_tables_and_blocks_are_tissue_and_everything_has_an_owner(tmp_path: Path, version: str) -> None:
    path = built(tmp_path, version=version)
    (bytemap,) = pipeline.inspect(path).maps
    end = len(header_of(path.read_bytes())) + 1
    assert bytemap.gaps() == []
    assert subtract([(end, bytemap.size)], bytemap.tissue()) == []
    assert not bytemap.meets_tissue(0, end)


def test_the_bar_code_is_looked_for_in_clear_and_in_base64(tmp_path: Path) -> None:
    path = built(tmp_path, values={"barcode": "BJCTEA-994", "ward": "BJCTEA-994 of ward 9"})
    assert looks(path)["barcode"] == "BJCTEA-994"
    assert anonymized(path).content == "clean"
    assert not places_of("BJCTEA-994", path.read_bytes())
    assert not looks(path)["barcode"]


def test_a_bar_code_that_is_a_kept_word_is_a_coincidence(tmp_path: Path) -> None:
    """What the base64 says is looked for, not only how it is written."""
    path = built(tmp_path, values={"barcode": "UFS Scanner"})
    outcome = anonymized(path)
    assert outcome.content == "clean"
    assert outcome.coincidences == ("isyntax.header.pim-dp-ufs-barcode",)


def test_pictures_of_unknown_type_and_what_is_no_picture_go(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = path.read_bytes()
    label = re.search(rb"LABELIMAGE.*?IMAGE_DATA[^>]*>([^<]*)<", data, re.S)
    assert label
    text = b"\x89PNG not a JPEG: Whimsley" * 400
    coded = b64encode(text)[: len(label[1])]
    data = data[: label.start(1)] + coded + data[label.start(1) + len(coded) :]
    path.write_bytes(data.replace(b">MACROIMAGE<", b">OTHERIMAGE<"))
    assert {f.id for f in pipeline.inspect(path).findings} >= {"picture.unknown", "picture.label"}
    assert anonymized(path).content == "clean"
    after = path.read_bytes()
    assert after[label.start(1) : label.end(1)].strip() == b""
    assert not pieces(coded, after)


def test_base64_of_odd_length_becomes_valid_again(tmp_path: Path) -> None:
    """Some headers have a stray character behind the last group of four."""
    path = built(tmp_path)
    data = path.read_bytes()
    found = re.search(rb"MACROIMAGE.*?IMAGE_DATA[^>]*>([^<]*)<", data, re.S)
    assert found
    path.write_bytes(data[: found.end(1) - 3] + data[found.end(1) - 3 : found.end(1) - 1] + b" " + data[found.end(1) :])
    pipeline.anonymize_in_place(path)
    after = path.read_bytes()[found.start(1) : found.end(1)]
    jpeg = b64decode(after.strip(), validate=True)
    assert colours(memoryview(jpeg)) == ((96, 40), ((255, 255),) * 3)


def _profile(path: Path) -> bytes:
    with isyntax.ISyntax.open(path) as slide:
        return bytes(slide.read_icc_profile())


def test_a_profile_loses_date_and_texts_but_not_its_curves(tmp_path: Path) -> None:
    path = built(tmp_path, profile=profile())
    assert {v.reader: v.colour for v in observe(path)}["pyisyntax"] == "builds"
    outcome = anonymized(path, profile="strict")
    assert outcome.content == "clean", outcome.residue
    after = asked(_profile, path)
    assert len(after) == len(profile())
    assert after[24:36] == bytes(12)
    assert b"sRGB" not in after
    assert b"rTRC" in after
    ImageCms.ImageCmsProfile(io.BytesIO(after))


UID = "1.3.46.670589.45.1.1.1234567890.1.1234.567890123"


def uids(path: Path, *texts: str) -> list[str]:
    """Anonymize a slide with UIDs in place of its comment; return what stands there then."""
    names = ("SOP_INSTANCE", "SERIES_INSTANCE", "STUDY_INSTANCE", "FRAME_OF_REFERENCE")
    parts = "".join(
        f'<Attribute Name="DICOM_{name}_UID">{text}</Attribute>' for name, text in zip(names, texts, strict=True)
    )
    build_philips_isyntax(path, **{**SMALL, "values": {"note": "x" * len(parts)}})
    data = path.read_bytes()
    start, end = data.index(b"<!--"), data.index(b"-->") + 3
    path.write_bytes(data[:start] + parts.encode().ljust(end - start) + data[end:])
    assert anonymized(path, key=bytes(range(32))).content == "clean"
    after = path.read_bytes()
    assert len(after) == len(data)
    assert not [t for t in texts if t.strip("0.") and places_of(t, after)]
    assert anonymized(path, key=bytes(range(32))).writes == 0
    return re.findall(r'_UID">([^<]*)<', header_of(after).decode())


def test_two_uids_get_two_others_and_one_gets_the_same_wherever_it_stands(tmp_path: Path) -> None:
    """Once they all became the same zeros."""
    found = uids(tmp_path / "s.isyntax", UID + "4", UID + "5", UID + "4", f"&quot;{UID}5&quot;")
    assert found[0] == found[2] != found[1]
    assert found[3] == f"&quot;{found[1]}&quot;"
    assert re.fullmatch(r"2\.25\.\d{30,39} *", found[0])
    assert uids(tmp_path / "t.isyntax", UID + "4", UID + "6", "", "")[0] == found[0]


@pytest.mark.parametrize("length", [*range(30, 46), 64])
def test_uids_of_any_usual_length_have_room_for_others(tmp_path: Path, length: int) -> None:
    old = [(UID + "1" * 20)[: length - 2] + f"4{i}" for i in range(4)]
    found = uids(tmp_path / "s.isyntax", *old)
    assert len({text.strip() for text in found}) == 4
    assert all(text.startswith("2.25.") and len(text) == length for text in found)


def test_uids_that_are_too_short_and_what_is_none_show_nothing(tmp_path: Path) -> None:
    found = uids(tmp_path / "s.isyntax", "1.2.840.4711", "Whimsley 4711", "", "0.0.000")
    assert found == ["0.0.000.0000", " " * 13, "", "0.0.000"]


def test_bytes_behind_the_last_block_are_reported_and_left(tmp_path: Path) -> None:
    path = built(tmp_path)
    path.write_bytes(path.read_bytes() + b"Whimsley 4711")
    outcome = anonymized(path)
    assert outcome.content == "residue"
    assert any("isyntax.unowned" in r for r in outcome.residue)


def test_text_in_place_of_a_name_goes_and_is_in_no_report(tmp_path: Path) -> None:
    """What an attribute is called becomes part of a finding's id."""
    path = built(tmp_path)
    data = path.read_bytes()
    for old, new in ((b'"DP_HOSPITAL_CODE"', b'"Whimsley Otto 1."'), (b'"DP_REFERRER"', b'"MRN_1961031"')):
        assert old in data
        data = data.replace(old, new.ljust(len(old)))
    path.write_bytes(data)
    outcome = anonymized(path)
    assert outcome.content == "clean"
    said = repr(outcome.decisions).lower()
    assert not any(word in said for word in ("whimsley", "1961031"))
    assert not any(word in path.read_bytes() for word in (b"Whimsley", b"1961031"))


def test_words_in_place_of_science_go(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = path.read_bytes()
    for old, new in (
        (b">MicroMeter<", b">Whimsley W<"),
        (b"Quality=2 |", b"Nonesuch9 |"),
        (b">PHILIPS<", b">HWHWHWH<"),
    ):
        assert old in data
        data = data.replace(old, new)
    path.write_bytes(data)
    assert anonymized(path).content == "clean"
    after = path.read_bytes()
    assert not any(word in after for word in (b"Whimsley", b"Nonesuch9", b"HWHWHWH"))


def test_a_header_of_more_than_five_megabytes(tmp_path: Path) -> None:
    path = built(tmp_path, bulk=6 << 20)
    assert len(header_of(path.read_bytes())) > 5 << 20
    assert anonymized(path).content == "clean"
    assert not looks(path)["barcode"]


def test_a_slide_without_any_coded_block(tmp_path: Path) -> None:
    path = built(tmp_path, blocks=False)
    assert anonymized(path).content == "clean"
    assert anonymized(path).writes == 0


# -- the judge ---------------------------------------------------------------------------


@pytest.mark.usefixtures("fresh_readers")
def test_a_file_that_kills_the_reader_kills_nobody_else(tmp_path: Path) -> None:
    """libisyntax loses its place where no white space precedes an array, and divides by zero."""
    path = built(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b">\n<Array>", b"><Array>\n"))
    assert header_of(path.read_bytes()) != header_of(data)
    views = {v.reader: v for v in observe(path)}
    assert not views["pyisyntax"].opened
    assert views["pyisyntax"].reason == "OSError"
    with pytest.raises(NotEditable, match="nobody could judge"):
        anonymized(path)
    outcome = pipeline.anonymize_copy(path, tmp_path / "out", pipeline.Options())
    assert (outcome.content, outcome.residue) == ("residue", ("no independent reader could open it",))


def test_a_forked_reader_sees_and_dies_as_a_fresh_one(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Tests let readers be forked (`testing.apart`), so that must not be told from what happens outside of them."""
    from blankslide.verification.judges import apart

    good, bad = built(tmp_path), tmp_path / "bad.isyntax"
    bad.write_bytes(good.read_bytes().replace(b">\n<Array>", b"><Array>\n"))
    told = []
    for way in ("forked", "fresh"):
        if way == "fresh":
            request.getfixturevalue("fresh_readers")
        told.append(apart.ask("pyisyntax_child", good, 60))
        with pytest.raises(OSError, match="could not open"):
            apart.ask("pyisyntax_child", bad, 60)
    assert told[0] == told[1]


def test_the_judge_notices_other_tissue_and_a_label_that_stays(tmp_path: Path) -> None:
    from blankslide.verification.compare import compare

    path = built(tmp_path)
    before = observe(path)
    gone = frozenset({"label", "macro"})
    agreed, problems = compare(before, observe(path), gone=gone)
    assert agreed == []
    assert {"pyisyntax still sees the label", "pyisyntax still sees the macro"} <= set(problems)
    build_philips_isyntax(path, **SMALL, seed=77)
    assert any("other pixels" in p for p in compare(before, observe(path), gone=gone).problems)


def test_viewing_shows_every_picture_before_and_after(tmp_path: Path) -> None:
    import numpy as np

    from blankslide.viewing import open_pyramid

    path = built(tmp_path, objects=("label", "label-2", "level", "macro"))
    tissue = []
    for spread in (True, False):
        with open_pyramid(path) as pyramid:
            assert list(pyramid.pictures) == ["label", "label 2", "macro"]
            for picture in pyramid.pictures.values():
                assert bool(np.asarray(picture).std() > 1) is spread
            tissue.append(np.asarray(pyramid.levels[0][100:300, 50:200]))
            assert tissue[-1].shape == (200, 150, 3)
        anonymized(path)
    assert np.array_equal(*tissue)
    assert np.array_equal(tissue[0], asked(_region, path, 50, 100, 150, 200)[..., :3])


def _region(path: Path, *box: int) -> Any:
    with isyntax.ISyntax.open(path) as slide:
        return slide.read_region(*box, 0)
