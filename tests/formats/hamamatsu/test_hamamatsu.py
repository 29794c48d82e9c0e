"""Hamamatsu NDPI: the conformance suite, what other tools got wrong, and texts of real scanners."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide, SlideError
from blankslide.formats.hamamatsu.format_ndpi import FORMAT
from blankslide.model import PhiClass
from blankslide.samples.kit.tiff_values import ASCII, FLOAT, LONG, Value, ascii, long, short
from blankslide.testing.built import build_hamamatsu
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import has_piece
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (256, 192), "factors": (1, 2), "macro_size": (160, 56)}
PAST_32_BITS = 5 << 30


def pages_of(data: bytes) -> Any:
    from tifffile import TiffFile

    return TiffFile(io.BytesIO(data), is_ndpi=True).pages


def strip_of(page: Any) -> tuple[int, int]:
    return page.tags[273].value[0], page.tags[279].value[0]


def looks(path: Path) -> dict[str, Any]:
    """What OpenSlide sees: science properties, pixels of its levels, names of its pictures."""
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        known = {k: v for k, v in slide.properties.items() if k.startswith(("hamamatsu.", "openslide.", "tiff."))}
        pixels = [slide.read_region((0, 0), i, size).tobytes() for i, size in enumerate(slide.level_dimensions)]
        return {"known": known, "pixels": pixels, "pictures": set(slide.associated_images)}


class Ndpi(FormatConformance):
    format = FORMAT
    suffix = ".ndpi"
    small: ClassVar[dict[str, Any]] = SMALL
    recipe: ClassVar[dict[str, Any]] = {}
    expected = frozenset({"picture.macro", "hamamatsu.tag.reference", "hamamatsu.tag.barcode", "tiff.date-time"})

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_hamamatsu(path, **{**self.recipe, **overrides})

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        data = before[name]
        strips = (strip_of(p) for p in pages_of(data) if p.tags[65421].value > 0)
        # text may stand in front of the scan and behind the end
        scans = ((data.index(b"\xff\xda", at), data.index(b"\xff\xd9", at, at + size)) for at, size in strips)
        return [(0, at, end - at) for at, end in scans]

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        return list(complaints(before[path.name], planted, path))


def complaints(before: bytes, planted: Planted, path: Path) -> Iterator[str]:
    """Hold a slide against its past, as tifffile and OpenSlide see both."""
    after = path.read_bytes()
    original = path.with_name("original.ndpi")
    original.write_bytes(before)
    try:
        was, now = looks(original), looks(path)
    finally:
        original.unlink()
    if was["pixels"] != now["pixels"]:
        yield "OpenSlide sees other tissue"
    if now["pictures"]:
        yield "OpenSlide still lists the macro"
    for kept in planted.kept:
        if now["known"].get(kept.key) != kept.value:
            yield f"OpenSlide sees another {kept.key}"
    old, new = pages_of(before), pages_of(after)
    stay = [p for p in old if p.tags[65421].value != -1]
    if [p.asarray().tobytes() for p in stay] != [p.asarray().tobytes() for p in new]:
        yield "tifffile sees other pages"
    for page in old:
        at, size = strip_of(page)
        coded = before[at : at + size].partition(b"\xff\xda")[2]  # tables are those of the levels
        if page.tags[65421].value == -1 and has_piece(coded, after):
            yield "a piece of the old macro is left"
    for removed in planted.removed:
        if removed.value and places_of(removed.value, after):
            yield f"a value of {removed.id} is left"


class TestSharedTexts(Ndpi):
    pass


class TestCopiesInEachDirectory(Ndpi):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"share": False}


class TestWithoutMacro(Ndpi):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"macro_size": None}
    small: ClassVar[dict[str, Any]] = SMALL | {"macro_size": None}
    expected = Ndpi.expected - {"picture.macro"}


class TestTalkativeJpeg(Ndpi):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {
        "comment": b"operator Ottoline Quillfeather",
        "trailer": b"\0tail of an earlier edit\xff\xd9",
        "planes": 1,
        "bare": True,
    }
    small: ClassVar[dict[str, Any]] = SMALL | {"planes": 1}
    expected = Ndpi.expected | {"jpeg.picture-text", "jpeg.trailer"}


# -- detection and roles -----------------------------------------------------------------


def test_a_page_that_is_a_level_by_lens_only_is_refused(tmp_path: Path) -> None:
    lens = {65421: Value(FLOAT, (5.0,)), 65424: long(0)}
    build_hamamatsu(tmp_path / "s.ndpi", tags={"macro": lens})
    with pytest.raises(ContradictorySlide, match="shape"):
        pipeline.inspect(tmp_path / "s.ndpi")


def test_a_macro_as_large_as_the_slide_is_refused(tmp_path: Path) -> None:
    build_hamamatsu(tmp_path / "s.ndpi", size=(256, 192), macro_size=(640, 216))
    with pytest.raises(ContradictorySlide, match="as large as"):
        pipeline.inspect(tmp_path / "s.ndpi")


def test_a_first_page_marked_as_macro_is_refused(tmp_path: Path) -> None:
    build_hamamatsu(tmp_path / "s.ndpi", tags={"level0": {65421: Value(FLOAT, (-1.0,))}})
    with pytest.raises(ContradictorySlide, match="largest level"):
        pipeline.inspect(tmp_path / "s.ndpi")


def test_a_page_without_a_lens_is_refused(tmp_path: Path) -> None:
    build_hamamatsu(tmp_path / "s.ndpi", tags={"map": {65421: None}})
    with pytest.raises(ContradictorySlide, match="lens"):
        pipeline.inspect(tmp_path / "s.ndpi")


def test_a_coloured_map_is_an_unknown_picture_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    build_hamamatsu(path, tags={"macro": {65421: Value(FLOAT, (-2.0,))}})
    assert "picture.unknown" in {f.id for f in pipeline.inspect(path).findings}
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert [p.tags[65421].value for p in pages_of(path.read_bytes())] == [40.0, 20.0, 10.0, -2.0]


def test_the_map_stays_under_research_and_goes_under_strict(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    build_hamamatsu(path)
    pipeline.anonymize_in_place(path)
    assert pages_of(path.read_bytes())[-1].tags[65421].value == -2.0
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile="strict"))
    assert outcome.content == "clean"
    assert pages_of(path.read_bytes())[-1].tags[65421].value > 0


def test_levels_leave_out_other_focal_planes(tmp_path: Path) -> None:
    build_hamamatsu(tmp_path / "s.ndpi", planes=2)
    inspection = pipeline.inspect(tmp_path / "s.ndpi")
    assert [(v.width, v.page) for v in inspection.levels] == [(1024, 0), (512, 3), (256, 4)]


def test_a_kept_macro_is_never_clean(tmp_path: Path) -> None:
    build_hamamatsu(tmp_path / "s.ndpi")
    outcome = pipeline.anonymize_in_place(tmp_path / "s.ndpi", pipeline.Options(keep=["macro"]))
    assert outcome.content == "residue"
    assert any("macro shows the label" in sentence for sentence in outcome.residue)


def test_strip_that_is_not_where_its_directory_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path)
    assert planted.layout is not None
    at = planted.layout.pages[3].strips[0][0]
    data = bytearray(path.read_bytes())
    data[at : at + 2] = b"AB"
    path.write_bytes(data)
    with pytest.raises(DamagedSlide, match="not where"):
        pipeline.inspect(path)


# -- fields ------------------------------------------------------------------------------


def test_a_tag_of_geometry_that_holds_text_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    build_hamamatsu(path, tags={"level0": {65433: ascii("Thimblewick, Percivus")}})
    found = {f.id: f for f in pipeline.inspect(path).findings}
    assert found["tiff.tag-65433"].cls is PhiClass.UNKNOWN
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Thimblewick" not in path.read_bytes()


@pytest.mark.parametrize("tag", [271, 272, 305, 65434, 65448])
def test_names_in_text_tags_that_usually_stay_go(tmp_path: Path, tag: int) -> None:
    path = tmp_path / "s.ndpi"
    build_hamamatsu(path, tags={"all": {tag: ascii("Dr Whimsley 1931")}})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Whimsley" not in path.read_bytes()


def test_a_channel_name_stays(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    build_hamamatsu(path, tags={"all": {65434: ascii("DAPI 455")}})
    pipeline.anonymize_in_place(path)
    assert b"DAPI 455" in path.read_bytes()


def test_both_halves_of_an_unknown_64_bit_number_go(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, tags={"level0": {65490: long(0x1122334455667788)}})
    assert planted.layout is not None
    assert pipeline.anonymize_in_place(path).content == "clean"
    data, page = path.read_bytes(), planted.layout.pages[0]
    number = list(page.entries).index(65490)
    assert data[page.entries[65490].value_at :][:4] == bytes(4)
    assert data[page.next_at + 8 + 4 * number :][:4] == bytes(4)


def test_science_keys_with_illegal_values_and_free_lines_go(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    more = {"stage.center": "Quillfeather", "slide.number": "471100815", "; for Dr Nonesuch": "x"}
    build_hamamatsu(path, properties=more)
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean"
    data = path.read_bytes()
    for word in (b"Quillfeather", b"471100815", b"Nonesuch"):
        assert word not in data
    assert b"Product=C12000-02" in data


def test_lines_may_end_with_a_bare_return_and_sections_stay(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    text = b";Stage\rstage.center=1,2\r;NDP\rCreated=2011/04/27\r;Miller\rUser=jfictus\r"
    build_hamamatsu(path, tags={"all": {65449: ascii(text)}})
    assert pipeline.anonymize_in_place(path).content == "clean"
    raw = next(p.tags[65449].value for p in pages_of(path.read_bytes()))
    assert raw.rstrip("\r\0") == ";Stage\rstage.center=1,2\r;NDP"


def test_replaced_auth_code_is_zeros_and_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    build_hamamatsu(path)
    pipeline.anonymize_in_place(path)
    assert {p.tags[65428].value for p in pages_of(path.read_bytes())} == {"00000000"}
    assert pipeline.anonymize_in_place(path).writes == 0


def _real_maps(shared: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Property maps of two real scanners, without what OpenSlide adds from other tags."""
    import json

    text = (shared / "metadata" / "itk-OS-1.ndpi-properties.txt").read_text()
    yield "OS-1", dict(re.findall(r"^hamamatsu\.(\S+) = (.*)$", text, re.M))
    tree = json.loads((shared / "metadata" / "openslide-props" / "1610167-13.01.json").read_text())
    yield "1610167", dict(_flat(tree["hamamatsu"]))


