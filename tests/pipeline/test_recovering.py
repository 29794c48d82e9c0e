"""What recovering says of itself: behind a write nothing is ever "nothing was changed"."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import blankslide
from blankslide.cli import main
from blankslide.errors import DamagedSlide, EnvironmentProblem, NotEditable, SlidePending, UsageError
from blankslide.home import load_key
from blankslide.model import FINISHED, LEFTOVER
from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, inspect, plan, recover, verify
from blankslide.pipeline.judging import NOT_KEPT
from blankslide.presentation.wording import after_line
from blankslide.storage import journal
from blankslide.storage.transaction import Transaction
from blankslide.storage.volume import DiskVolume

if TYPE_CHECKING:
    from pathlib import Path

Interrupt = Callable[..., None]


def failing(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [ValueError("Quillfeather"), MemoryError(), KeyboardInterrupt(), DamagedSlide("it ends"), EnvironmentProblem("no")],
    ids=lambda e: type(e).__name__,
)
@pytest.mark.parametrize(
    "where", ["verification.observe.observe", "pipeline.judging.inspected", "pipeline.recovering.record"]
)
def test_whatever_fails_behind_the_writes_leaves_the_slide_pending(
    slide: Path, options: Options, interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception
) -> None:
    interrupt(slide, options)
    with monkeypatch.context() as patch:
        patch.setattr(f"blankslide.{where}", failing(error))
        with pytest.raises(SlidePending) as caught:
            recover(slide, options)
    assert (caught.value.exit_code, caught.value.changed) == (5, "maybe")
    assert "nothing was changed" not in caught.value.sentence()
    assert "Quillfeather" not in caught.value.sentence()
    assert journal.find(slide) is not None
    assert recover(slide, options).content == "clean"


def test_what_fails_before_the_first_write_of_a_recovery_is_pending_too(
    slide: Path, options: Options, interrupt: Interrupt, tmp_path: Path
) -> None:
    interrupt(slide, options)
    from blankslide.records.opening import open_ledger

    options.ledger = open_ledger(str(tmp_path / "missing" / "l.jsonl"))
    with pytest.raises(SlidePending, match="ledger"):
        recover(slide, options)


@pytest.mark.parametrize("command", ["recover", "anonymize --in-place"])
def test_the_command_line_says_so(
    slide: Path,
    interrupt: Interrupt,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    interrupt(slide, Options(key=load_key()))
    monkeypatch.setattr("blankslide.verification.observe.observe", failing(RuntimeError("Quillfeather")))
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), str(slide)])
    assert ended.value.code == 5
    assert "interrupted by RuntimeError · the slide is interrupted, nothing is lost" in capsys.readouterr().err


def test_a_refusal_after_a_recovery_says_that_the_run_was_finished(
    slide: Path, options: Options, interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(slide, options)
    monkeypatch.setattr("blankslide.pipeline.looking.make_plan", failing(NotEditable("not so")))
    with pytest.raises(NotEditable) as caught:
        anonymize_in_place(slide, options)
    assert "finished first, nothing else was changed" in caught.value.sentence()
    assert verify(slide, options).content == "clean"


def test_a_run_that_has_only_to_finish_another_says_that_it_did(
    slide: Path, options: Options, interrupt: Interrupt
) -> None:
    interrupt(slide, options)
    outcome = anonymize_in_place(slide, options)
    assert (outcome.content, outcome.notes) == ("clean", (FINISHED,))
    line = after_line(slide, outcome, wrote=outcome.writes > 0)
    assert "nothing to do" not in line
    assert FINISHED in line


def test_what_was_wrong_with_a_finished_run_is_told_by_the_run_that_finished_it(
    slide: Path, options: Options, interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch
) -> None:
    options.ledger = None
    interrupt(slide, options)
    monkeypatch.setattr(Transaction, "kept_its_word", lambda *_: False)
    outcome = anonymize_in_place(slide, options)
    assert (outcome.content, outcome.residue) == ("residue", (NOT_KEPT,))


def test_a_run_with_nothing_to_do_removes_a_leftover(
    slide: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(DiskVolume, "unlink", failing(EnvironmentProblem("cannot remove a file")))
        anonymize_in_place(slide, options)
        assert anonymize_in_place(slide, options).notes == (LEFTOVER,)
    assert journal.leftover_temp(slide) is not None
    assert anonymize_in_place(slide, options).notes == ()
    assert os.listdir(slide.parent) == [slide.name]


@pytest.mark.parametrize("waits", [False, True])
def test_a_leftover_is_a_note_and_no_interruption(
    slide: Path, options: Options, interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    if waits:
        interrupt(slide, options)
    with monkeypatch.context() as patch:
        patch.setattr(DiskVolume, "unlink", failing(EnvironmentProblem("cannot remove a file")))
        outcome = (recover if waits else anonymize_in_place)(slide, options)
    assert (outcome.content, outcome.notes) == ("clean", (LEFTOVER,))
    assert LEFTOVER in after_line(slide, outcome, wrote=True)
    assert journal.leftover_temp(slide) is not None
    assert recover(slide, options).content == "untouched"
    assert os.listdir(slide.parent) == [slide.name]


def test_a_block_that_did_not_stay_is_seen_before_tissue_is_called_unchanged(
    slide: Path, options: Options, interrupt: Interrupt, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(slide, options)
    written = Transaction.write

    def spoils(self: Transaction) -> None:
        written(self)
        block = next(b for b in self.journal.blocks if b.data is not None)
        file = self._files[0]
        assert file is not None
        os.pwrite(file.fd, bytes([file.read(block.offset, 1)[0] ^ 0xFF]), block.offset + block.length - 1)

    monkeypatch.setattr(Transaction, "write", spoils)
    outcome = recover(slide, options)
    assert "the medium did not keep what was written" in outcome.residue


# -- journals without their slide --------------------------------------------------------------


def moved_to_another_inode(path: Path) -> Path:
    """Give the same name and bytes to another inode, as a copy to another disk and back does."""
    (path.with_name("held")).touch()  # so that no file system hands out the same number again
    copy = path.with_name("new")
    shutil.copy2(path, copy)
    os.replace(copy, path)
    return path


def test_a_copy_of_a_pending_slide_is_not_called_unchanged(slide: Path, options: Options, interrupt: Interrupt) -> None:
    interrupt(slide, options)
    name = str(journal.find(slide)).rpartition("/")[2]
    moved_to_another_inode(slide)
    data = slide.read_bytes()
    for look in (recover, inspect_with, plan, verify, anonymize_in_place, dry, copied):
        with pytest.raises(SlidePending, match=name):
            look(slide, options)
    assert slide.read_bytes() == data
    assert (slide.parent / name).exists()


def inspect_with(path: Path, options: Options) -> object:
    return inspect(path, key=options.key)


def dry(path: Path, options: Options) -> object:
    return anonymize_in_place(path, options, dry_run=True)


def copied(path: Path, options: Options) -> object:
    return anonymize_copy(path, path.parent / "out", options)


def test_other_slides_in_that_folder_are_not_held_up(
    slide: Path, options: Options, interrupt: Interrupt, tmp_path: Path
) -> None:
    from blankslide.testing.built import build_aperio

    interrupt(slide, options)
    other = slide.with_name("other.svs")
    build_aperio(other, size=(640, 384), factors=(1, 2, 4), macro_size=(400, 140))
    slide.rename(tmp_path / "elsewhere.svs")
    assert recover(other, options).content == "untouched"
    assert anonymize_in_place(other, options).content == "clean"
    assert verify(other, options).content == "clean"


def test_recover_names_a_journal_whose_slide_is_gone(
    slide: Path, options: Options, interrupt: Interrupt, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt(slide, options)
    name = str(journal.find(slide)).rpartition("/")[2]
    slide.rename(tmp_path / "elsewhere.svs")
    with pytest.raises(SystemExit) as ended:
        main(["recover", str(slide.parent)])
    assert ended.value.code == 5
    assert f"{name} · an interrupted run waits here for a slide that is not in this folder" in capsys.readouterr().err
    (tmp_path / "elsewhere.svs").rename(slide)
    assert recover(slide, options).content == "clean"


# -- the key -----------------------------------------------------------------------------------


def test_what_was_made_under_a_key_is_judged_under_it(
    slide: Path, interrupt: Interrupt, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "site.key"
    interrupt(slide, Options(key=load_key(key)))
    with pytest.raises(SystemExit) as ended:
        main(["recover", "--key", str(key), str(slide)])
    assert ended.value.code == 0, capsys.readouterr()
    assert "clean" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--key", str(key), str(slide)])
    assert ended.value.code == 0
    assert blankslide.verify(slide, key=key).content == "clean"
    assert blankslide.recover(slide, key=key).content == "untouched"


@pytest.mark.parametrize("verb", [blankslide.verify, blankslide.recover, blankslide.inspect])
def test_looking_makes_no_key(slide: Path, tmp_path: Path, verb: Callable[..., object]) -> None:
    with pytest.raises(UsageError, match="no such key file"):
        verb(slide, key=tmp_path / "mistyped.key")
    assert not (tmp_path / "mistyped.key").exists()
