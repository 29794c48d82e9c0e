"""Slides of several files on every way: in place and copied, renamed, named by their folder.

Real readers judge; the sets are samples of invented patients. What storage does when it is killed
is shown in ``tests/storage/test_sets.py``; here the whole run is killed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.errors import EnvironmentProblem, NotEditable, SlidePending, UsageError
from blankslide.formats import registered
from blankslide.formats.hamamatsu.format_vms import FORMAT, HamamatsuVms
from blankslide.model import Action, Finding, Inspection, Part, PhiClass, Place, Write
from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, slides_in
from blankslide.pipeline.result_names import moves
from blankslide.policy.profiles import STRICT
from blankslide.storage.copies.volume import DiskCopyVolume
from blankslide.storage.transaction import Transaction
from blankslide.testing.built import build_hamamatsu_ndpis, build_hamamatsu_vms, build_mirax
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.formatkit.protocol import Probe
    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"cell": (128, 96), "macro_size": (160, 56)}
KEY = bytes(range(32))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def looks(path: Path) -> tuple[Any, ...]:
    """What OpenSlide sees of the tissue."""
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        return tuple(
            (size, slide.read_region((0, 0), i, size).tobytes()) for i, size in enumerate(slide.level_dimensions)
        )


def check_gone(planted: Planted, folder: Path) -> None:
    for name, data in contents(folder).items():
        for removed in planted.removed:
            assert not (removed.value and places_of(removed.value, data)), (name, removed.id)


@pytest.fixture
def vms(tmp_path: Path) -> tuple[Path, Planted]:
    path = tmp_path / "archive" / "slide.vms"
    path.parent.mkdir()
    return path, build_hamamatsu_vms(path, **SMALL)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def options() -> Options:
    return Options(key=KEY)


# -- copies ------------------------------------------------------------------------------


def test_a_copy_of_a_set_is_clean_and_equals_an_edit_in_place(
    vms: tuple[Path, Planted], out: Path, options: Options
) -> None:
    path, planted = vms
    before, tissue = contents(path.parent), looks(path)
    outcome = anonymize_copy(path, out, options)
    assert (outcome.content, outcome.target, outcome.copied) == ("clean", "slide.vms", True)
    assert outcome.readers == ("OpenSlide",)
    assert outcome.tissue[0] == outcome.tissue[1] != ""
    assert contents(path.parent) == before
    assert sorted(contents(out)) == sorted(before)
    check_gone(planted, out)
    assert looks(out / "slide.vms") == tissue
    anonymize_in_place(path, options)
    assert contents(path.parent) == contents(out)


def test_an_index_and_its_images_are_copied_together(tmp_path: Path, out: Path, options: Options) -> None:
    path = tmp_path / "archive" / "s.ndpis"
    path.parent.mkdir()
    planted = build_hamamatsu_ndpis(path, size=(256, 192), factors=(1, 2), macro_size=(90, 40), map_page=False)
    assert anonymize_copy(path, out, options).content == "clean"
    assert sorted(contents(out)) == sorted(contents(path.parent))
    check_gone(planted, out)


def test_files_that_do_not_belong_are_neither_copied_nor_in_the_way(
    vms: tuple[Path, Planted], out: Path, options: Options
) -> None:
    path, _ = vms
    path.with_name("slide.xml").write_text("notes")
    path.with_name("other.txt").write_text("notes")
    outcome = anonymize_copy(path, out, options)
    assert outcome.sidecars == ("slide.xml",)
    assert not {"slide.xml", "other.txt"} & set(os.listdir(out))


def test_a_folder_that_merely_has_the_slides_name_is_no_part_of_it(
    vms: tuple[Path, Planted], out: Path, options: Options
) -> None:
    path, _ = vms
    path.with_suffix("").mkdir()
    (path.with_suffix("") / "other.txt").write_text("notes")
    outcome = anonymize_copy(path, out, options)
    assert (outcome.content, outcome.sidecars) == ("clean", ())


@pytest.mark.parametrize("member", [0, 1, -1])
def test_a_name_that_is_taken_is_refused_before_anything_is_written(
    vms: tuple[Path, Planted], out: Path, options: Options, member: int
) -> None:
    path, _ = vms
    name = sorted(os.listdir(path.parent))[member]
    out.mkdir()
    (out / name).write_bytes(b"somebody's")
    with pytest.raises(EnvironmentProblem, match="already has a file of this name"):
        anonymize_copy(path, out, options)
    assert contents(out) == {name: b"somebody's"}


def test_members_that_the_index_names_keep_their_names(vms: tuple[Path, Planted], out: Path, options: Options) -> None:
    path, _ = vms
    before = contents(path.parent)
    for run in (
        lambda: anonymize_copy(path, out, options, name="x"),
        lambda: anonymize_in_place(path, options, name="x"),
    ):
        with pytest.raises(NotEditable, match="name each other"):
            run()
    assert contents(path.parent) == before
    assert not out.exists()


def test_the_names_of_members_count(tmp_path: Path, out: Path) -> None:
    path = tmp_path / "archive" / "S19-12345.vms"
    path.parent.mkdir()
    build_hamamatsu_vms(path, **SMALL)
    main = path.rename(path.with_name("slide.vms"))
    assert pipeline.anonymize_in_place(main, dry_run=True).name == "identifying"
    outcome = anonymize_copy(main, out, Options(key=KEY, profile=STRICT))
    assert (outcome.content, outcome.name, outcome.exit_code) == ("clean", "identifying", 1)


def test_a_slide_that_waits_is_not_copied(vms: tuple[Path, Planted], out: Path, options: Options) -> None:
    path, _ = vms
    path.with_name(f".blankslide-{path.stat().st_ino}").write_bytes(b"journal")
    with pytest.raises(SlidePending):
        anonymize_copy(path, out, options)


class Flipping(DiskCopyVolume):
    """A disk that gets one byte of one file wrong."""

    wrong = b""

    def take_range(self, source: int, target: int, start: int, end: int, by: int = 0) -> int:
        done = super().take_range(source, target, start, end, by)
        at = os.pread(source, os.fstat(source).st_size, 0).find(self.wrong)
        if start <= at < end:
            os.pwrite(target, bytes((self.wrong[0] ^ 1,)), at + by)
        return done


def test_one_wrong_bit_in_a_member_and_the_copy_is_not_kept(
    vms: tuple[Path, Planted], out: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = vms
    tile = path.with_name("slide(1,0).jpg").read_bytes()
    monkeypatch.setattr(Flipping, "wrong", tile[-40:])
    monkeypatch.setattr("blankslide.storage.copies.slide_set.DiskCopyVolume", Flipping)
    outcome = anonymize_copy(path, out, options)
    assert (outcome.content, outcome.target) == ("residue", "")
    assert "the copy's tissue is not the slide's" in outcome.residue
    assert os.listdir(out) == []


def test_what_a_killed_run_let_appear_is_no_hindrance(vms: tuple[Path, Planted], out: Path, options: Options) -> None:
    path, _ = vms
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blankslide.storage.copies.slide_set.DiskCopyVolume", _DiesBeforeMain)
        patch.setattr("blankslide.storage.copies.slide_set.SetCopy.discard", lambda copy: os.close(copy._fd))
        with pytest.raises(KeyboardInterrupt):
            anonymize_copy(path, out, options)
    assert len(os.listdir(out)) > 2
    assert not (out / "slide.vms").exists()
    assert anonymize_copy(path, out, options).content == "clean"
    assert sorted(contents(out)) == sorted(contents(path.parent))


class _DiesBeforeMain(DiskCopyVolume):
    def move(self, folder: str, old: str, target: str, new: str) -> None:
        if new == "slide.vms":
            raise KeyboardInterrupt
        super().move(folder, old, target, new)


# -- a header that grows in a copy -------------------------------------------------------


class Growing(HamamatsuVms):
    """VMS whose image files get a longer comment in front of the tissue: nobody's format."""

    name, title, suffixes = "growing", "Growing", (".vms",)

    def inspect(self, probe: Probe) -> Inspection:
        found = super().inspect(probe)
        number = next(i for i, f in enumerate(found.files) if f.name == "slide(1,0).jpg")
        source = probe.files.open("slide(1,0).jpg")
        at = source.read(0, 64).find(b"\xff\xfe")
        if source.read(at + 4, 3) != b"new":
            place = Place(number, "a comment", at + 4, at + 9)
            found.findings += (
                Finding(
                    "growing.comment", "Comment", PhiClass.DIRECT, (place,), (Part(Comment(number, at), "comment"),)
                ),
            )
        found.findings = tuple(f for f in found.findings if f.id != "jpeg.picture-text")
        return found


