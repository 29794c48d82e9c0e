"""What no independent reader can judge is not overwritten; a copy of it may be made."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from blankslide.cli import main
from blankslide.errors import NotEditable
from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, verify
from blankslide.verification import observe as observe_module
from blankslide.verification.compare import NOT_INSTALLED, unjudged
from blankslide.verification.views import EMPTY, FAILS, Edit, LevelView, ReaderView

if TYPE_CHECKING:
    from pathlib import Path


def blind(reader: str = "OpenSlide", *samples: str) -> ReaderView:
    """Return the view of a reader that opens the slide and decodes this much of it."""
    return ReaderView(reader, "1", levels=(LevelView((512, 384), samples),))


@pytest.mark.parametrize(
    ("views", "said"),
    [
        ([ReaderView("OpenSlide", reason="OpenSlideError")], "could open it"),
        ([blind("OpenSlide", FAILS, EMPTY)], "could decode its tissue"),
        ([blind()], "could decode its tissue"),
        ([], "could open it"),
    ],
)
def test_a_reader_that_decodes_nothing_judges_nothing(views: list[ReaderView], said: str) -> None:
    reason = unjudged(views)
    assert reason is not None
    assert said in reason[0]
    assert reason[1] == "--out makes a copy"


def test_the_refusal_names_who_would_judge() -> None:
    reason = unjudged([ReaderView("pyisyntax", reason=NOT_INSTALLED), ReaderView("SQLite", reason="not for this")])
    assert reason is not None
    assert reason[1] == "pyisyntax would judge it: pip install 'blankslide[readers]'; --out makes a copy"
    assert unjudged([blind("OpenSlide", FAILS), blind("tifffile", FAILS, "ab")]) is None


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all readers open the slide and decode nothing."""

    def observe(path: Path, *edit: Edit) -> tuple[ReaderView, ...]:
        return tuple(
            dataclasses.replace(v, levels=tuple(level._replace(samples=(FAILS,)) for level in v.levels))
            for v in real(path, *edit)
        )

    real = observe_module.observe
    monkeypatch.setattr("blankslide.verification.observe.observe", observe)


@pytest.mark.usefixtures("nobody")
def test_such_a_slide_is_refused_in_place_and_untouched(
    slide: Path, options: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    data, then = slide.read_bytes(), slide.stat().st_mtime_ns
    with pytest.raises(NotEditable, match="could decode its tissue"):
        anonymize_in_place(slide, options, name="new.svs")
    with pytest.raises(SystemExit) as ended:
        main(["anonymize", "--in-place", str(slide)])
    assert ended.value.code == 3
    assert "nothing was changed · --out makes a copy" in capsys.readouterr().err
    assert (slide.read_bytes(), slide.stat().st_mtime_ns) == (data, then)
    assert [p.name for p in slide.parent.iterdir()] == ["slide.svs"]


@pytest.mark.usefixtures("nobody")
def test_its_copy_stays_but_is_not_called_clean(slide: Path, options: Options, tmp_path: Path) -> None:
    outcome = anonymize_copy(slide, tmp_path / "out", options)
    assert outcome.exit_code == 1
    assert outcome.residue == ("no independent reader could open it",)
    copy = tmp_path / "out" / outcome.target
    assert copy.exists()
    judged = verify(copy, options)
    assert (judged.exit_code, judged.residue) == (1, outcome.residue)


def test_a_new_name_alone_overwrites_nothing_and_needs_no_judge(
    slide: Path, options: Options, request: pytest.FixtureRequest
) -> None:
    anonymize_in_place(slide, options)
    request.getfixturevalue("nobody")
    outcome = anonymize_in_place(slide, options, name="new.svs")
    assert (outcome.exit_code, outcome.target) == (1, "new.svs")
    assert slide.with_name("new.svs").exists()