def _flat(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _flat(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from _flat(value, f"{path}[{i}]")
    else:
        yield path, str(tree)


def test_real_property_maps_lose_no_science_key(shared: Path, tmp_path: Path) -> None:
    from openslide import OpenSlide

    for name, known in _real_maps(shared):
        own = {k: v for k, v in known.items() if not k.startswith(("Reference", "SourceLens", "XOffset", "YOffset"))}
        path = tmp_path / f"{name}.ndpi"
        build_hamamatsu(path, properties=own)
        assert pipeline.anonymize_in_place(path).content == "clean"
        gone = {"Created", "Updated", "NDP.S/N", "Macro.S/N"}
        with OpenSlide(path) as slide:
            left = {k.removeprefix("hamamatsu."): v for k, v in slide.properties.items() if k.startswith("hamamatsu.")}
        assert {k: left.get(k) for k in own if k not in gone} == {k: v for k, v in own.items() if k not in gone}
        assert not gone & left.keys()


def test_real_property_maps_end_clean_under_strict(shared: Path, tmp_path: Path) -> None:
    for name, known in _real_maps(shared):
        path = tmp_path / f"{name}.ndpi"
        build_hamamatsu(path, properties=known, **SMALL)
        assert pipeline.anonymize_in_place(path, pipeline.Options(profile="strict")).residue == ()


# -- what other tools got wrong ----------------------------------------------------------


def test_peer_pathsafe_6_and_wsi_anon_28_29_beyond_4_and_8_gb(tmp_path: Path) -> None:
    """High words belong to their own entry; the macro is found and emptied wherever it stands."""
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, share=False, strips_at={1: PAST_32_BITS, 3: 9 << 30})
    before = looks(path)["pixels"]
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean"
    assert outcome.readers == ("OpenSlide", "tifffile")
    assert looks(path)["pixels"] == before
    with path.open("rb") as file:
        for removed in planted.removed:
            for at, size in removed.places:
                file.seek(at)
                left = file.read(size)
                assert removed.value.encode("latin-1") not in left or not removed.value, f"{removed.id} is left"
                assert removed.encoding != "picture" or not any(left), "the macro is left"


def test_peer_wsi_anon_5_and_11_macro_without_jfif_is_emptied_to_the_last_byte(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, bare=True)
    (at, size) = planted.pictures[0].strips[0]
    assert path.read_bytes()[at : at + 4] != b"\xff\xd8\xff\xe0"
    pipeline.anonymize_in_place(path)
    assert not any(path.read_bytes()[at : at + size])
    assert all(p.tags[65421].value != -1 for p in pages_of(path.read_bytes()))


@pytest.mark.parametrize("text", ["AB", "", "a"])
def test_peer_wsi_anon_30_short_text_out_of_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, tags={"all": {65427: ascii(text)}})
    assert planted.layout is not None
    place = planted.layout.pages[0].entries[65427].value_at
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert not any(path.read_bytes()[place : place + len(text) + 1])