class Comment:
    """The one comment; it can be emptied in place, and replaced by a longer one in a copy."""

    def __init__(self, file: int, at: int) -> None:
        self.file, self.at = file, at

    def writes(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        return [Write(self.file, self.at + 4, b"new  ")]

    def grown(self, parts: Sequence[tuple[str, Action]], key: bytes | None) -> Sequence[Write]:
        more = b"\xff\xfe" + (5002).to_bytes(2, "big") + bytes(5000)
        return [Write(self.file, self.at + 4, b"new  " + more, replaces=5)]


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "archive" / "slide.vms"
    path.parent.mkdir()
    build_hamamatsu_vms(path, **SMALL, table=False, comment=b"annie")
    for other in (p for p in path.parent.glob("*.jpg") if p.name != "slide(1,0).jpg"):
        other.write_bytes(other.read_bytes().replace(b"annie", b"new  "))  # the toy looks at one comment only
    monkeypatch.setattr(FORMAT, "detect", lambda probe: "the toy stands in for it")
    with registered(Growing()):
        yield path


def test_a_copy_may_be_longer_and_shows_the_same_tissue(growing: Path, out: Path, options: Options) -> None:
    tissue = looks(growing)
    outcome = anonymize_copy(growing, out, options)
    assert (outcome.content, outcome.residue) == ("clean", ())
    old, new = (folder / "slide(1,0).jpg" for folder in (growing.parent, out))
    assert new.stat().st_size == old.stat().st_size + 5004
    assert outcome.tissue[0] == outcome.tissue[1]
    assert looks(out / "slide.vms") == tissue
    assert pipeline.verify(out / "slide.vms", options).content == "clean"


def test_in_place_the_same_slide_keeps_its_lengths(growing: Path, options: Options) -> None:
    sizes = {name: len(data) for name, data in contents(growing.parent).items()}
    assert anonymize_in_place(growing, options).content == "clean"
    assert {name: len(data) for name, data in contents(growing.parent).items()} == sizes


# -- a file and its folder (MRXS) --------------------------------------------------------


@pytest.fixture
def mirax(tmp_path: Path) -> tuple[Path, Planted]:
    path = tmp_path / "archive" / "S19-12345.mrxs"
    path.parent.mkdir()
    return path, build_mirax(path)


@pytest.mark.parametrize("named", ["file", "folder"])
def test_file_and_folder_are_copied_under_one_new_name(
    mirax: tuple[Path, Planted], out: Path, options: Options, named: str
) -> None:
    path, planted = mirax
    before, tissue = contents(path.parent), looks(path)
    outcome = anonymize_copy(path if named == "file" else path.with_suffix(""), out, options, name="fresh")
    assert (outcome.content, outcome.target) == ("clean", "fresh.mrxs")
    assert outcome.name != "identifying"
    assert sorted(os.listdir(out)) == ["fresh", "fresh.mrxs"]
    assert sorted(os.listdir(out / "fresh")) == sorted(os.listdir(path.with_suffix("")))
    assert looks(out / "fresh.mrxs") == tissue
    check_gone(planted, out)
    assert contents(path.parent) == before


@pytest.mark.parametrize("named", ["file", "folder"])
def test_file_and_folder_are_renamed_together_in_place(
    mirax: tuple[Path, Planted], options: Options, named: str
) -> None:
    path, planted = mirax
    tissue = looks(path)
    outcome = anonymize_in_place(path if named == "file" else path.with_suffix(""), options, name="fresh.mrxs")
    assert (outcome.content, outcome.target) == ("clean", "fresh.mrxs")
    assert sorted(os.listdir(path.parent)) == ["fresh", "fresh.mrxs"]
    assert looks(path.with_name("fresh.mrxs")) == tissue
    check_gone(planted, path.parent)


@pytest.mark.parametrize("taken", ["fresh", "fresh.mrxs"])
def test_neither_of_the_two_names_may_be_taken(mirax: tuple[Path, Planted], options: Options, taken: str) -> None:
    path, _ = mirax
    path.with_name(taken).mkdir()
    before = contents(path.parent)
    with pytest.raises(EnvironmentProblem, match="already has the new name"):
        anonymize_in_place(path, options, name="fresh")
    assert contents(path.parent) == before


def test_a_copy_into_the_slides_own_folder_is_refused(mirax: tuple[Path, Planted], options: Options) -> None:
    path, _ = mirax
    before = contents(path.parent)
    with pytest.raises(UsageError, match="the slide itself"):
        anonymize_copy(path, path.with_suffix(""), options)
    assert contents(path.parent) == before


def test_unlisted_files_of_the_folder_are_listed_and_not_copied(
    mirax: tuple[Path, Planted], out: Path, options: Options
) -> None:
    path, _ = mirax
    (path.with_suffix("") / "notes.xml").write_text("invented notes")
    outcome = anonymize_copy(path, out, options, name="fresh")
    assert outcome.sidecars == ("S19-12345/notes.xml",)
    assert not (out / "fresh" / "notes.xml").exists()


def test_the_main_file_moves_last() -> None:
    assert list(moves(["s.mrxs", "s/a", "s/b"], ["n.mrxs", "n/a", "n/b"]).items()) == [("s", "n"), ("s.mrxs", "n.mrxs")]
    assert list(moves(["1", "2", "3"], ["n-1", "2", "n-3"]).items()) == [("3", "n-3"), ("1", "n-1")]


def _begun(path: Path, options: Options, name: str = "fresh") -> None:
    """Leave a slide that is written but has none of its new names."""

    def dies(self: Transaction) -> None:
        raise SlidePending("the power went")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "finish", dies)
        with pytest.raises(SlidePending):
            anonymize_in_place(path, options, name=name)


