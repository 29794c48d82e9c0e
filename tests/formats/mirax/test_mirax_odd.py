"""Odd places of MIRAX sets in which something could survive, or cost without end."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import findings
from blankslide.formats import all_formats
from blankslide.formats.mirax.vocabulary import is_vocabulary
from blankslide.samples.mirax.slide import SINGLES, build_mirax
from blankslide.testing.memory import MemorySlide, inspected, planned
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {
    "tile": (64, 48),
    "images": (4, 2),
    "levels": 2,
    "pictures": {"label": (120, 160), "macro": (100, 200), "thumbnail": (80, 160), "preview": (80, 160)},
}
KEY = pipeline.Options(key=bytes(range(32)))
HEADER = b"<scaninfo>\n <header>"


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.mrxs"
    build_mirax(path, **{**SMALL, **overrides})
    return path


def member(path: Path, name: str) -> Path:
    return path.with_suffix("") / name


def changed(file: Path, old: bytes, new: bytes) -> None:
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new))


def cleaned(path: Path, *values: str) -> None:
    """The set is clean, nothing is left of the values, and a second run has nothing to do."""
    outcome = pipeline.anonymize_in_place(path, KEY)
    assert outcome.content == "clean", outcome.residue
    for file in path.parent.rglob("*"):
        if file.is_file():
            assert [v for v in values if places_of(v, file.read_bytes())] == [], file.name
    assert pipeline.anonymize_in_place(path, KEY).writes == 0


# -- words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "S19-1234-A1",
        "12.03.1961",
        "1961-03-12",
        "1234 5678 9012",
        "Slide S19-1234",
        "W h i m s l e y",
        "19 12 1",
        "M27199",
    ],
)
def test_dates_case_numbers_and_spelled_names_are_no_vocabulary(value: str) -> None:
    assert not is_vocabulary(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "AxioCam Mrm Rev.3",
            "DataLevel_V1.0",
            "Hitachi_HV_F22CL",
            "ZoomLevel_12",
            "Default objective",
            "Cy5",
            "1234",
        ),
        *("Plan-Apochromat 20x/0.8 M27", "EC Plan-Neofluar 40x / 0,75 M27", "Microscope X motor position", ""),
    ],
)
def test_what_scanners_write_is_vocabulary(value: str) -> None:
    assert is_vocabulary(value)


# -- the key file --------------------------------------------------------------------------


def test_names_of_files_and_sections_that_are_none_go(tmp_path: Path) -> None:
    lines = {
        "DATAFILE": ("FILE_77 = Whimsley 1931", "INDEXFILE = Quill & Sons"),
        "HIERARCHICAL": ("HIER_77_SECTION = Thimblewick", "FILE_0 = Brackenholt"),
    }
    cleaned(built(tmp_path, lines=lines), "Whimsley", "Quill & Sons", "Thimblewick", "Brackenholt")


def test_sections_of_strange_names_are_renamed_where_they_are_named(tmp_path: Path) -> None:
    """Once only the heading changed, and no reader found the label's section."""
    path = built(tmp_path)
    ini = member(path, "Slidedat.ini")
    for i, name in ((2, b"NONHIERLAYER_0_Whimsley_SECT31"), (3, b"NONHIERLAYER_0_Otto_Qui_SECT31")):
        changed(ini, b"NONHIERLAYER_0_LEVEL_%d_SECTION" % i, name)
    cleaned(path, "Whimsley", "Otto_Qui")
    data = ini.read_bytes()
    for number in (b"0", b"1"):
        assert data.count(b"= " + b"X" * 29 + number + b"\r\n") == data.count(b"[" + b"X" * 29 + number + b"]") == 1


def test_more_sections_than_there_are_names_for_are_refused(tmp_path: Path) -> None:
    lines = tuple(f"HIER_{i}_SECTION = {chr(97 + i)}" for i in range(11))
    path = built(tmp_path, lines={"HIERARCHICAL": lines})
    changed(member(path, "Slidedat.ini"), b"HIER_0_SECTION = LAYER_0_SECTION", b"HIER_0_SECTION = a")
    changed(member(path, "Slidedat.ini"), b"HIER_1_SECTION = LAYER_1_SECTION", b"HIER_1_SECTION = b")
    changed(member(path, "Slidedat.ini"), b"HIER_2_SECTION = LAYER_2_SECTION", b"HIER_2_SECTION = c")
    with pytest.raises(ContradictorySlide, match="names more sections"):
        pipeline.inspect(path)


# -- data files ----------------------------------------------------------------------------


def test_words_in_place_of_a_files_number_and_in_the_padding_go(tmp_path: Path) -> None:
    path = built(tmp_path)
    file = member(path, "Data0005.dat")
    data = file.read_bytes()
    file.write_bytes(data[:37] + b"QuiWhimsley Otto" + data[53:])
    cleaned(path, "Whimsley")
    assert file.read_bytes()[37:296] == b"005" + b"0" * 256


@pytest.mark.parametrize(
    "text",
    [
        b'<?xml version="1.0" standalone="Whimsley"?><a/>',
        b'<?xml version="1.0" encoding="Whimsley"?><a/>',
        b'<scaninfo Whimsley-12345678="2" Whimsley12345=""/>',
        b'<field name="Slide Whimsley" comm="S19-12345678" unit="12.03.1961"/>',
    ],
)
def test_texts_in_odd_places_of_a_record_go(tmp_path: Path, text: bytes) -> None:
    path = built(tmp_path)
    file = member(path, "Data0007.dat")
    data = file.read_bytes()
    at = data.index(HEADER)
    file.write_bytes(data[:at] + text.ljust(90) + data[at + 90 :])
    cleaned(path, "Whimsley", "12345678", "12.03.1961")