def test_peer_wsi_anon_30_short_text_inline_is_never_taken_for_an_address(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, tags={"all": {65427: Value(ASCII, b"AB\0", outline=True)}})
    assert planted.layout is not None
    before = path.read_bytes()
    try:
        pipeline.anonymize_in_place(path)
    except SlideError:
        assert path.read_bytes() == before
        return
    after = path.read_bytes()
    for page in planted.layout.pages:
        assert after[page.entries[65427].value_at :][:3] == bytes(3)
    for at, size in (page.strips[0] for page in planted.layout.pages[:3]):
        assert after[at : at + size] == before[at : at + size]


def test_peer_wsi_anon_14_unlinking_the_last_page_spares_the_high_words(tmp_path: Path) -> None:
    """The predecessor's pointer has 8 bytes; behind it stand its high words."""
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, map_page=False)
    assert planted.layout is not None
    page = planted.layout.pages[2]
    end = page.next_at + 8 + 4 * len(page.entries)
    before = path.read_bytes()
    pipeline.anonymize_in_place(path)
    after = path.read_bytes()
    assert after[page.next_at : page.next_at + 8] == bytes(8)
    assert after[page.next_at + 8 : end] == before[page.next_at + 8 : end]
    assert after[page.at : page.next_at - 12] != bytes(page.next_at - 12 - page.at)


