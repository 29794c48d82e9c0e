"""Copies as the pipeline makes them: planned on the slide, judged, recorded, named, or not kept."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide import api, pipeline
from blankslide.errors import (
    Cancelled,
    EnvironmentProblem,
    NoSpace,
    SlideChanged,
    SlideLocked,
    SlidePending,
    UsageError,
)
from blankslide.model import PSEUDONYM
from blankslide.pipeline import Options, anonymize_copy
from blankslide.policy.profiles import RESEARCH, STRICT, Profile
from blankslide.records.ledger import Ledger
from blankslide.storage.copies.volume import DiskCopyVolume
from blankslide.storage.lock import hold
from blankslide.storage.slide_files import open_slide
from blankslide.testing.judge import judge

if TYPE_CHECKING:
    from pathlib import Path

    from copies.conftest import Slide


def check_nothing_left(slide: Slide, out: Path) -> None:
    assert not out.exists() or os.listdir(out) == []
    assert slide.is_untouched()
    assert os.listdir(slide.path.parent) == ["slide.svs"]


def test_a_copy_is_clean_in_the_judges_eyes_and_the_slide_is_untouched(
    slide: Slide, out: Path, options: Options
) -> None:
    state = slide.path.stat()
    outcome = anonymize_copy(slide.path, out, options)
    assert (outcome.content, outcome.target, outcome.exit_code) == ("clean", "slide.svs", 0)
    assert outcome.readers == ("OpenSlide", "tifffile")
    assert judge(slide.before, out / "slide.svs") == []
    assert os.listdir(out) == ["slide.svs"]
    assert slide.is_untouched()
    assert slide.path.stat().st_mtime_ns == state.st_mtime_ns


def test_a_copy_equals_an_edit_in_place(slide: Slide, out: Path, options: Options) -> None:
    anonymize_copy(slide.path, out, options)
    pipeline.anonymize_in_place(slide.path, options)
    assert (out / "slide.svs").read_bytes() == slide.path.read_bytes()


def test_the_medium_is_never_called_overwritten(slide: Slide, out: Path, options: Options) -> None:
    assert anonymize_copy(slide.path, out, options).medium in ("relocated", "shared", "unknown")


def test_on_another_disk_the_old_blocks_are_elsewhere(
    slide: Slide, options: Options, mounted: Callable[..., Path]
) -> None:
    disk = mounted("tmpfs", 8)
    assert anonymize_copy(slide.path, disk, options).medium == "relocated"
    assert judge(slide.before, disk / "slide.svs") == []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mebibytes"), [("btrfs", 120), ("xfs", 320)])
def test_where_the_disk_clones_the_copy_shares_only_what_stays(
    slide: Slide, options: Options, mounted: Callable[..., Path], kind: str, mebibytes: int
) -> None:
    disk = mounted(kind, mebibytes)
    source = disk / "slide.svs"
    source.write_bytes(slide.before.data)
    os.sync()
    outcome = anonymize_copy(source, disk / "out", options)
    assert (outcome.content, outcome.medium) == ("clean", "shared")
    assert judge(slide.before, disk / "out" / "slide.svs") == []


def test_all_tissue_is_digested_before_and_after(slide: Slide, out: Path, options: Options) -> None:
    before, after = anonymize_copy(slide.path, out, options).tissue
    assert len(before) == 64
    assert before == after
    again = anonymize_copy(out / "slide.svs", out / "again", options)
    assert again.tissue == (before, after)


class Flipping(DiskCopyVolume):
    """A disk that gets one byte wrong."""

    at = 0

    def take_range(self, source: int, target: int, start: int, end: int) -> int:
        done = super().take_range(source, target, start, end)
        if start <= self.at < end:
            os.pwrite(target, bytes((os.pread(source, 1, self.at)[0] ^ 1,)), self.at)
        return done


@pytest.mark.parametrize("what", ["tissue", "kept value"])
def test_a_copy_with_one_wrong_bit_is_not_kept(
    slide: Slide, out: Path, options: Options, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    start, end = pipeline.inspect(slide.path).maps[0].tissue()[0]
    width = slide.before.data.index(b"StripeWidth = ") + 14
    at, words = {
        "tissue": ((start + end) // 2, "the copy's tissue is not the slide's"),
        "kept value": (width, "the copy lacks bytes that were to stay"),
    }[what]
    monkeypatch.setattr(Flipping, "at", at)
    monkeypatch.setattr("blankslide.storage.copies.file.DiskCopyVolume", Flipping)
    outcome = anonymize_copy(slide.path, out, options)
    assert (outcome.content, outcome.target, outcome.exit_code) == ("residue", "", 1)
    assert words in outcome.residue
    check_nothing_left(slide, out)


def test_folders_that_cannot_be_made_durable_go_again(
    slide: Slide, out: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr("blankslide.home.sync_folder", fail)
    with pytest.raises(EnvironmentProblem, match="cannot make the target folder"):
        anonymize_copy(slide.path, out / "new" / "folders", options)
    assert not (out / "new").exists()


def test_an_unfinished_copy_that_cannot_be_removed_is_told_of(
    slide: Slide, out: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(DiskCopyVolume):
        def sync(self, fd: int) -> None:
            raise EnvironmentProblem("cannot make the bytes durable")

        def unlink(self, folder: str, name: str) -> None:
            raise EnvironmentProblem("cannot remove a file")

    monkeypatch.setattr("blankslide.storage.copies.file.DiskCopyVolume", Stuck)
    with pytest.raises(EnvironmentProblem, match="durable") as caught:
        anonymize_copy(slide.path, out, options)
    assert "an unfinished copy is left, and the next run removes it" in caught.value.sentence()
    monkeypatch.undo()
    assert anonymize_copy(slide.path, out, options).content == "clean"
    assert len(os.listdir(out)) == 1


# -- names -------------------------------------------------------------------------------


def renamed(slide: Slide, name: str) -> Path:
    path = slide.path.with_name(name)
    slide.path.rename(path)
    return path


@pytest.mark.parametrize("profile", [RESEARCH, STRICT])
def test_a_copy_gets_a_pseudonym_if_the_name_identifies(
    slide: Slide, out: Path, options: Options, profile: Profile
) -> None:
    path = renamed(slide, "S19-12345.svs")
    options.profile = profile
    outcome = anonymize_copy(path, out, options)
    assert (outcome.name, outcome.exit_code) == ("plain", 0)
    assert outcome.target.startswith("slide-")
    assert outcome.target.endswith(".svs")
    assert PSEUDONYM in outcome.notes
    assert os.listdir(out) == [outcome.target]
    assert pipeline.verify(out / outcome.target, options).name == "plain"


def test_a_name_that_says_nothing_and_one_that_was_chosen_stay(slide: Slide, out: Path, options: Options) -> None:
    assert anonymize_copy(slide.path, out, options).target == slide.path.name
    path = renamed(slide, "S19-12345.svs")
    outcome = anonymize_copy(path, out, options, name="S19-12345")
    assert (outcome.target, outcome.name, outcome.notes) == ("S19-12345.svs", "identifying", ())


def test_without_a_key_there_is_no_pseudonym(slide: Slide, out: Path) -> None:
    path = renamed(slide, "S19-12345.svs")
    with pytest.raises(UsageError, match="without a key"):
        anonymize_copy(path, out, Options(profile=STRICT))
    outcome = anonymize_copy(path, out, Options(profile=STRICT), name="fresh")
    assert outcome.target == "fresh.svs"


@pytest.mark.parametrize(
    ("name", "target"),
    [("new", "new.svs"), ("new.svs", "new.svs"), ("New.SVS", "New.SVS"), ("a.b", "a.b.svs"), ("x.tif", "x.tif")],
)
def test_a_chosen_name_gets_a_missing_suffix(slide: Slide, out: Path, options: Options, name: str, target: str) -> None:
    assert anonymize_copy(slide.path, out, options, name=name).target == target
    assert os.listdir(out) == [target]


@pytest.mark.parametrize(
    "name",
    ["a/b", "../x", "..", "", ".hidden", "a\nb", "\u202egnp.svs", ".blankslide-1", "a\\b", "C:x", "n" * 300],
)
def test_a_name_that_is_no_plain_file_name_is_refused(slide: Slide, out: Path, options: Options, name: str) -> None:
    with pytest.raises(UsageError):
        anonymize_copy(slide.path, out, options, name=name)
    check_nothing_left(slide, out)


def test_the_verdict_is_about_the_new_name(slide: Slide, out: Path, options: Options) -> None:
    assert anonymize_copy(slide.path, out, options, name="S19-12345").name == "identifying"
    assert anonymize_copy(slide.path, out, options, name="slide 7").name == "plain"


# -- refusals ----------------------------------------------------------------------------


def test_a_taken_name_is_refused_and_stays_as_it_is(slide: Slide, out: Path, options: Options) -> None:
    out.mkdir()
    (out / "slide.svs").write_bytes(b"somebody's")
    for dry_run in (True, False):
        with pytest.raises(EnvironmentProblem, match="already has a file"):
            anonymize_copy(slide.path, out, options, dry_run=dry_run)
    assert (out / "slide.svs").read_bytes() == b"somebody's"
    assert os.listdir(out) == ["slide.svs"]


def test_the_slides_own_folder_is_a_taken_name(slide: Slide, options: Options) -> None:
    with pytest.raises(EnvironmentProblem, match="already has a file"):
        anonymize_copy(slide.path, slide.path.parent, options)
    assert anonymize_copy(slide.path, slide.path.parent, options, name="other").content == "clean"


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_the_slide_itself_is_no_folder(slide: Slide, options: Options, inside: str) -> None:
    with pytest.raises(UsageError, match="names the slide itself"):
        anonymize_copy(slide.path, slide.path / inside, options)
    assert slide.is_untouched()


def test_a_pending_slide_is_refused(slide: Slide, out: Path, options: Options) -> None:
    (slide.path.parent / f".blankslide-{slide.path.stat().st_ino}").write_bytes(b"a journal")
    with pytest.raises(SlidePending):
        anonymize_copy(slide.path, out, options)
    assert not out.exists()


def test_a_locked_slide_is_refused(slide: Slide, out: Path, options: Options) -> None:
    with open_slide(slide.path) as held, hold(held), pytest.raises(SlideLocked):
        anonymize_copy(slide.path, out, options)
    check_nothing_left(slide, out)


def test_hard_links_and_read_only_slides_can_be_copied(slide: Slide, out: Path, options: Options) -> None:
    slide.path.chmod(0o444)
    os.link(slide.path, slide.path.with_name("second.svs"))
    assert anonymize_copy(slide.path, out, options).content == "clean"
    assert os.access(out / "slide.svs", os.W_OK)
    assert (out / "slide.svs").stat().st_nlink == 1


def test_a_dry_run_makes_nothing(slide: Slide, out: Path, options: Options) -> None:
    outcome = anonymize_copy(slide.path, out, options, dry_run=True)
    assert (outcome.content, outcome.target, outcome.copied) == ("untouched", "slide.svs", True)
    assert not out.exists()


def test_a_full_disk_leaves_nothing(slide: Slide, options: Options, mounted: Callable[..., Path]) -> None:
    disk = mounted("tmpfs", 1)
    (disk / "other").write_bytes(bytes((1 << 20) - len(slide.before.data) // 2))
    with pytest.raises(NoSpace):
        anonymize_copy(slide.path, disk / "out", options)
    assert os.listdir(disk) == ["other"]


def test_a_disk_that_fills_up_while_copying_leaves_nothing(
    slide: Slide, options: Options, mounted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mounted("tmpfs", 1)
    (disk / "other").write_bytes(bytes((1 << 20) - 40_000))
    monkeypatch.setattr("blankslide.storage.copies.file._check_room", lambda *_: None)
    with pytest.raises(NoSpace):
        anonymize_copy(slide.path, disk / "new" / "out", options)
    assert os.listdir(disk) == ["other"]


def test_a_ledger_that_cannot_be_written_stops_the_run_early(
    slide: Slide, out: Path, options: Options, tmp_path: Path
) -> None:
    options.ledger = Ledger(tmp_path / "missing" / "ledger.jsonl")
    with pytest.raises(EnvironmentProblem):
        anonymize_copy(slide.path, out, options)
    check_nothing_left(slide, out)


def test_cancelling_while_bytes_flow_leaves_nothing(slide: Slide, out: Path, options: Options) -> None:
    flowing = []
    options.progress = lambda stage, part: flowing.append(stage)
    options.cancelled = lambda: "copy" in flowing
    with pytest.raises(Cancelled):
        anonymize_copy(slide.path, out, options)
    check_nothing_left(slide, out)


def test_a_slide_that_changes_meanwhile_is_refused(slide: Slide, out: Path, options: Options) -> None:
    def touch(stage: str, part: float) -> None:
        if stage == "copy":
            os.utime(slide.path, (5, 5))

    options.progress = touch
    with pytest.raises(SlideChanged):
        anonymize_copy(slide.path, out, options)
    check_nothing_left(slide, out)


# -- what is kept, recorded and said -----------------------------------------------------


def test_keeping_the_macro_is_not_clean_in_either_mode(slide: Slide, out: Path, options: Options) -> None:
    options.keep = ("macro",)
    copied = anonymize_copy(slide.path, out, options)
    in_place = pipeline.anonymize_in_place(slide.path, options)
    for outcome in (copied, in_place):
        assert (outcome.content, outcome.exit_code) == ("residue", 1)
        assert outcome.residue == ("kept: macro shows the label",)
    assert os.listdir(out) == ["slide.svs"]


def test_the_ledger_gets_one_entry_that_says_copy(slide: Slide, out: Path, options: Options, tmp_path: Path) -> None:
    options.ledger = Ledger(tmp_path / "ledger.jsonl")
    outcome = anonymize_copy(slide.path, out, options)
    (line,) = (tmp_path / "ledger.jsonl").read_text().splitlines()
    entry = json.loads(line)["entry"]
    assert outcome.ledger_sequence == 1
    assert (entry["mode"], entry["content"], entry["transaction"]) == ("copy", "clean", outcome.transaction)
    assert entry["output"] == "slide.svs", "a plain name, by which the copy is found"
    assert str(tmp_path) not in line


def test_a_clean_slide_is_copied_too(slide: Slide, out: Path, options: Options) -> None:
    anonymize_copy(slide.path, out, options)
    second = anonymize_copy(out / "slide.svs", out / "second", options)
    assert second.content == "clean"
    assert (out / "second" / "slide.svs").read_bytes() == (out / "slide.svs").read_bytes()


def test_the_api_wants_one_mode(slide: Slide, out: Path) -> None:
    with pytest.raises(UsageError):
        api.anonymize(slide.path)
    with pytest.raises(UsageError):
        api.anonymize(slide.path, in_place=True, out=out)
    assert api.anonymize(slide.path, out=out, name="n", ledger="none").target == "n.svs"


def test_no_name_of_a_file_is_in_the_outcomes_repr(slide: Slide, out: Path, options: Options) -> None:
    path = renamed(slide, "S19-12345.svs")
    path.with_name("S19-12345.xml").touch()
    assert "S19" not in repr(anonymize_copy(path, out, options))