@pytest.mark.parametrize("through", ["file", "folder", "directory", "plain run"])
@pytest.mark.parametrize("moved", ["nothing", "folder", "both"])
def test_half_a_renaming_is_finished_through_whatever_is_still_there(
    mirax: tuple[Path, Planted], options: Options, through: str, moved: str
) -> None:
    path, planted = mirax
    _begun(path, options)
    folder = path.with_suffix("")
    if moved != "nothing":
        folder = folder.rename(path.with_name("fresh"))
    if moved == "both":
        path = path.rename(path.with_name("fresh.mrxs"))
    target = {"folder": folder, "directory": path.parent}.get(through, path)
    if through == "directory":
        strangers: list[Path] = []
        (target,) = slides_in([str(target)], strangers.append)
    run = anonymize_in_place if through == "plain run" else pipeline.recover
    assert run(target, options).content == "clean"
    home = path.parent
    assert sorted(os.listdir(home)) == ["fresh", "fresh.mrxs"]
    assert pipeline.verify(home / "fresh.mrxs", options).content == "clean"
    check_gone(planted, home)


# -- files in one folder (DICOM) ---------------------------------------------------------


@pytest.fixture
def dicom(shared: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    for path in (shared / "dicom" / "CMU-1-Small-Region").glob("*.dcm"):
        shutil.copyfile(path, folder / path.name)
    return folder


@pytest.mark.parametrize("moved", [0, 1, 3])
def test_half_of_the_numbered_names_is_finished(dicom: Path, options: Options, moved: int) -> None:
    tissue = looks(min(dicom.iterdir()))
    first, *others = sorted(dicom.iterdir())
    _begun(dicom, options, "0new")  # sorts in front of the main file's old name
    for number, path in enumerate(others[:moved], 2):
        path.rename(dicom / f"0new-{number}.dcm")
    assert {pipeline.main_file(p) for p in (dicom, *dicom.glob("*.dcm"))} == {first}
    assert pipeline.recover(dicom, options).content == "clean"
    assert sorted(os.listdir(dicom)) == [f"0new-{i}.dcm" for i in (1, 2, 3, 4)]
    assert looks(dicom / "0new-1.dcm") == tissue


def test_a_copy_of_a_series_appears_in_one_step(dicom: Path, out: Path, options: Options) -> None:
    tissue, before = looks(min(dicom.iterdir())), contents(dicom)
    outcome = anonymize_copy(max(dicom.iterdir()), out, options, name="fresh")
    assert (outcome.content, outcome.target) == ("clean", "fresh")
    assert os.listdir(out) == ["fresh"]
    assert looks(out / "fresh" / "fresh-1.dcm") == tissue
    assert contents(dicom) == before