def test_more_to_remove_than_any_scanner_writes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = built(tmp_path)
    monkeypatch.setattr(findings, "MOST", 5)
    with pytest.raises(DamagedSlide, match="more to remove"):
        pipeline.inspect(path)


def _as_png(path: Path, png: bytes) -> None:
    """Put one PNG in place of all tiles."""
    index = bytearray(member(path, "Index.dat").read_bytes())
    (table,) = struct.unpack_from("<i", index, 37)
    for level in range(2):
        file = member(path, f"Data{level:04}.dat")
        data = file.read_bytes()[:296]
        (record,) = struct.unpack_from("<i", index, table + 4 * level)
        (page,) = struct.unpack_from("<i", index, record + 4)
        while page:
            count, after = struct.unpack_from("<ii", index, page)
            for entry in range(page + 8, page + 8 + 16 * count, 16):
                struct.pack_into("<ii", index, entry + 4, len(data), len(png))
                data += png
            page = after
        file.write_bytes(data)
    member(path, "Index.dat").write_bytes(index)
    changed(member(path, "Slidedat.ini"), b"IMAGE_FORMAT = JPEG", b"IMAGE_FORMAT = PNG")


def test_texts_in_png_tiles_go_and_their_pixels_stay(tmp_path: Path) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    path, words, out = built(tmp_path), PngInfo(), io.BytesIO()
    words.add_text("Author", "Whimsley Otto")
    Image.effect_noise((64, 48), 80).convert("RGB").save(out, "PNG", pnginfo=words)
    _as_png(path, out.getvalue())
    cleaned(path, "Whimsley")
    with Image.open(io.BytesIO(out.getvalue())) as old:
        pixels = old.tobytes()
    for level in range(2):
        data = member(path, f"Data{level:04}.dat").read_bytes()[296:]
        assert len(data) % len(out.getvalue()) == 0
        for at in range(0, len(data), len(out.getvalue())):
            with Image.open(io.BytesIO(data[at : at + len(out.getvalue())])) as new:
                assert new.tobytes() == pixels


def test_a_picture_with_more_codes_than_there_can_be_is_blanked_all_the_same(tmp_path: Path) -> None:
    """Once it raised an OverflowError."""
    path = built(tmp_path)
    label = member(path, "Data0004.dat")
    data = bytearray(label.read_bytes())
    table = data.index(b"\xff\xc4") + 5
    data[table : table + 4] = b"\x04\x04\0\0"
    label.write_bytes(data)
    names = [f"s/{f.name}" for f in path.with_suffix("").iterdir()]
    slide = MemorySlide({"s.mrxs": path.read_bytes(), **{n: (tmp_path / n).read_bytes() for n in names}}, "s.mrxs")
    inspection = inspected(slide, all_formats())
    number = next(i for i, f in enumerate(inspection.files) if f.name == "Data0004.dat")
    assert any(p.file == number and p.length > 1000 for p in planned(inspection, slide.opened).patches)


def test_the_sample_has_the_records_that_are_changed_here(tmp_path: Path) -> None:
    assert "ScanDataLayer_XMLInfoHeader" in [value for _, value, _ in SINGLES]
    assert HEADER in member(built(tmp_path), "Data0007.dat").read_bytes()


@pytest.mark.parametrize("key", ["Quillfeather", "RHIuIEd1bmRvYmFkIEjDvG5uZW5icsO8Y2s"])
def test_an_unknown_key_without_a_value_goes(tmp_path: Path, key: str) -> None:
    path = built(tmp_path)
    index = member(path, "Slidedat.ini")
    clean = index.read_bytes() + b"\r\n"
    index.write_bytes(clean + f"{key}=\r\n".encode())
    cleaned(path, key)
    index.write_bytes(index.read_bytes() + f"{key}=\r\n".encode())
    assert pipeline.verify(path, KEY).content == "residue"


@pytest.mark.parametrize(
    "line",
    [
        "THORDISVOGT_ANNA =",
        "THORDISVOGT_ANNA = True",
        "THORDISVOGT = 1",
        "BARCODE_OF_THORDISVOGT =",
        "BARCODE_OF_THORDISVOGT = 17",
        "THORDISVOGT_IMAGE_TYPE =",
        "THORDISVOGT_IMAGE_TYPE = JPEG",
        "THORDISVOGT_IMAGE_WIDTH = 30",
    ],
)
@pytest.mark.parametrize("before", ["DECODED", "BARCODE_IMAGE_TYPE", "SLIDE_NAME"])
def test_a_name_in_a_key_goes_from_the_sections_of_barcodes_and_pictures(
    tmp_path: Path, line: str, before: str
) -> None:
    path = built(tmp_path)
    changed(member(path, "Slidedat.ini"), before.encode(), f"{line}\r\n{before}".encode())
    cleaned(path, "THORDISVOGT")


@pytest.mark.parametrize("project", ["SLIDE_NAME", "NONHIER_0_VAL_3", "SCANNER_SOFTWARE_VERSION", "HIER_COUNT"])
def test_a_project_that_is_called_like_a_key_is_no_residue(tmp_path: Path, project: str) -> None:
    path = built(tmp_path)
    ini = member(path, "Slidedat.ini")
    old = next(line for line in ini.read_bytes().splitlines() if line.startswith(b"PROJECT_NAME"))
    changed(ini, old, f"PROJECT_NAME = {project}".encode())
    cleaned(path)
