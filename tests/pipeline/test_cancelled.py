"""Who asks to stop is obeyed up to the commit point, and not heard behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.errors import Cancelled, SlidePending
from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, recover, verify
from blankslide.storage import journal
from blankslide.storage.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blankslide.model import Outcome


def asked(options: Options) -> list[str]:
    """Note each question whether to stop; return the list."""
    seen: list[str] = []
    options.cancelled = lambda: bool(seen.append("?"))
    return seen


def outcome_or_stop(run: Callable[[], Outcome]) -> tuple[Outcome | None, Cancelled | None]:
    try:
        return run(), None
    except Cancelled as stopped:
        return None, stopped


def test_stopping_at_any_safe_point_changes_nothing(slide: Path, options: Options) -> None:
    data = slide.read_bytes()
    for point in range(1, 9):
        seen: list[int] = []
        options.cancelled = lambda point=point, seen=seen: seen.append(1) or len(seen) == point
        outcome, error = outcome_or_stop(lambda: anonymize_in_place(slide, options))
        if error is not None:
            assert error.exit_code == 130
            assert error.sentence().endswith("nothing was changed")
            assert slide.read_bytes() == data
            assert [p.name for p in slide.parent.iterdir()] == ["slide.svs"]
            continue
        assert outcome is not None
        assert outcome.content == "clean"
        assert point > 3  # planned, read by others, and right before the commit
        return
    pytest.fail("it never ended")


def test_the_last_question_comes_right_before_the_commit(
    slide: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = asked(options)
    commit = Transaction.commit
    monkeypatch.setattr(Transaction, "commit", lambda self: (order.append("commit"), commit(self))[1])
    monkeypatch.setattr(
        "blankslide.storage.editable._check_file", lambda file: order.append("look")
    )  # the last look is before the last question
    anonymize_in_place(slide, options)
    assert order[-3:] == ["look", "?", "commit"]


def test_stopping_behind_the_commit_finishes_the_slide(slide: Path, options: Options) -> None:
    options.cancelled = lambda: journal.find(slide) is not None
    assert anonymize_in_place(slide, options).content == "clean"
    assert verify(slide, options).content == "clean"


def test_a_recovery_goes_only_forward(slide: Path, options: Options, interrupt: Callable[..., None]) -> None:
    interrupt(slide, options)
    options.cancelled = lambda: True
    assert recover(slide, options).content == "clean"
    options.cancelled = bool


def test_an_interrupt_within_the_commit_tells_the_truth(
    slide: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Transaction.commit

    def strikes_behind(self: Transaction) -> None:
        commit(self)
        raise KeyboardInterrupt

    def strikes_before(self: Transaction) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", strikes_before)
        with pytest.raises(KeyboardInterrupt):
            anonymize_in_place(slide, options)
        patch.setattr(Transaction, "commit", strikes_behind)
        with pytest.raises(SlidePending):
            anonymize_in_place(slide, options)
    assert recover(slide, options).content == "clean"


def test_a_copy_that_is_stopped_is_gone(slide: Path, options: Options, tmp_path: Path) -> None:
    for point in range(1, 20):
        seen: list[int] = []
        options.cancelled = lambda point=point, seen=seen: seen.append(1) or len(seen) == point
        _, error = outcome_or_stop(lambda: anonymize_copy(slide, tmp_path / "out", options))
        if error is not None:
            assert error.exit_code == 130
            assert not (tmp_path / "out").exists()
            continue
        assert point > 4
        return
