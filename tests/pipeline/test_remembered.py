"""A run that ended NOT clean is followed by a `verify` that says the same, until something changes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.cli import main
from blankslide.pipeline import Options, anonymize_in_place, verify
from blankslide.records.opening import open_ledger
from blankslide.verification import observe as observe_module
from blankslide.verification.search import Hit, Hits, Spelled

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.verification.views import Edit, ReaderView

GONE = "OpenSlide no longer opens the slide"


@pytest.fixture
def ledger(tmp_path: Path, options: Options) -> Path:
    path = tmp_path / "l.jsonl"
    options.ledger = open_ledger(str(path))
    return path


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that lets OpenSlide give up a slide behind its edit: only the comparison tells that."""
    real = observe_module.observe

    def tear(after: int = 1) -> None:
        looks: list[int] = []

        def observe(path: Path, *edit: Edit) -> tuple[ReaderView, ...]:
            looks.append(1)
            views = real(path, *edit)
            if len(looks) <= after:
                return views
            return tuple(
                dataclasses.replace(v, reason="OpenSlideError", levels=()) if v.reader == "OpenSlide" else v
                for v in views
            )

        monkeypatch.setattr("blankslide.verification.observe.observe", observe)

    return tear


def test_what_only_a_comparison_saw_is_said_again(
    slide: Path, options: Options, ledger: Path, torn: Callable[..., None], tmp_path: Path
) -> None:
    torn()
    outcome = anonymize_in_place(slide, options)
    assert outcome.residue == (GONE,)
    for _ in range(2):
        judged = verify(slide, options)
        assert (judged.exit_code, judged.residue) == (1, (GONE,))
    again = anonymize_in_place(slide, options)
    assert (again.exit_code, again.residue, again.writes) == (1, (GONE,), 0)
    renamed = anonymize_in_place(slide, options, name="new.svs")
    assert renamed.residue == (GONE,)
    copy = shutil.copyfile(slide.with_name("new.svs"), tmp_path / "copy.svs")
    assert verify(copy, options).residue == (GONE,)


def test_a_slide_that_has_changed_since_is_judged_anew(
    slide: Path, options: Options, ledger: Path, torn: Callable[..., None], original: Path
) -> None:
    torn()
    anonymize_in_place(slide, options)
    shutil.copyfile(original, slide)
    judged = verify(slide, options)
    assert judged.exit_code == 1
    assert GONE not in judged.residue


def test_a_value_that_was_found_elsewhere_is_said_again(
    slide: Path, options: Options, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finds(source: object, tissue: object, needles: Spelled, *places: object) -> Hits:
        assert needles.cores, "nothing would be looked for"
        return Hits((Hit("aperio.description.user", "ascii", 0, 5),), (), 1)

    monkeypatch.setattr("blankslide.verification.search.search", finds)
    outcome = anonymize_in_place(slide, options)
    assert outcome.exit_code == 1
    assert set(verify(slide, options).residue) == set(outcome.residue)
    text = ledger.read_text()
    assert json.loads(text)["entry"]["told"] == [*outcome.residue]


def test_the_users_own_ledger_is_asked_by_the_command_line(
    slide: Path, torn: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def ends(*arguments: str) -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, str(slide)])
        return ended.value.code, capsys.readouterr().out

    torn()
    assert ends("anonymize", "--in-place")[0] == 1
    code, said = ends("verify")
    assert (code, f"NOT clean – 1 thing left: {GONE}" in said) == (1, True)
    assert ends("verify", "--ledger", "none")[0] == 0  # what it cannot know: docs/threat-model.md


def test_a_clean_run_leaves_nothing_to_remember(slide: Path, options: Options, ledger: Path) -> None:
    assert anonymize_in_place(slide, options).content == "clean"
    assert '"state"' not in ledger.read_text()
    size = ledger.stat().st_size
    assert verify(slide, options).content == "clean"
    assert ledger.stat().st_size == size


def test_an_unknown_key_is_no_name_in_what_is_told(options: Options, ledger: Path) -> None:
    from blankslide.model import Action, Decision, Outcome, PhiClass
    from blankslide.pipeline.digests import Known
    from blankslide.pipeline.ledger_entry import record

    decision = Decision(
        "aperio.description.Quillfeather", "Quillfeather", PhiClass.UNKNOWN, Action.REMOVE, "page 0", 1, True
    )
    outcome = Outcome("residue", decisions=(decision,), residue=("left: aperio.description.Quillfeather",))
    record(outcome, "slide.svs", options, Known("ab", "cd"))
    assert "Quillfeather" not in ledger.read_text()
    assert "left: aperio.description.unknown" in ledger.read_text()
