"""Hamamatsu VMS and VMU: sets of files, their key file, and what a key file may not say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide, SlideError
from blankslide.formats.hamamatsu.format_vms import FORMAT
from blankslide.testing.bench import contents
from blankslide.testing.built import build_hamamatsu_vms
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import has_piece
from blankslide.testing.spellings import places_of
from blankslide.verification.judges import openslide

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"cell": (128, 96), "macro_size": (160, 56)}


def looks(path: Path) -> dict[str, Any]:
    """What OpenSlide sees: properties, pixels of all levels, pictures."""
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        pixels = [slide.read_region((0, 0), i, size).tobytes() for i, size in enumerate(slide.level_dimensions)]
        pictures = {name: image.getextrema() for name, image in slide.associated_images.items()}
        return {"known": dict(slide.properties), "pixels": pixels, "pictures": pictures}


class Vms(FormatConformance):
    format = FORMAT
    suffix = ".vms"
    small: ClassVar[dict[str, Any]] = SMALL
    recipe: ClassVar[dict[str, Any]] = {}
    expected = frozenset({"picture.macro", "hamamatsu.key.reference", "hamamatsu.key.authcode"})

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_hamamatsu_vms(path, **{**self.recipe, **overrides})

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        """Everything from the scan on in all images but the macro."""
        out = []
        for number, member in enumerate(sorted(n for n in before if n != name), 1):
            if "_macro" not in member and not member.endswith(".opt"):
                at = max(0, before[member].find(b"\xff\xda"))
                out.append((number, at, len(before[member]) - at))
        return out

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        return list(complaints(before, planted, path))


def complaints(before: Mapping[str, bytes], planted: Planted, path: Path) -> Iterator[str]:
    """Hold a set against its past, as OpenSlide sees both."""
    old = path.parent / "before"
    old.mkdir()
    for name, data in before.items():
        (old / name).write_bytes(data)
    was, now = looks(old / path.name), looks(path)
    for file in [*old.iterdir()]:
        file.unlink()
    old.rmdir()
    if was["pixels"] != now["pixels"]:
        yield "OpenSlide sees other tissue"
    if was["pictures"].keys() != now["pictures"].keys():
        yield "OpenSlide lists other pictures"
    if any(low != high for picture in now["pictures"].values() for low, high in picture):
        yield "the macro shows something"
    for kept in planted.kept:
        if now["known"].get(kept.key) != was["known"].get(kept.key):
            yield f"OpenSlide sees another {kept.key}"
        if kept.key.startswith("hamamatsu.") and now["known"].get(kept.key) != kept.value:
            yield f"the answer key says otherwise of {kept.key}"
    for picture in planted.pictures:
        coded = before[picture.file].partition(b"\xff\xda")[2]
        if any(has_piece(coded, p.read_bytes()) for p in path.parent.iterdir() if p.is_file()):
            yield "a piece of the old macro is left"
    for file in path.parent.iterdir():
        for removed in planted.removed:
            if removed.value and places_of(removed.value, file.read_bytes()):
                yield f"a value of {removed.id} is left"


class TestGridWithTable(Vms):
    pass


class TestWithoutTable(Vms):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"table": False, "newline": "\n", "rows": 2}


class TestWithoutMacro(Vms):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"macro_size": None, "comment": b"operator Ottoline Quillfeather"}
    small: ClassVar[dict[str, Any]] = SMALL | {"macro_size": None}
    expected = frozenset({"hamamatsu.key.reference", "jpeg.picture-text"})


class TestUncompressed(Vms):
    whole = False
    suffix = ".vmu"
    recipe: ClassVar[dict[str, Any]] = {"kind": "vmu", "columns": 1, "cell": (256, 192)}


# -- what the key file says --------------------------------------------------------------


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.vms"
    build_hamamatsu_vms(path, **{**SMALL, **overrides})
    return path


def test_levels_and_pixel_size(tmp_path: Path) -> None:
    inspection = pipeline.inspect(built(tmp_path, columns=3, rows=2))
    assert [(v.width, v.height) for v in inspection.levels] == [(384, 192), (128, 64)]
    assert inspection.mpp == pytest.approx((0.23, 0.23))
    assert inspection.objective == 40


def test_a_macro_that_is_announced_but_absent_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = built(tmp_path, macro_size=None, keys={"MacroImage": ""})
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_the_macro_keeps_its_size_and_its_file_is_as_long_as_before(tmp_path: Path) -> None:
    from PIL import Image

    path = built(tmp_path)
    macro = tmp_path / "s_macro.jpg"
    size = macro.stat().st_size
    pipeline.anonymize_in_place(path)
    assert macro.stat().st_size == size
    with Image.open(macro) as picture:
        assert picture.size == SMALL["macro_size"]
        assert all(low == high for low, high in picture.getextrema())


def test_members_are_no_sidecars_but_annotations_are(tmp_path: Path) -> None:
    path = built(tmp_path)
    (tmp_path / "s.vms.ndpa").write_text("notes")
    assert pipeline.anonymize_in_place(path).sidecars == ("s.vms.ndpa",)


def test_comments_groups_and_keys_that_are_no_words_go(tmp_path: Path) -> None:
    path = built(tmp_path)
    more = b"# seen by Thimblewick\r\n[Quillfeather]\r\nImageFile=Mossgarden\r\nBorn 1931=Ozymandel\r\nx_17=0,5;\r\n"
    path.write_bytes(path.read_bytes() + more)
    assert pipeline.anonymize_in_place(path).content == "clean"
    data = path.read_bytes()
    for word in (b"Thimblewick", b"Quillfeather", b"Mossgarden", b"Ozymandel", b"1931"):
        assert word not in data
    assert looks(path)["pictures"].keys() == {"macro"}


def test_science_keys_with_illegal_values_go(tmp_path: Path) -> None:
    path = built(tmp_path, keys={"LayerSpacing": "Brackenholt"})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Brackenholt" not in path.read_bytes()


@pytest.mark.parametrize("recipe", [{}, TestUncompressed.recipe], ids=["vms", "vmu"])
def test_far_offsets_and_the_order_of_the_colours_stay(tmp_path: Path, recipe: dict[str, Any]) -> None:
    """A slide is 75 million nanometres long, so that offsets have eight digits; the model is told, and stays."""
    path = tmp_path / f"slide.{recipe.get('kind', 'vms')}"
    keys = {
        "XOffsetFromSlideCentre": "-26812644", "YOffsetFromSlideCentre": "10034567", "LayerOffset": "-929033",
        "FocusOffset": "120500", "FocalDepth": "17000000", "PixelOrder": "RGB",
        "HardwareModel": "C9600-12", "Creator": "NDP.scan 2.3.1",
    }  # fmt: skip
    build_hamamatsu_vms(path, **SMALL | recipe, keys=keys)
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    data = path.read_bytes()
    assert all(f"{key}={value}".encode() in data for key, value in keys.items())


OTHER_PIXELS: list[dict[str, str | None]] = [
    {"PixelOrder": "BGR"}, {"PixelOrder": "rgb"}, {"PixelOrder": None}, {"BitsPerPixel": "24"}, {"BitsPerPixel": None}
]  # fmt: skip


@pytest.mark.parametrize("keys", OTHER_PIXELS, ids=str)
def test_pixels_that_openslide_does_not_know_end_no_process(tmp_path: Path, keys: dict[str, str | None]) -> None:
    """It closes what it has not opened, and the process that asks it is ended by a signal."""
    path = tmp_path / "slide.vmu"
    build_hamamatsu_vms(path, **SMALL | TestUncompressed.recipe, keys=keys)
    before = contents(tmp_path)
    told = [sys.executable, "-m", "blankslide", "anonymize", "--in-place", str(path)]
    run = subprocess.run(
        told, capture_output=True, check=False, env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "h")}
    )
    assert (run.returncode, b"no independent reader" in run.stdout + run.stderr) == (3, True)
    assert {name: data for name, data in contents(tmp_path).items() if not name.startswith("h/")} == before
    found = pipeline.inspect(path)
    look = f"""
