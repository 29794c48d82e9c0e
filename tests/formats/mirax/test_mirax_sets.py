"""MIRAX sets: what may not survive in any file of one, and what makes one be refused."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide, NotASlide, NotEditable, SlideError
from blankslide.formats import all_formats
from blankslide.samples.kit.patients import invent
from blankslide.samples.mirax.slide import SINGLES, build_mirax
from blankslide.testing.bench import Original, contents, leaks
from blankslide.testing.damage import damaged
from blankslide.testing.memory import MemorySlide, inspected, planned

SMALL: dict[str, Any] = {
    "tile": (64, 48),
    "images": (4, 2),
    "levels": 2,
    "pictures": {"label": (120, 160), "macro": (100, 200), "thumbnail": (80, 160), "preview": (80, 160)},
}
if TYPE_CHECKING:
    from pathlib import Path

KEY = pipeline.Options(key=bytes(range(32)))
Edit = Callable[[bytearray], object]


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.mrxs"
    build_mirax(path, **{**SMALL, **overrides})
    return path


def ini(path: Path) -> Path:
    return path.with_suffix("") / "Slidedat.ini"


def changed(file: Path, old: bytes, new: bytes) -> None:
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new))


def whole(path: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(path.parent.rglob("*")) if p.is_file())


def refused(path: Path, error: type[SlideError] = SlideError, words: str = ".") -> None:
    """The set is refused with a documented error that shows no value, and nothing is touched."""
    before = contents(path.parent)
    with pytest.raises(error, match=words) as caught:
        pipeline.anonymize_in_place(path, KEY)
    patient = invent(8)
    assert leaks([patient.name, patient.case, patient.mrn, patient.institution], str(caught.value)) == []
    assert contents(path.parent) == before


# -- the id --------------------------------------------------------------------------------


def test_the_id_changes_together_in_every_file_and_both_encodings(tmp_path: Path) -> None:
    path = built(tmp_path)
    old = invent(8).token.replace("-", "").upper()
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    new = ini(path).read_text("utf-8-sig").partition("SLIDE_ID = ")[2][:32]
    assert new != old
    assert old.encode() not in whole(path)
    assert old[:16].encode("utf-16-le") not in whole(path)
    for file in path.with_suffix("").glob("*.dat"):
        assert file.read_bytes()[5:37] in (new.encode(), new[:16].encode("utf-16-le"))


def test_two_slides_done_in_one_second_get_different_ids(tmp_path: Path) -> None:
    found = set()
    for seed in (1, 2):
        path = tmp_path / f"s{seed}.mrxs"
        build_mirax(path, patient=invent(seed), **SMALL)
        pipeline.anonymize_in_place(path, KEY)
        found.add(ini(path).read_text("utf-8-sig").partition("SLIDE_ID = ")[2][:32])
    assert len(found) == 2


def test_an_id_that_only_some_files_have_replaced_is_completed(tmp_path: Path) -> None:
    path = built(tmp_path)
    untouched = ini(path).read_bytes()
    pipeline.anonymize_in_place(path, KEY)
    done = contents(tmp_path)
    ini(path).write_bytes(untouched)
    refused(path, NotEditable, "nobody could judge")  # readers compare ids before
    outcome = pipeline.anonymize_copy(path, tmp_path / "out", KEY)
    assert outcome.residue == ("no independent reader could open it",)
    assert contents(tmp_path / "out") == done


def test_files_of_two_slides_are_a_contradiction(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = path.with_suffix("") / "Data0002.dat"
    changed(data, invent(8).token.replace("-", "").upper().encode(), b"0123456789ABCDEF0123456789ABCDEF")
    refused(path, ContradictorySlide, "two slides")


def test_an_index_of_another_slide_is_a_contradiction(tmp_path: Path) -> None:
    path = built(tmp_path)
    changed(
        path.with_suffix("") / "Index.dat",
        invent(8).token.replace("-", "").upper().encode(),
        b"0123456789ABCDEF0123456789ABCDEF",
    )
    refused(path, ContradictorySlide, "two slides")


@pytest.mark.parametrize(
    "value", ["UGt9lslm1XFQW14AwHkthg==", "Quill", "Ottoline Quillfeather, 4 May 1931, ward 9 of the old wing"]
)
def test_what_stands_as_an_id_where_no_reader_looks_for_it_is_removed(tmp_path: Path, value: str) -> None:
    path = built(tmp_path)
    changed(ini(path), b"\r\n[DATAFILE]\r\n", f"\r\n[DATAFILE]\r\nSLIDE_ID={value}\r\n".encode())
    cleaned = pipeline.anonymize_in_place(path, KEY)
    assert (cleaned.content, cleaned.residue) == ("clean", ())
    assert value.encode() not in whole(path)
    assert pipeline.anonymize_in_place(path, KEY).writes == 0


@pytest.mark.parametrize("section", ["GENERAL", "DATAFILE"])
def test_two_ids_are_a_contradiction_where_a_reader_looks_or_both_are_as_long(tmp_path: Path, section: str) -> None:
    path = built(tmp_path)
    other = "5" * (32 if section == "DATAFILE" else 8) + "x" * (section == "GENERAL")
    changed(ini(path), f"[{section}]\r\n".encode(), f"[{section}]\r\nSLIDE_ID={other}\r\n".encode())
    refused(path, ContradictorySlide, "two slides")


# -- the key file --------------------------------------------------------------------------


@pytest.mark.parametrize("bom", [b"\xff\xfe", b""])
def test_a_key_file_in_utf_16_is_edited_in_its_own_encoding(tmp_path: Path, bom: bytes) -> None:
    path = built(tmp_path, encoding="utf-16-le", bom=bom)
    size, patient = ini(path).stat().st_size, invent(8)
    refused(path, NotEditable, "nobody could judge")  # none reads UTF-16, edited or not
    outcome = pipeline.anonymize_copy(path, tmp_path / "out", KEY, name="s.mrxs")
    assert outcome.residue == ("no independent reader could open it",)
    path = tmp_path / "out" / "s.mrxs"
    data = ini(path).read_bytes()
    assert len(data) == size
    assert data.startswith(bom + "[GENERAL]\r\n".encode("utf-16-le"))
    text = data.decode("utf-16")
    for value in (patient.case, patient.institution, patient.mrn, patient.token.replace("-", "").upper()):
        assert value not in text
    assert "OBJECTIVE_NAME = Plan-Apochromat\r\n" in text
    assert pipeline.inspect(path, key=KEY.key).findings[0].weak  # only the software version is left


def test_mark_line_ends_and_places_stay(tmp_path: Path) -> None:
    path = built(tmp_path)
    before = ini(path).read_bytes()
    pipeline.anonymize_in_place(path, KEY)
    after = ini(path).read_bytes()
    assert after.startswith(b"\xef\xbb\xbf[GENERAL]\r\n")
    assert [len(line) for line in after.split(b"\r\n")] == [len(line) for line in before.split(b"\r\n")]


def test_comments_keep_their_mark_and_lose_what_nobody_knows(tmp_path: Path) -> None:
    lines = ("; scanned for Ottoline Quillfeather", "# Slide zoom level", "")
    path = built(tmp_path, lines={"GENERAL": lines})
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    text = ini(path).read_text("utf-8-sig")
    assert "\n; " in text
    assert "\n# Slide zoom level\n" in text
    assert "Quillfeather" not in text


def test_a_line_that_stands_there_very_often_costs_its_share(tmp_path: Path) -> None:
    path = built(tmp_path, lines={"GENERAL": ("; Thimblewick",) * 8_000})
    found = {f.id: f for f in pipeline.inspect(path).findings}
    assert len(found["mirax.ini.comment"].places) == 8_000
    built(tmp_path, lines={"GENERAL": ("; Thimblewick",) * 60_000})
    refused(path, DamagedSlide, "more to remove than any scanner writes")
    built(tmp_path, lines={"GENERAL": ("; Thimblewick",) * 70_000})
    refused(path, DamagedSlide, "lines")


def test_known_keys_with_values_that_they_cannot_have_lose_them(tmp_path: Path) -> None:
    lines = ("VIMSLIDE_SLIDE_BITDEPTH = Brackenholt", "OPTOVAR_SIZE = 1", "SLIDE_CONTENT = Mossgarden")
    path = built(tmp_path, lines={"GENERAL": lines})
    changed(ini(path), b"Plan-Apochromat", b"Ozymandel Apochr")
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    for word in (b"Brackenholt", b"Mossgarden", b"Ozymandel"):
        assert word not in whole(path)
    assert b"OPTOVAR_SIZE = 1\r\n" in ini(path).read_bytes()


def test_sections_that_nobody_knows_lose_name_and_lines(tmp_path: Path) -> None:
    path = built(tmp_path)
    ini(path).write_bytes(ini(path).read_bytes() + b"[Quillfeather]\r\nSeen by = Thimblewick\r\n")
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    assert b"[XXXXXXXXXXXX]" in ini(path).read_bytes()
    assert b"Thimblewick" not in whole(path)


# -- records and leftovers -----------------------------------------------------------------


def test_a_replaced_label_and_an_older_table_do_not_survive(tmp_path: Path) -> None:
    path = built(tmp_path)
    index, label = (path.with_suffix("") / name for name in ("Index.dat", "Data0004.dat"))
    assert label.read_bytes().count(b"\xff\xd8\xff") == 2
    pipeline.anonymize_in_place(path, KEY)
    assert label.read_bytes().count(b"\xff\xd8\xff") == 1
    slots = 5 + 32 + 8 + 4 * 4
    assert not any(index.read_bytes()[slots : slots + 4 * len(SINGLES)])


def test_a_main_file_without_a_byte_is_legal(tmp_path: Path) -> None:
    path = built(tmp_path, pictures={**SMALL["pictures"], "preview": None})
    assert path.stat().st_size == 0
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    assert pipeline.anonymize_in_place(path, KEY).writes == 0


def test_a_slide_called_like_a_section_is_clean(tmp_path: Path) -> None:
    path = built(tmp_path)
    changed(ini(path), b"SLIDE_NAME = " + invent(8).case.encode(), b"SLIDE_NAME = LAYER_0")
    outcome = pipeline.anonymize_in_place(path, KEY)
    assert outcome.content == "clean"
    assert outcome.coincidences == ("mirax.ini.slide-name",)


def test_tables_with_text_in_them_go_and_others_stay(tmp_path: Path) -> None:
    path = built(tmp_path)
    file, index = (path.with_suffix("") / name for name in ("Data0008.dat", "Index.dat"))
    positions, text = file.read_bytes()[-72:], b"Ottoline Quillfeather, Ward 7"
    slot = next(i for i, (_, value, _) in enumerate(SINGLES) if value == "ScanDataLayer_ScanMap")
    data, start = bytearray(index.read_bytes()), file.stat().st_size
    file.write_bytes(file.read_bytes() + text)
    at_index(lambda d, hier, one: poke(d, number(d, one + 4 * slot) + 24, start, len(text)))(data)
    index.write_bytes(data)
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    assert file.read_bytes()[-len(text) - 72 :] == positions + bytes(len(text))


def test_a_person_can_look_at_it_before_and_after(tmp_path: Path) -> None:
    import numpy as np

    from blankslide.viewing import open_pyramid

    path = built(tmp_path)
    for blank in (False, True):
        with open_pyramid(path) as pyramid:
            assert list(pyramid.pictures) == ["label", "macro", "thumbnail", "preview"]
            assert [level.shape for level in pyramid.levels] == [(96, 256, 3), (48, 128, 3)]
            assert len(np.unique(pyramid.levels[0][:])) > 9
            for picture in pyramid.pictures.values():
                assert (len(np.unique(np.asarray(picture))) == 1) is blank
        pipeline.anonymize_in_place(path, KEY)


def test_an_empty_file_that_leads_nowhere_is_still_no_slide(tmp_path: Path) -> None:
    for name, words in (("x.mrxs", "no Slidedat.ini in a folder of the same name"), ("x.svs", "empty")):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(NotASlide, match=words):
            pipeline.inspect(tmp_path / name)


def test_a_main_file_that_is_no_picture_is_emptied(tmp_path: Path) -> None:
    path = built(tmp_path)
    path.write_bytes(b"See Ottoline Quillfeather, born 1931")
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    assert not any(path.read_bytes())


def test_another_file_of_the_same_stem_is_not_taken_for_the_slide(tmp_path: Path) -> None:
    path = built(tmp_path)
    export = path.with_suffix(".jpg")
    export.write_bytes(path.read_bytes())
    with pytest.raises(NotASlide):
        pipeline.inspect(export)


def test_label_and_preview_as_png_are_blanked_too(tmp_path: Path) -> None:
    from PIL import Image

    path, out = built(tmp_path, pictures={**SMALL["pictures"], "preview": None}), io.BytesIO()
    Image.effect_noise((60, 90), 80).save(out, "PNG")
    path.write_bytes(out.getvalue())
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    with Image.open(path) as picture:
        assert picture.size == (60, 90)
        assert picture.convert("L").getextrema() == (255, 255)
    assert path.stat().st_size == len(out.getvalue())
    assert pipeline.anonymize_in_place(path, KEY).writes == 0


def test_text_in_tiles_goes_and_their_coefficients_stay(tmp_path: Path) -> None:
    path = built(tmp_path, comment=b"operator Ottoline Quillfeather")
    tile = (path.with_suffix("") / "Data0000.dat").read_bytes()
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    after = (path.with_suffix("") / "Data0000.dat").read_bytes()
    assert b"Quillfeather" not in whole(path)
    assert after.replace(bytes(30), b"operator Ottoline Quillfeather")[296:] == tile[296:]


def test_scan_records_that_differ_in_numbers_only_are_known_and_others_are_read(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = path.with_suffix("") / "Data0009.dat"
    changed(data, b' Attendant="%s"' % invent(8).login.encode(), b" " * (13 + len(invent(8).login)))
    changed(data, b'XImagePos="2" YImagePos="1"', b'XImagePos="3" YImagePos="S"')
    found = {f.id: f for f in pipeline.inspect(path).findings}
    assert "mirax.record.attendant" not in found
    assert [p.start for p in found["mirax.record.yimagepos"].places] == [data.read_bytes().index(b'S" XMotor')]
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"


def test_an_encoders_own_mark_in_each_tile_is_no_finding(tmp_path: Path) -> None:
    path = built(tmp_path, comment=b"Intel(R) JPEG Library, version 1,5,4,36\0")
    assert not [f for f in pipeline.inspect(path).findings if f.id == "jpeg.tile-text"]


def test_unlisted_files_are_named_in_number_and_left(tmp_path: Path) -> None:
    path = built(tmp_path)
    note = path.with_suffix("") / "annotations.xml"
    note.write_text("<a/>")
    outcome = pipeline.anonymize_in_place(path, KEY)
    assert any("1 file in the slide's folder is not listed" in n for n in outcome.notes)
    assert note.read_text() == "<a/>"


def test_an_unlisted_data_file_of_the_slide_is_cleaned_with_it(tmp_path: Path) -> None:
    path = built(tmp_path)
    label, extra = (path.with_suffix("") / name for name in ("Data0004.dat", "Data0010.dat"))
    extra.write_bytes(label.read_bytes())
    assert pipeline.anonymize_in_place(path, KEY).content == "clean"
    assert not any(extra.read_bytes()[296:])
    assert extra.read_bytes()[:37] == label.read_bytes()[:37]


def test_an_unlisted_data_file_of_something_else_is_a_contradiction(tmp_path: Path) -> None:
    path = built(tmp_path)
    (path.with_suffix("") / "Data0010.dat").write_bytes(b"not of this slide" * 40)
    refused(path, ContradictorySlide)


# -- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../x.dat", "/etc/passwd", "a\\b.dat", "..", "c:x.dat"])
@pytest.mark.parametrize("key", ["INDEXFILE = Index.dat", "FILE_0 = Data0000.dat"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, key: str, name: str) -> None:
    path = built(tmp_path)
    changed(ini(path), key.encode() + b"\r\n", f"{key.partition('=')[0]}= {name}\r\n".encode())
    (tmp_path / "x.dat").write_bytes(b"01.02")
    refused(path, DamagedSlide)


def test_a_data_file_beside_the_folder_does_not_stand_in_for_a_missing_one(tmp_path: Path) -> None:
    path = built(tmp_path)
    (path.with_suffix("") / "Data0001.dat").rename(tmp_path / "Data0001.dat")
    refused(path, DamagedSlide)


@pytest.mark.parametrize("name", ["Data0000.dat", "Data0004.dat", "Index.dat"])
def test_a_missing_or_short_file_is_refused(tmp_path: Path, name: str) -> None:
    path = built(tmp_path)
    file = path.with_suffix("") / name
    file.write_bytes(file.read_bytes()[:200])
    refused(path)
    file.unlink()
    refused(path, DamagedSlide)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"HIER_COUNT = 3", b"HIER_COUNT = 9223372036854775808"),
        (b"HIER_0_COUNT = 2", b"HIER_0_COUNT = 4000000000"),
        (b"HIER_0_COUNT = 2", b"HIER_0_COUNT = -1"),
        (b"HIER_0_COUNT = 2", b"HIER_0_COUNT = 4096"),
        (b"NONHIER_0_COUNT = 8", b"NONHIER_0_COUNT = 4095"),
        (b"FILE_COUNT = 10", b"FILE_COUNT = 1000000"),
        (b"FILE_COUNT = 10", b"FILE_COUNT = 11"),
        (b"IMAGENUMBER_X = 4", b"IMAGENUMBER_X = 99999999999999"),
        (b"IMAGENUMBER_X = 4", b"IMAGENUMBER_X = 0"),
        (b"DIGITIZER_WIDTH = 64", b"DIGITIZER_WIDTH = wide"),
        (b"Slide zoom level", b"Somewhere else!!"),
        (b"FILE_1 = Data0001.dat", b"FILE_1 = Data0000.dat"),
        (b"FILE_COUNT = 10", b"FILE_COUNT = 10\r\nFILE_COUNT = 9"),
    ],
)
def test_a_key_file_that_announces_what_is_not_there_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = built(tmp_path)
    data = ini(path).read_bytes()
    assert old in data
    ini(path).write_bytes(data.replace(old, new, 1))
    refused(path)


def at_index(edit: Callable[[bytearray, int, int], object]) -> Edit:
    """Edit the index, given where its two tables stand."""
    return lambda data: edit(data, *struct.unpack_from("<ii", data, 37))


def poke(data: bytearray, at: int, *numbers: int) -> None:
    struct.pack_into(f"<{len(numbers)}i", data, at, *numbers)


def number(data: bytearray, at: int) -> int:
    return int(struct.unpack_from("<i", data, at)[0])


@pytest.mark.parametrize(
    "edit",
    [
        lambda d, hier, one: poke(d, 37, 1 << 30),
        lambda d, hier, one: poke(d, 41, -8),
        lambda d, hier, one: poke(d, hier, -1),
        lambda d, hier, one: poke(d, hier, len(d) - 2),
        lambda d, hier, one: poke(d, number(d, hier) + 4, 1 << 30),
        lambda d, hier, one: poke(d, number(d, hier) + 8, (1 << 31) - 1),
        lambda d, hier, one: poke(d, number(d, hier) + 8, -1),
        lambda d, hier, one: poke(d, number(d, hier) + 12, number(d, hier) + 8),
        lambda d, hier, one: poke(d, number(d, hier) + 20, 1 << 30),
        lambda d, hier, one: poke(d, number(d, hier) + 20, -1),
        lambda d, hier, one: poke(d, number(d, hier) + 24, (1 << 31) - 1),
        lambda d, hier, one: poke(d, number(d, hier) + 28, 99),
        lambda d, hier, one: poke(d, number(d, one) + 24, 1 << 30),
        lambda d, hier, one: poke(d, number(d, one) + 32, -1),
        lambda d, hier, one: poke(d, one + 4, number(d, one)),
        lambda d, hier, one: poke(d, number(d, one) + 24, 0),
        lambda d, hier, one: poke(d, number(d, one) + 24, 296, 50, 0),
    ],
)
def test_an_index_that_leads_astray_is_refused(tmp_path: Path, edit: Callable[[bytearray, int, int], object]) -> None:
    path = built(tmp_path)
    file = path.with_suffix("") / "Index.dat"
    data = bytearray(file.read_bytes())
    at_index(edit)(data)
    file.write_bytes(data)
    refused(path)


BOMB = b'<!DOCTYPE x [<!ENTITY a "lollollol"><!ENTITY b "&a;&a;&a;&a;">]><x y="1">&b;</x>'


@pytest.mark.parametrize("text", [BOMB, b"<a>" * 10_000, b'<a b="' * 10_000, b"<!--" * 10_000])
def test_hostile_text_records_are_refused_or_emptied(tmp_path: Path, text: bytes) -> None:
    path = built(tmp_path, old=False)
    file, index = (path.with_suffix("") / name for name in ("Data0007.dat", "Index.dat"))
    start = file.stat().st_size
    file.write_bytes(file.read_bytes() + text)
    data = bytearray(index.read_bytes())
    slot = next(i for i, (_, value, _) in enumerate(SINGLES) if value == "ProfileXML")
    at_index(lambda d, hier, one: poke(d, number(d, one + 4 * slot) + 24, start, len(text)))(data)
    index.write_bytes(data)
    if text == BOMB or text.startswith(b"<a"):
        refused(path, DamagedSlide)
    else:
        assert pipeline.anonymize_in_place(path, KEY).content == "clean"
        assert text[:64] not in whole(path)


@pytest.mark.parametrize("member", ["Slidedat.ini", "Index.dat", "Data0007.dat", "Data0008.dat"])
def test_damage_to_a_member_is_a_documented_error_or_a_plan(tmp_path: Path, member: str) -> None:
    key = build_mirax(tmp_path / "s.mrxs", **SMALL)
    original = Original(contents(tmp_path), "s.mrxs", key)
    name = f"s/{member}"
    inspection = inspected(original.slide(), all_formats())
    file = next(i for i, f in enumerate(inspection.files) if f.name == member)
    marks = {edge for start, end, _, _ in inspection.maps[file].claims() for edge in (start, end)}
    marks |= {edge for f in inspection.findings for p in f.places if p.file == file for edge in (p.start, p.end)}
    said: list[str] = []
    chosen = sorted(marks)[:: max(1, len(marks) // 40)]
    for what, broken in damaged(original.files[name], chosen):
        slide = MemorySlide({**original.files, name: broken}, "s.mrxs")
        try:
            planned(inspected(slide, all_formats()), slide.opened)
        except SlideError as refusal:
            said.append(str(refusal))
        except Exception as other:
            raise AssertionError(f"{what} of {member} raises {type(other).__name__}") from other
    assert leaks(original.values, " ".join(said)) == []
