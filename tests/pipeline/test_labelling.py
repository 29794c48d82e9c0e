"""A new label in the old one's place: readers show it, no byte more, known when seen again, and never a telling one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import zxingcpp
from click.testing import CliRunner
from PIL import Image

from blankslide import api
from blankslide.blanks import label
from blankslide.cli import main
from blankslide.containers.tiff.directories import Tiff
from blankslide.errors import UsageError
from blankslide.formatkit.tiff_pictures import label_rooms
from blankslide.policy.pseudonyms import slide_name
from blankslide.source import MemorySource
from blankslide.testing.bench import contents
from blankslide.testing.built import aperio, builders
from blankslide.testing.own.killing import KEY, Mortal, spread
from blankslide.testing.own.label_readers import first, second
from blankslide.testing.own.new_labels import codes as label_codes

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome
    from blankslide.samples.kit.answer_key import Planted

TEXT = "{pseudonym}|STUDY-7|H&E A1"
#: Samples, one for each way in which a label or macro is stored; `scripts/trust labels` tries more, and at length.
BEARERS = (
    "aperio-classic.svs",  # LZW
    "hamamatsu-nanozoomer.ndpi",  # no label, but a macro
    "leica-scn400.scn",  # the same, in tiles with shared tables
    "philips-pages.tiff",
    "philips-base64.tiff",
    "philips-isyntax.isyntax",
    "ventana-iscan.bif",
    "mirax.mrxs",
    "dicom-wsi.dcm",
    "dicom-native.dcm",
    "zeiss-raw.czi",
    "zeiss-axioscan.czi",  # Zstandard
    "sakura.svslide",
    "qptiff-brightfield.qptiff",
)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.touch(0o600)
    path.write_bytes(KEY)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "slides"
    path.mkdir()
    return path


def run(slide: Path, key: Path, text: str | None = TEXT, **more: Any) -> Outcome:
    return api.anonymize(slide, label=text, key=key, ledger="none", in_place="out" not in more, **more)


def codes(picture: np.ndarray[Any, Any]) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(picture[..., :3]))]


def seen_by_tifffile(slide: Path) -> list[str]:
    if slide.read_bytes()[:2] not in (b"II", b"MM"):
        return []
    with tifffile.TiffFile(slide) as tiff:
        pages: list[Any] = [p for p in tiff.pages if p.size < 4 << 20 and p.dtype == np.uint8]
        return [text for page in pages for text in codes(np.atleast_3d(page.asarray()))]


def assert_no_old_byte(old: bytes, new: bytes, planted: Planted) -> None:
    """No piece of any strip of the old pictures stands anywhere."""
    strips = [strip for p in planted.pictures if p.role in ("label", "macro") and not p.file for strip in p.strips]
    for start, length in strips:
        scan = max(old[start : start + length].find(b"\xff\xda"), 0) + 14  # headers stay where they can
        pieces = (old[start + at : start + at + 24] for at in range(scan, length - 24, max(24, length // 5)))
        assert not [piece for piece in pieces if len(set(piece)) > 8 and piece in new]


@pytest.mark.parametrize("name", BEARERS)
def test_a_new_label_stands_in_the_old_place(name: str, folder: Path, key: Path) -> None:
    """Two readers that share no code show it."""
    slide = folder / name
    planted = builders()[name](slide)
    before = contents(folder)
    outcome = run(slide, key)
    assert (outcome.content, outcome.residue) == ("clean", ())
    after = contents(folder)
    assert {n: len(data) for n, data in after.items()} == {n: len(data) for n, data in before.items()}
    if name in before and not name.startswith("dicom"):
        assert_no_old_byte(before[name], after[name], planted)
    for read in (first, second):
        reader, pictures = read(slide)
        assert label_codes(pictures) == {slide_name(name, KEY)}, reader
    assert run(slide, key).writes == 0
    assert contents(folder) == after


def test_a_label_in_png_gets_one_too(folder: Path, key: Path) -> None:
    """OpenSlide shows no such record; so it is decoded where it stands."""
    slide, out = folder / "a.mrxs", io.BytesIO()
    planted = builders()["mirax.mrxs"](slide)
    Image.effect_noise((240, 260), 40).convert("1").save(out, "PNG")
    (picture,) = (p for p in planted.pictures if p.role == "label")
    (start, length), member = picture.strips[0], folder / str(picture.file)
    data = bytearray(member.read_bytes())
    data[start : start + length] = out.getvalue().ljust(length, b"\0")
    member.write_bytes(data)
    assert run(slide, key).content == "clean"
    new = member.read_bytes()
    assert len(new) == len(data)
    with Image.open(io.BytesIO(new[start : start + length])) as shown:
        assert codes(np.asarray(shown.convert("RGB"))) == [slide_name("a.mrxs", KEY)]
    assert run(slide, key).writes == 0
    assert run(slide, key, None).writes == 0


def test_later_runs_and_judges_without_the_request_know_it(folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    aperio(slide, "gt450")
    run(slide, key)
    after = slide.read_bytes()
    assert api.verify(slide, key=key, ledger="none").content == "clean"
    assert run(slide, key, None).writes == 0
    assert slide.read_bytes() == after
    assert not [f for f in api.inspect(slide).findings if f.id == "picture.label"]


def test_another_text_is_drawn_over_it(folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    aperio(slide, "gt450")
    for text in (TEXT, "STUDY-8"):
        assert run(slide, key, text).content == "clean"
    assert seen_by_tifffile(slide) == ["STUDY-8"]


@pytest.mark.parametrize(("name", "role"), [("aperio-gt450.svs", "label"), ("ventana-iscan.bif", "macro")])
def test_a_label_of_ours_goes_if_it_is_asked_to(name: str, role: str, folder: Path, key: Path) -> None:
    """Nothing else tells of it, and a run that asks for nothing leaves it; a run that asks for another one draws it."""
    slide = folder / name
    builders()[name](slide)
    run(slide, key)
    assert run(slide, key, None).writes == 0
    assert run(slide, key, remove=role).writes == 0
    assert seen_by_tifffile(slide) == [slide_name(name, KEY)]
    assert run(slide, key, None, remove=role).content == "clean"
    assert seen_by_tifffile(slide) == []
    assert run(slide, key, None, remove=role).writes == 0


def test_a_copy_gets_one_as_well(folder: Path, key: Path, tmp_path: Path) -> None:
    slide = folder / "a.svs"
    aperio(slide, "classic")
    before = slide.read_bytes()
    outcome = run(slide, key, "{name}", out=tmp_path / "out", name="STUDY-0007")
    assert (outcome.content, outcome.target) == ("clean", "STUDY-0007.svs")
    assert slide.read_bytes() == before
    assert seen_by_tifffile(tmp_path / "out" / "STUDY-0007.svs") == ["STUDY-0007"]


def test_a_renamed_slide_keeps_its_label(folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    aperio(slide, "gt450")
    run(slide, key, "{pseudonym}|{name}", name="STUDY-0007")
    slide = folder / "STUDY-0007.svs"
    assert seen_by_tifffile(slide) == [slide_name("a.svs", KEY)]
    assert run(slide, key, "{pseudonym}|{name}").writes == 0


def test_a_picture_that_was_blanked_before_gets_one_too(folder: Path, key: Path) -> None:
    slide = folder / "a.bif"
    builders()["ventana-iscan.bif"](slide)
    run(slide, key, None)
    assert seen_by_tifffile(slide) == []
    assert run(slide, key).content == "clean"
    assert seen_by_tifffile(slide) == [slide_name("a.bif", KEY)]


def test_where_it_has_no_room_the_old_one_goes_and_it_is_said(folder: Path, key: Path) -> None:
    slide = folder / "a.ndpi"
    builders()["hamamatsu-no-macro.ndpi"](slide)
    outcome = run(slide, key)
    assert outcome.content == "clean"
    assert "the slide has no picture in whose place a new label could be drawn" in outcome.notes


def test_a_batch_draws_them_too(folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    aperio(slide, "gt450")
    (outcome,) = api.anonymize_many(folder, in_place=True, label=TEXT, key=key, ledger="none", jobs=0)
    assert outcome.content == "clean"
    assert seen_by_tifffile(slide) == [slide_name("a.svs", KEY)]


# -- what is never drawn ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["S19-12345", "2024-06-03", "4711123456", "{pseudonym}|12.03.1951", "{stem}", "a{", "|", "{name}"]
)
def test_a_text_that_may_identify_or_cannot_be_printed_is_refused(text: str, folder: Path, key: Path) -> None:
    slide = folder / "Nobody Nemo.svs"
    aperio(slide, "gt450")
    before = contents(folder)
    with pytest.raises(UsageError):
        run(slide, key, text)
    assert contents(folder) == before


def test_a_value_that_is_removed_is_refused(folder: Path, key: Path) -> None:
    slide = folder / "a.svs"
    planted = aperio(slide, "classic")
    words = [p.value for p in planted.removed if p.value.isascii() and p.value.isalnum() and len(p.value) > 3]
    before = contents(folder)
    assert words
    for word in words[:3]:
        with pytest.raises(UsageError, match="holds a value that is removed"):
            run(slide, key, f"HE|{word.lower()}")
    assert contents(folder) == before


def test_a_label_with_one_dot_more_is_somebodys(folder: Path, key: Path) -> None:
    """What was drawn on after us is not explained by our mark: it goes, and a slide with it is not clean."""
    slide = folder / "a.svs"
    aperio(slide, "gt450")
    run(slide, key)
    with tifffile.TiffFile(slide) as tiff:
        page: Any = tiff.pages[-1]
        start, length = page.dataoffsets[0], page.databytecounts[0]
    data = bytearray(slide.read_bytes())
    data[start + length // 3] ^= 4
    slide.write_bytes(data)
    assert api.verify(slide, key=key, ledger="none").content == "residue"
    run(slide, key, None)
    assert seen_by_tifffile(slide) == []


def test_a_mark_does_not_excuse_a_text_that_is_never_drawn(folder: Path, key: Path) -> None:
    """Anybody can write our mark: a case's number in it is a case's number."""
    slide = folder / "a.svs"
    aperio(slide, "gt450")
    data = bytearray(slide.read_bytes())
    source = MemorySource(bytes(data))
    (room,) = label_rooms(Tiff(source).pages[-2], "label")
    for write in label.draw(room, "S19-12345", source) or []:
        data[write.start : write.start + len(write.data)] = write.data
    slide.write_bytes(data)
    assert "S19-12345" in seen_by_tifffile(slide)
    assert "picture.label" in {f.id for f in api.inspect(slide).findings}
    run(slide, key, None)
    assert seen_by_tifffile(slide) == []


# -- killed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "calls"), [("aperio-classic.svs", 3), ("mirax.mrxs", 3)])
def test_killed_at_writes_it_is_whole_or_untouched(name: str, calls: int, tmp_path: Path) -> None:
    mortal = Mortal(tmp_path, name, builders()[name], ("--label", TEXT))
    found = {mortal.killed("pwrite64", number) for number in spread(mortal.counts["pwrite64"], calls)}
    assert "pending" in found


# -- on the command line ------------------------------------------------------------------------------


def test_the_command_line_says_what_is_drawn_and_what_is_not(folder: Path, key: Path) -> None:
    aperio(folder / "a.svs", "gt450")
    builders()["hamamatsu-no-macro.ndpi"](folder / "b.ndpi")
    more = ("--label", TEXT, "--key", str(key), str(folder))
    for words in (("anonymize", "--dry-run"), ("anonymize", "--in-place", "--ledger", "none")):
        ended = CliRunner().invoke(main, [*words, *more])
        assert ended.exit_code == 0
        assert ended.output.count("the slide has no picture in whose place a new label could be drawn") == 1
        assert ended.output.count("new label  ") + ended.output.count("new label\n") == ("--dry-run" in words)
    ended = CliRunner().invoke(main, ["anonymize", "--in-place", "--label", "{who}", *more[2:]])
    assert ended.exit_code == 2
    assert "no such field on a label: {who}" in ended.output