def test_peer_wsi_anon_dates_serials_barcode_and_profile_go_together(tmp_path: Path) -> None:
    """wsi-anon leaves 65449's dates and serials, the barcode and the scan profile."""
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path)
    pipeline.anonymize_in_place(path)
    data = path.read_bytes()
    ids = {"hamamatsu.tag.barcode", "hamamatsu.tag.scan-profile", "hamamatsu.properties.created"}
    ids |= {"hamamatsu.properties.ndp-s-n", "hamamatsu.properties.macro-s-n", "hamamatsu.properties.updated"}
    gone = [r for r in planted.removed if r.id in ids]
    assert {r.id for r in gone} == ids
    for removed in gone:
        assert places_of(removed.value, data) == []


def test_barcodes_and_regulation_of_newer_scanners_go_and_numbers_stay(tmp_path: Path) -> None:
    """Up to eight bar codes and a text; the numbers around them are science."""
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path)
    spoken, numbers = range(65468, 65477), {*range(65420, 65427), *range(65429, 65434), *range(65435, 65442), 65451}

    def tags() -> list[dict[int, Any]]:
        from tifffile import TiffFile

        with TiffFile(path) as tiff:
            return [
                {tag.code: getattr(tag.value, "tolist", lambda t=tag: t.value)() for tag in p.tags} for p in tiff.pages
            ]

    before = tags()
    values = [str(before[0][tag]) for tag in spoken]
    assert len(set(values)) == 9
    assert set(values) <= {r.value for r in planted.removed}
    places = {f.id: len(f.places) for f in pipeline.inspect(path).findings}
    assert places["hamamatsu.tag.barcode"] == 8 * len(before)
    assert places["hamamatsu.tag.regulation"] == len(before)
    assert pipeline.anonymize_in_place(path).content == "clean"
    data = path.read_bytes()
    assert not [value for value in values if value.encode() in data]
    after = tags()
    assert not [tag for page in after for tag in spoken if str(page.get(tag, "")).strip(" \0")]
    levels = [page for page in before if page[65421] > 0]
    kept = [{tag: value for tag, value in page.items() if tag in numbers} for page in levels]
    assert min(map(len, kept)) >= 4
    assert [{tag: page.get(tag) for tag in was} for page, was in zip(after, kept, strict=False)] == kept


def test_peer_dsa_text_tags_of_other_types_and_a_missing_property_map(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    odd = {65427: Value(1, b"Brackenholt"), 65428: long(20203040), 65449: None, 65468: Value(7, b"BC-123456\0")}
    build_hamamatsu(path, tags={"all": odd})
    assert pipeline.anonymize_in_place(path).content == "clean"
    data = path.read_bytes()
    assert b"Brackenholt" not in data
    assert b"BC-123456" not in data
    assert struct.pack("<L", 20203040) not in data


def test_bytes_of_an_entry_are_checked_against_the_file(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, tags={"level0": {65490: Value(LONG, (1, 2), count=1 << 31)}})
    assert planted.layout is not None
    with pytest.raises(DamagedSlide, match="outside"):
        pipeline.inspect(path)


def test_a_high_word_on_a_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.ndpi"
    planted = build_hamamatsu(path, tags={"level0": {65491: short(7)}})
    assert planted.layout is not None
    page = planted.layout.pages[0]
    data = bytearray(path.read_bytes())
    data[page.next_at + 8 + 4 * list(page.entries).index(65491)] = 1
    path.write_bytes(data)
    with pytest.raises(DamagedSlide, match="high word"):
        pipeline.inspect(path)