from pathlib import Path
from blankslide import pipeline
from blankslide.pipeline import balancing
from blankslide.verification import small
from blankslide.viewing.areas import openslide
path = Path({str(path)!r})
print(balancing._slide_look(path), small._openslide(path))
try:
    openslide.levels(path, pipeline.inspect(path))
except Exception as error:
    print(type(error).__name__)
"""
    run = subprocess.run([sys.executable, "-c", look], capture_output=True, check=False, text=True)
    assert (run.returncode, run.stdout.split()[:2]) == (0, ["None", "None"])
    assert found.levels


def test_openslide_is_asked_of_pixels_that_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "slide.vmu"
    for keys in ({}, {"BitsPerPixel": "036"}, {"PixelOrder": " RGB"}):
        build_hamamatsu_vms(path, **SMALL | TestUncompressed.recipe, keys=keys)
        assert openslide.can_read(path)
    path.write_bytes(path.read_bytes() + b"PixelOrder=BGR\r\n")
    assert not openslide.can_read(path)


def test_a_day_in_an_offsets_place_is_told_of(tmp_path: Path) -> None:
    path = built(tmp_path, keys={"XOffsetFromSlideCentre": "19510302"})
    outcome = pipeline.anonymize_in_place(path)
    assert b"19510302" not in path.read_bytes() or outcome.residue


def test_a_byte_order_mark_stays(tmp_path: Path) -> None:
    path = built(tmp_path, bom=b"\xef\xbb\xbf")
    before = pipeline.inspect(path)
    assert len(before.findings) == 7
    pipeline.anonymize_in_place(path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf[Virtual")


def test_a_reference_in_the_file_names_is_a_coincidence_and_names_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "CMU-1-40x.vms"
    build_hamamatsu_vms(path, **SMALL, keys={"Reference": "CMU-1-40x"})
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean"
    assert outcome.coincidences == ("hamamatsu.key.reference",)
    assert outcome.name == "identifying"
    assert any("names of the slide's other files" in note for note in outcome.notes)


def test_the_real_key_file_loses_no_science_key(shared: Path, tmp_path: Path) -> None:
    (real,) = (shared / "metadata" / "panimg" / "Hamamatsu-VMS").glob("*.vms")
    lines = dict(re.findall(r"^([^=\n]+)=(.*)$", real.read_text(), re.M))
    own = {k: v for k, v in lines.items() if not re.match(r"ImageFile|MapFile|MacroImage|Optimisation|NoJpeg", k)}
    path = built(tmp_path, keys=own, newline="\n")
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean"
    known = looks(path)["known"]
    for key, value in own.items():
        expected = {"AuthCode": "0" * len(value), "Reference": ""}.get(key, value)
        assert known.get(f"hamamatsu.{key}", "") == expected
    assert own["Reference"].encode() not in path.read_bytes()


# -- refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../x.jpg", "/etc/passwd", "a\\b.jpg", "..", "c:x.jpg"])
@pytest.mark.parametrize("key", ["ImageFile", "MapFile", "MacroImage", "OptimisationFile"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, key: str, name: str) -> None:
    path = built(tmp_path, keys={key: name})
    with pytest.raises(DamagedSlide):
        pipeline.inspect(path)


def test_the_macro_may_not_be_an_image_file(tmp_path: Path) -> None:
    path = built(tmp_path, keys={"MacroImage": "s.jpg"})
    with pytest.raises(ContradictorySlide, match="one file"):
        pipeline.inspect(path)


@pytest.mark.parametrize(
    "keys", [{"ImageFile(1,0)": None}, {"NoJpegRows": "2"}, {"NoJpegColumns": "0"}, {"MapFile": None}]
)
def test_a_grid_that_is_not_as_announced_is_refused(tmp_path: Path, keys: dict[str, str | None]) -> None:
    with pytest.raises(DamagedSlide):
        pipeline.inspect(built(tmp_path, keys=keys))


def test_a_missing_or_broken_image_file_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    (tmp_path / "s(1,0).jpg").write_bytes(b"nothing")
    with pytest.raises(SlideError):
        pipeline.inspect(path)
    (tmp_path / "s(1,0).jpg").unlink()
    with pytest.raises(SlideError):
        pipeline.inspect(path)


def test_two_groups_are_a_contradiction(tmp_path: Path) -> None:
    path = built(tmp_path)
    path.write_bytes(path.read_bytes() + b"[Uncompressed Virtual Microscope Specimen]\r\n")
    with pytest.raises(ContradictorySlide):
        pipeline.inspect(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
@pytest.mark.parametrize("kind", ["vms", "vmu"])
def test_an_image_file_that_ends_too_early_is_refused(tmp_path: Path, kind: str, share: float) -> None:
    path = tmp_path / f"s.{kind}"
    build_hamamatsu_vms(path, **{**SMALL, "kind": kind, "columns": 1})
    members = [p for p in tmp_path.iterdir() if p.suffix in (".jpg", ".ngr") and "_macro" not in p.name]
    assert len(members) == 2
    for member in members:
        whole = member.read_bytes()
        member.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DamagedSlide, match="ends too early"):
            pipeline.inspect(path)
        member.write_bytes(whole)
    assert pipeline.inspect(path).levels


@pytest.mark.parametrize("behind", [0, 1000, 200_000])
def test_what_stands_behind_an_image_file_does_not_make_it_a_part(tmp_path: Path, behind: int) -> None:
    path = built(tmp_path)
    image = tmp_path / "s.jpg"
    image.write_bytes(image.read_bytes() + b"\1" * behind)
    assert pipeline.inspect(path).levels


@pytest.mark.parametrize("place", ["behind", "between"])
@pytest.mark.parametrize("member", ["s.ngr", "s_map2.ngr"])
def test_what_is_no_pixel_of_an_uncompressed_image_is_told_and_stays(tmp_path: Path, member: str, place: str) -> None:
    path, text = tmp_path / "s.vmu", "Quillfeather".encode("utf-32-le")
    build_hamamatsu_vms(path, **{**SMALL, "kind": "vmu", "columns": 1})
    assert pipeline.anonymize_in_place(path).content == "clean"
    image = path.with_name(member)
    whole = image.read_bytes()
    image.write_bytes(whole + bytes(4096))
    assert pipeline.verify(path).content == "clean", "zeros say nothing"
    start = (28 + len(text)).to_bytes(4, "little")
    changed = whole + text if place == "behind" else whole[:24] + start + text + whole[28:]
    image.write_bytes(changed)
    outcome = pipeline.verify(path)
    assert outcome.content == "residue"
    assert "hamamatsu.ngr.beside" in str(outcome.residue)
    assert pipeline.anonymize_in_place(path).content == "residue"
    assert image.read_bytes() == changed, "it may be tissue"


@pytest.mark.parametrize("at", [8, 40 - 12, -1])
def test_what_is_no_place_in_a_table_of_restart_markers_is_told(tmp_path: Path, at: int) -> None:
    path, text = built(tmp_path), "Ada".encode("utf-32-le")
    assert pipeline.anonymize_in_place(path).content == "clean"
    table = path.with_suffix(".opt")
    whole = table.read_bytes()
    table.write_bytes(whole + bytes(13))
    assert pipeline.verify(path).content == "clean", "zeros say nothing"
    table.write_bytes(whole + text if at < 0 else whole[:at] + text + whole[at + len(text) :])
    outcome = pipeline.verify(path)
    assert outcome.content == "residue"
    assert "hamamatsu.opt.beside" in str(outcome.residue)
